"""Every widget that several pages share, and the action that its use takes on each of them."""

from __future__ import annotations

from tests.page_widgets import BY_KEY, READS, UNNAMED, Use

WIDGETS: dict[str, dict[str, Use]] = {
    "_delete_by_name.py": {UNNAMED: BY_KEY, "*_typed": BY_KEY},
    "_search.py": {"{key}": READS},
}
KEYS: dict[tuple[str, str], tuple[str, ...]] = {
    ("_search.py", "{key}"): ("bots_find", "members_find", "tenants_find"),
}

# What the use takes of those that take another thing on each page, by the key that is drawn.
USES: dict[str, Use] = {
    "bots_typed": "bots.write",
    "FormSubmitter:bots_delete*": "bots.write",
    "tenants_typed": "tenant.delete",  # a tenant's owners do it too, on their own page
    "FormSubmitter:tenants_delete*": "tenant.delete",
}
