"""What is done on a page is its visitor's own act: in the log, and beside what was changed."""

from __future__ import annotations

from typing import Any

from leanrag.audit import AuditEventView, AuditFilter
from tests.signed_in_pages import Console, Shop, email_of

MANAGER = email_of("manager")


def latest(shop: Shop, **wanted: str) -> AuditEventView:
    return shop.services.audit.find(shop.tenant_id, AuditFilter(**wanted)).events[0]  # type: ignore[arg-type]


def test_a_change_on_a_page_is_in_the_log_as_the_persons_with_the_address(
    shop: Shop, console: Console
) -> None:
    source_id = shop.sources["file"]
    seen = console.visit("documents", shop.cookie(MANAGER), query={"source": str(source_id)})
    seen.browser.toggle(key=f"documents_enabled_{source_id}").set_value(False).run()
    event = latest(shop, object_kind="source", object_id=str(source_id))
    manager = shop.services.access.people.find(MANAGER)
    assert manager is not None
    assert (event.actor_kind, event.actor_id) == ("person", str(manager.person_id))
    assert (event.actor_name, event.ip, event.action) == (MANAGER, "127.0.0.1", "changed")
    assert (event.before, event.after) == ({"enabled": True}, {"enabled": False})
    seen.browser.button(key="documents_undo").click().run()
    assert latest(shop, object_id=str(source_id)).after == {"enabled": True}


def test_what_a_visitor_adds_and_approves_says_who_it_was(shop: Shop, console: Console) -> None:
    cookie = shop.cookie(MANAGER)
    seen = console.visit("documents", cookie, state={"documents_form": "manual"})
    (box,) = [area for area in seen.browser.text_area if "manual_text" in str(area.key)]
    box.set_value("Parcels leave at noon.").run()
    seen.browser.button(key="documents_manual_save").click().run()
    assert not seen.browser.exception
    added = shop.services.sources.list(shop.tenant_id)[0]
    assert (added.form, added.added_by) == ("manual", MANAGER)

    seen = console.visit("documents", cookie, query={"suggestions": "1"})
    seen.browser.button(key=f"documents_approve_{shop.pair}").click().run()
    (pair,) = shop.services.suggestions.list(shop.tenant_id, state="approved")
    assert pair.decided_by == MANAGER
    event = latest(shop, object_kind="suggested_pair")
    assert (event.actor_name, event.ip) == (MANAGER, "127.0.0.1")


def test_tuning_that_is_saved_on_the_page_carries_the_visitors_name(
    shop: Shop, console: Console
) -> None:
    seen = console.visit("tuning", shop.cookie(MANAGER))
    grid = next(str(e.key) for e in seen.browser.data_editor if "keyword_grid" in str(e.key))
    row: dict[str, Any] = {
        "keyword": "zanzibar tariff",
        "intent": "pricing",
        "language": "en",
        "weight": 3,
        "enabled": True,
    }
    edits = {"edited_rows": {}, "added_rows": [row], "deleted_rows": []}
    seen.browser.session_state[grid] = edits
    seen.browser.run()
    seen.browser.button(key="tuning_save").click().run()
    assert not seen.browser.exception
    stamp = shop.services.bot_versions.list(shop.tenant_id)[0]
    assert stamp.edited_by == MANAGER
    event = latest(shop, object_kind="keyword")
    assert (event.actor_name, event.action) == (MANAGER, "created")


def test_a_conversation_that_is_deleted_on_the_page_says_by_whom(
    shop: Shop, console: Console
) -> None:
    operator = email_of("operator")
    query = {"conversation": str(shop.conversation)}
    seen = console.visit("chat", shop.cookie(operator), query=query)
    seen.browser.button(key="chat_delete_confirm").click().run()
    assert not seen.browser.exception
    event = latest(shop, object_kind="conversation")
    assert (event.action, event.object_id) == ("deleted", str(shop.conversation))
    assert (event.actor_kind, event.actor_name) == ("person", operator)
