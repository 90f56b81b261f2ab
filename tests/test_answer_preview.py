"""Previews and the retrieval test: what a turn would do, with nothing stored."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from db.models import Message, UsageEvent
from leanrag.bootstrap import Services
from leanrag.errors import (
    EmptyQuestion,
    NotFound,
)
from leanrag.router import KeywordRule
from tests.product_parts import DELIVERY, RETURNS, add_text, ask, ended, new_tenant, rows

QUESTION = "How long does delivery take in Istanbul?"


@pytest.fixture
def tenant_id(services: Services) -> UUID:
    tenant_id = new_tenant(services.database)
    add_text(services.ingest, tenant_id, DELIVERY, name="delivery.txt")
    add_text(services.ingest, tenant_id, RETURNS, name="returns.txt")
    return tenant_id


def test_a_preview_is_the_prompt_of_the_turn_and_stores_nothing(
    services: Services, tenant_id: UUID
):
    preview = services.previews.preview(tenant_id, QUESTION)
    assert rows(services, tenant_id, Message) == rows(services, tenant_id, UsageEvent) == []
    end = ended(ask(services.answerer, tenant_id, QUESTION))
    ledger = services.conversations.message(tenant_id, end.message_id).ledger
    assert ledger is not None
    assert preview.prompt == ledger.prompt
    assert preview.route == ledger.route
    assert preview.counterfactual_tokens == ledger.counterfactual.total_tokens


def test_a_preview_of_a_draft_routes_by_it_before_it_is_saved(services: Services, tenant_id: UUID):
    draft = services.tuning.load(tenant_id)
    rule = KeywordRule("contact", "en", "istanbul", 3)
    tried = services.previews.preview(
        tenant_id, QUESTION, draft=replace(draft, keywords=(*draft.keywords, rule))
    )
    assert rule.keyword in [match.keyword for match in tried.route.matched]
    assert rule.keyword not in [
        match.keyword for match in services.previews.preview(tenant_id, QUESTION).route.matched
    ]


def test_the_retrieval_test_shows_the_best_passages(services: Services, tenant_id: UUID):
    result = services.previews.search(tenant_id, QUESTION, limit=1)
    assert [passage.text for passage in result.passages] == [DELIVERY]
    assert result.route.language == "en"
    with pytest.raises(EmptyQuestion):
        services.previews.search(tenant_id, "?!")
    with pytest.raises(NotFound):
        services.previews.search(tenant_id, QUESTION, bot="nobody")
