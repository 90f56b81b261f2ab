"""What the list of bots counts."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

from sqlalchemy import event

from db.models import Conversation
from leanrag.bootstrap import Services
from tests.product_parts import add_text, new_tenant


def statements(services: Services, tenant_id: UUID) -> int:
    """Return how many statements the list takes."""
    sent: list[str] = []
    engine, thread = services.database.engine, threading.get_ident()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if threading.get_ident() == thread:
            sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        services.bot_summaries.list(tenant_id)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(sent)


def test_a_bot_is_listed_with_its_version_its_draft_and_what_is_its_own(
    services: Services,
) -> None:
    tenant_id = new_tenant(services.database)
    sales = services.bots.create(tenant_id, "sales", "Sales")
    add_text(services.ingest, tenant_id, "Everybody may read this.")
    add_text(services.ingest, tenant_id, "Sales give ten percent.", bot_id=sales.bot_id)
    with services.database.tenant(tenant_id) as session:
        for number in range(3):
            session.add(
                Conversation(tenant_id=tenant_id, bot_id=sales.bot_id, title=f"Talk {number}")
            )
    versions = services.bot_versions
    content = versions.get(tenant_id, "sales").content
    versions.save_draft(tenant_id, "sales", content, edit=0, based_on=1, edited_by="Sara")

    first, second = services.bot_summaries.list(tenant_id)
    assert (first.slug, first.prompt_version) == ("assistant", 1)
    assert (first.conversations, first.own_sources, first.draft_saved_at) == (0, 0, None)
    assert (second.bot_id, second.name, second.prompt_version) == (sales.bot_id, "Sales", 1)
    assert (second.conversations, second.own_sources, second.draft_by) == (3, 1, "Sara")
    assert second.draft_saved_at is not None
    assert second.published_at is not None
    versions.discard_draft(tenant_id, "sales", edit=1)
    assert services.bot_summaries.list(tenant_id)[1].draft_saved_at is None


def test_a_list_of_many_bots_takes_as_many_statements_as_one_of_few(
    services: Services,
) -> None:
    tenant_id = new_tenant(services.database)
    few = statements(services, tenant_id)
    for number in range(20):
        services.bots.create(tenant_id, f"bot-{number}", f"Bot {number}")
    assert statements(services, tenant_id) == few
    assert len(services.bot_summaries.list(tenant_id)) == 21
