"""What is changed about a source holds for the very next question, by the real answerer."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from db.models import ChunkRow
from leanrag.bootstrap import Services
from leanrag.errors import Conflict, InvalidInput, NotFound
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.record_files import RECORDS_MEDIA_TYPE
from leanrag.passage_edits import PassageChange, passage_version
from leanrag.response_cache import ResponseCache
from leanrag.source_changes import SourceChange
from leanrag.sources import ChunkView, SourceView
from leanrag.types import TurnEnded
from tests.product_parts import (
    DELIVERY,
    RETURNS,
    add_text,
    ask,
    ended,
    new_tenant,
    rows,
    with_steps,
)

QUESTION = "How long does delivery take in Istanbul?"
QUOTED = "three working days"


@pytest.fixture
def tenant_id(services: Services) -> UUID:
    return new_tenant(services.database)


@pytest.fixture
def source(services: Services, tenant_id: UUID) -> SourceView:
    text = f"# Delivery\n\n{DELIVERY}\n\n# Returns\n\n{RETURNS}\n"
    return add_text(services.ingest, tenant_id, text, name="rules.md")


def answer(services: Services, tenant_id: UUID, question: str = QUESTION) -> TurnEnded:
    """Ask with a cache of answers: a change must be seen through it."""
    return ended(ask(with_steps(services, cache=ResponseCache(900)), tenant_id, question))


def change(services: Services, tenant_id: UUID, source: SourceView, **wanted: Any) -> SourceView:
    made = SourceChange(**wanted)
    return services.source_changes.change(tenant_id, source.source_id, made)


def chunks(services: Services, tenant_id: UUID, source: SourceView) -> tuple[ChunkView, ...]:
    return services.sources.chunks(tenant_id, source.source_id)


def edit(services: Services, tenant_id: UUID, seen: ChunkView, **wanted: Any) -> ChunkView:
    return services.passage_edits.edit(
        tenant_id, seen.chunk_id, PassageChange(**wanted), expected=passage_version(seen)
    )


def test_a_disabled_source_is_not_found_by_the_next_question(
    services: Services, tenant_id: UUID, source: SourceView
):
    assert QUOTED in answer(services, tenant_id).text
    assert not change(services, tenant_id, source, enabled=False).enabled
    off = answer(services, tenant_id)
    assert QUOTED not in off.text
    assert not off.citations
    change(services, tenant_id, source, enabled=True)
    assert QUOTED in answer(services, tenant_id).text


def test_a_learn_only_source_is_no_longer_quoted_or_cited(
    services: Services, tenant_id: UUID, source: SourceView
):
    assert answer(services, tenant_id).citations
    change(services, tenant_id, source, is_citable=False)
    assert not any(chunk.is_citable for chunk in chunks(services, tenant_id, source))
    learned = answer(services, tenant_id)
    assert QUOTED not in learned.text
    assert not learned.citations
    change(services, tenant_id, source, is_citable=True)
    assert answer(services, tenant_id).citations


def test_an_edited_passage_answers_the_next_question_in_its_new_words(
    services: Services, tenant_id: UUID, source: SourceView
):
    assert QUOTED in answer(services, tenant_id).text
    seen = chunks(services, tenant_id, source)[0]
    seen = edit(services, tenant_id, seen, text=DELIVERY.replace("three", "eleven"))
    said = answer(services, tenant_id)
    assert "eleven working days" in said.text
    assert QUOTED not in said.text
    edit(services, tenant_id, seen, is_citable=False)
    assert "eleven" not in answer(services, tenant_id).text
    assert seen.edit_id is not None
    services.passage_edits.revert(tenant_id, seen.edit_id)
    assert QUOTED in answer(services, tenant_id).text
    edit(services, tenant_id, chunks(services, tenant_id, source)[0], enabled=False)
    assert "working days" not in answer(services, tenant_id).text


def test_citability_is_inherited_except_where_a_person_set_it(
    services: Services, tenant_id: UUID, source: SourceView
):
    first, second = chunks(services, tenant_id, source)
    edit(services, tenant_id, second, text=f"{RETURNS} Really.")
    change(services, tenant_id, source, is_citable=False)
    edit(services, tenant_id, chunks(services, tenant_id, source)[0], is_citable=True)
    change(services, tenant_id, source, is_citable=True)
    edit(services, tenant_id, chunks(services, tenant_id, source)[1], is_citable=False)
    for is_citable in (False, True):
        change(services, tenant_id, source, is_citable=is_citable)
        for _ in range(2):
            now = [chunk.is_citable for chunk in chunks(services, tenant_id, source)]
            assert now == [True, False]
            services.ingest.process(tenant_id, source.source_id)
    assert first.is_citable


def test_the_kind_goes_to_the_passages_and_the_title_stays(
    services: Services, tenant_id: UUID, source: SourceView
):
    changed = change(
        services, tenant_id, source, kind="manual", title="  House   rules ", tags=("b", "a", "b")
    )
    assert (changed.kind, changed.title, changed.tags) == ("manual", "House rules", ("b", "a"))
    assert {row.chunk_type for row in rows(services, tenant_id, ChunkRow)} == {"manual"}
    assert answer(services, tenant_id).citations[0].title == "House rules"
    services.ingest.process(tenant_id, source.source_id)
    again = services.sources.get(tenant_id, source.source_id)
    assert (again.title, again.kind, again.tags) == ("House rules", "manual", ("b", "a"))
    assert change(services, tenant_id, source, tags=()).tags == ()


def test_another_title_leaves_edits_in_force_without_a_review(
    services: Services, tenant_id: UUID, source: SourceView
):
    edit(services, tenant_id, chunks(services, tenant_id, source)[0], text="Delivery is free.")
    change(services, tenant_id, source, title="House rules")
    for _ in range(2):
        services.ingest.process(tenant_id, source.source_id)
        first = chunks(services, tenant_id, source)[0]
        assert (first.title, first.text) == ("House rules", "Delivery is free.")
        assert services.passage_edits.count_reviews(tenant_id) == 0


def test_a_source_is_given_to_one_bot_and_to_every_bot(
    services: Services, tenant_id: UUID, source: SourceView
):
    bot = services.bots.find(tenant_id)
    assert change(services, tenant_id, source, bot_id=bot.bot_id).bot_id == bot.bot_id
    assert change(services, tenant_id, source, title="Rules").bot_id == bot.bot_id
    assert change(services, tenant_id, source, bot_id="every").bot_id is None
    with pytest.raises(NotFound, match="no bot"):
        change(services, tenant_id, source, bot_id=uuid4())


def test_a_list_of_records_keeps_its_kind(services: Services, tenant_id: UUID):
    data = b"language,question,answer\r\nen,Is there parking?,Behind the house.\r\n"
    source = services.ingest.add(
        tenant_id,
        Upload("faq.csv", data, "faq", media_type=RECORDS_MEDIA_TYPE, form="records"),
    )
    assert change(services, tenant_id, source, kind="faq", title="Questions").title == "Questions"
    with pytest.raises(Conflict, match="keeps its kind"):
        change(services, tenant_id, source, kind="product")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"title": " "}, "A title has"),
        ({"title": "a" * 201}, "A title has"),
        ({"tags": tuple(str(n) for n in range(21))}, "at most 20 tags"),
        ({"kind": "novel"}, "no kind of source"),
    ],
)
def test_a_wrong_change_changes_nothing(
    services: Services, tenant_id: UUID, source: SourceView, wanted: dict[str, Any], words: str
):
    before = services.sources.get(tenant_id, source.source_id)
    with pytest.raises(InvalidInput, match=words):
        change(services, tenant_id, source, enabled=False, **wanted)
    assert services.sources.get(tenant_id, source.source_id) == before


def test_another_tenants_source_is_not_found(
    services: Services, tenant_id: UUID, source: SourceView
):
    with pytest.raises(NotFound):
        change(services, new_tenant(services.database), source, enabled=False)
    assert services.sources.get(tenant_id, source.source_id).enabled
