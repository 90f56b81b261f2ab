"""Which action of the role table each call of a page asks for: the pages' only way to a service.

A call that is not in the list cannot be made from a page at all. `ANYONE` may do what concerns the
caller alone or what every page needs; `INSTALLATION` is for administrators of the installation.
"""

from __future__ import annotations

from typing import Literal

from leanrag.permissions import Action

ANYONE: Literal["anyone"] = "anyone"
INSTALLATION: Literal["installation"] = "installation"
Needed = Action | Literal["anyone", "installation"]

PERMITTED: dict[str, Needed] = {
    # What every page shows: whose console it is.
    "tenants.get": ANYONE,
    "bots.find": ANYONE,
    "bots.list": ANYONE,
    # Chat
    "answerer.answer": "ask",
    "conversations.get": "conversations.read",
    "conversations.list": "conversations.read",
    "conversations.messages": "conversations.read",
    "conversations.delete": "conversations.write",
    # Knowledge
    "sources.chunk": "knowledge.read",
    "sources.chunks": "knowledge.read",
    "sources.count": "knowledge.read",
    "sources.file": "knowledge.read",
    "sources.get": "knowledge.read",
    "sources.list": "knowledge.read",
    "sources.neighbours": "knowledge.read",
    "sources.savings": "knowledge.read",
    "sources.status_counts": "knowledge.read",
    "sources.tags": "knowledge.read",
    "sources.delete": "knowledge.write",
    "source_changes.change": "knowledge.write",
    "ingest.accept": "knowledge.write",
    "ingest.cancel": "knowledge.write",
    "ingest.preview": "knowledge.write",
    "ingest.replace_file": "knowledge.write",
    "ingest.reprocess": "knowledge.write",
    "websites.page_counts": "knowledge.read",
    "websites.pages": "knowledge.read",
    "websites.add": "knowledge.write",
    "websites.recrawl": "knowledge.write",
    "suggestions.count": "knowledge.read",
    "suggestions.list": "knowledge.read",
    "suggestions.approve": "knowledge.write",
    "suggestions.edit_and_approve": "knowledge.write",
    "suggestions.reject": "knowledge.write",
    "embedding_switches.status": "knowledge.read",
    "embedding_switches.start": "knowledge.write",
    # Passages and the retrieval test
    "passage_browser.find": "knowledge.read",
    "passage_browser.place": "knowledge.read",
    "passage_edits.count_reviews": "knowledge.read",
    "passage_edits.reviews": "knowledge.read",
    "passage_edits.edit": "knowledge.write",
    "passage_edits.revert": "knowledge.write",
    "passage_edits.settle": "knowledge.write",
    "retrieval_test.look": "knowledge.read",
    "retrieval_test.run": "knowledge.read",
    # Bots, and what they say
    "bot_summaries.list": "tuning.read",
    "bots.create": "bots.write",
    "bots.rename": "bots.write",
    "bots.delete": "bots.write",
    "bot_versions.list": "tuning.read",
    "bot_versions.get": "tuning.read",
    "bot_versions.open_draft": "tuning.read",
    "bot_versions.save_draft": "bots.write",
    "bot_versions.discard_draft": "bots.write",
    "bot_versions.publish": "bots.write",
    "bot_versions.rollback": "bots.write",
    "previews.system_size": "tuning.read",
    # Tuning and usage
    "tuning.load": "tuning.read",
    "tuning.save": "tuning.write",
    "tuning.reset": "tuning.write",
    "previews.preview": "tuning.read",
    "usage.report": "usage.read",
    "usage.events": "usage.read",
    "usage.prompt_alerts": "usage.read",
    # People: who may give which role, `members` checks itself; everybody may leave.
    "access.members.list": "members.read",
    "access.members.add": "members.write",
    "access.members.change_role": "members.write",
    "access.members.remove": ANYONE,
    "access.members.tenants_of": ANYONE,
    "access.sessions.list": ANYONE,
    "access.sessions.revoke": ANYONE,
    "access.sessions.revoke_others": ANYONE,
    "access.sessions.choose_tenant": ANYONE,
    "access.keys.list": "keys.write",
    "access.keys.make": "keys.write",
    "access.keys.revoke": "keys.write",
    # The log, and the tenant itself
    "audit.find": "audit.read",
    "audit.kinds": "audit.read",
    "audit.export": "audit.read",
    "audit.record": ANYONE,
    "tenant_export.write": "tenant.export",
    "tenant_removal.remove": "tenant.delete",
    "tenants.list": INSTALLATION,
    "tenants.create": INSTALLATION,
    "tenants.suspend": INSTALLATION,
    "tenants.resume": INSTALLATION,
    "access.members.ensure_owner": INSTALLATION,
}
# Owners do this with their own tenant, and administrators of the installation with any.
BY_ADMINISTRATORS_TOO = frozenset({"tenant_removal.remove"})
