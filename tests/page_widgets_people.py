"""Every widget of the pages about people and tenants, and the action that its use takes."""

from __future__ import annotations

from leanrag.permitted_calls import ANYONE, INSTALLATION
from tests.page_widgets import READS, UNNAMED, Use

MEMBERS: Use = "members.write"
API_KEYS: Use = "keys.write"
EXPORT: Use = "tenant.export"

WIDGETS: dict[str, dict[str, Use]] = {
    "_account_export.py": {
        "account_export_discard": EXPORT,
        "account_export_download": EXPORT,
        "account_export_make": EXPORT,
        "account_export_stop": EXPORT,
    },
    "_account_sign_ins.py": {
        "account_end_*": ANYONE,
        "account_end_others": ANYONE,
        "account_end_others_no": ANYONE,
        "account_end_others_yes": ANYONE,
        "account_page": READS,
        "account_sign_out": ANYONE,
    },
    "_account_tenants.py": {"tenants_open_*_*": ANYONE},
    "_audit_event.py": {"audit_all_*": READS},
    "_audit_export.py": {"audit_export": "audit.read"},
    "_audit_filter.py": {
        "audit_clear": READS,
        "{_key('words')}": READS,
        "{_key(name)}": READS,
    },
    "_audit_list.py": {
        "audit_line_*": READS,
        "audit_newer": READS,
        "audit_newest": READS,
        "audit_object_*": READS,
        "audit_older": READS,
        "audit_together": READS,
        "audit_who_*": READS,
    },
    "_keys_list.py": {
        "keys_page_*": READS,
        "keys_revoke_*": API_KEYS,
        "keys_revoke_no": API_KEYS,
        "keys_revoke_yes": API_KEYS,
        "keys_shown": READS,
    },
    "_keys_make.py": {
        "keys_days": API_KEYS,
        "keys_done": API_KEYS,
        "keys_make": API_KEYS,
        "keys_make_yes": API_KEYS,
        "keys_name": API_KEYS,
        "{_box(scope)}": API_KEYS,
    },
    "_members_add.py": {
        "members_add": MEMBERS,
        "members_add_yes": MEMBERS,
        "members_email": MEMBERS,
        "members_name": MEMBERS,
        "{key}": MEMBERS,
    },
    "_members_change.py": {"*_no": MEMBERS, "*_yes": MEMBERS},
    "_members_leave.py": {
        "members_leave": ANYONE,
        "members_leave_no": ANYONE,
        "members_leave_yes": ANYONE,
    },
    "_members_list.py": {
        "members_change_*": MEMBERS,
        "members_page_*": READS,
        "members_remove_*": MEMBERS,
    },
    "_tenants_create.py": {
        UNNAMED: INSTALLATION,
        "tenants_new": INSTALLATION,
        "tenants_new_name": INSTALLATION,
        "tenants_new_owner": INSTALLATION,
        "tenants_new_slug": INSTALLATION,
    },
    "_tenants_delete.py": {"tenants_delete_*": "tenant.delete"},  # owners do it too, on their page
    "_tenants_list.py": {"tenants_page": READS},
    "_tenants_suspend.py": {
        UNNAMED: INSTALLATION,
        "tenants_reason": INSTALLATION,
        "tenants_resume_*": INSTALLATION,
        "tenants_suspend_*": INSTALLATION,
    },
}
KEYS: dict[tuple[str, str], tuple[str, ...]] = {
    ("_audit_filter.py", "{_key('words')}"): ("audit_filter_words",),
    ("_audit_filter.py", "{_key(name)}"): ("audit_filter_*",),
    ("_keys_make.py", "{_box(scope)}"): ("keys_scope_*",),
    ("_members_add.py", "{key}"): ("members_role_*", "members_role"),
    ("_members_change.py", "*_no"): ("members_change_no", "members_remove_no"),
    ("_members_change.py", "*_yes"): ("members_change_yes", "members_remove_yes"),
    ("_tenants_create.py", UNNAMED): ("FormSubmitter:tenants_new*",),
    ("_tenants_suspend.py", UNNAMED): ("FormSubmitter:tenants_suspend*",),
}
