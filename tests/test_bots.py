"""What a deleted bot leaves behind: what it cost, and nothing else."""

from __future__ import annotations

import pytest
from sqlalchemy import text

import leanrag.bots
from leanrag.bootstrap import Services
from tests.product_parts import DELIVERY, add_text, ask, new_tenant


def test_a_source_that_came_while_its_bot_was_deleted_goes_too(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, tenant_id = services.database, new_tenant(services.database)
    sales = services.bots.create(tenant_id, "sales", "Sales")
    add_text(services.ingest, tenant_id, DELIVERY)
    look, looks = leanrag.bots._own_sources, 0

    def add_one_after_the_first_look(*given: object, **named: object) -> object:
        nonlocal looks
        looks += 1
        found = look(*given, **named)  # type: ignore[arg-type]
        if looks == 1:
            add_text(services.ingest, tenant_id, "Ten percent for all.", bot_id=sales.bot_id)
        return found

    monkeypatch.setattr(leanrag.bots, "_own_sources", add_one_after_the_first_look)
    services.bots.delete(tenant_id, "sales", confirmed="sales")
    assert looks == 2
    with database.tenant(tenant_id) as session:
        counted = session.scalar(text("SELECT passage_count FROM lexical_statistics"))
        assert counted == session.scalar(text("SELECT count(*) FROM chunks")) == 1
        assert session.scalar(text("SELECT count(*) FROM sources")) == 1


def test_what_a_deleted_bot_cost_stays_with_the_tenant(services: Services) -> None:
    database, tenant_id = services.database, new_tenant(services.database)
    sales = services.bots.create(tenant_id, "sales", "Sales")
    add_text(services.ingest, tenant_id, DELIVERY)
    ask(services.answerer, tenant_id, "How long does delivery take?", bot="sales")
    spent = text("SELECT bot_id, prompt_tokens FROM usage_events WHERE message_id IS NOT NULL")
    with database.tenant(tenant_id) as session:
        [(bot_id, tokens)] = session.execute(spent).all()
    assert (bot_id, tokens > 0) == (sales.bot_id, True)
    services.bots.delete(tenant_id, "sales", confirmed="sales")
    with database.tenant(tenant_id) as session:
        assert session.execute(spent).all() == [(None, tokens)]
        assert session.scalar(text("SELECT count(*) FROM messages")) == 0
    assert services.usage.report(tenant_id).totals.prompt_tokens == tokens
