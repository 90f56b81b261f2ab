"""The retrieval test shows what a turn would find and carry, one question or many at a time."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from db.models import EmbeddingCache, Message, UsageEvent
from leanrag.bootstrap import Services
from leanrag.embedding_models import EmbeddingModels
from leanrag.errors import EmbeddingUnavailable, EmptyQuestion, InvalidInput, NotFound
from leanrag.retrieval_questions import MAX_QUESTIONS, RetrievalQuestion
from leanrag.retrieval_rows import RetrievalRow, summarise, table_csv
from leanrag.retrieval_test import RetrievalTest
from leanrag.retrieval_vectors import RetrievalVectors
from tests.product_parts import CountingEmbedder, add_text, new_tenant, rows, use_model

DELIVERY = "Parcels for Istanbul take three working days and cost 95 lira."
KETTLE = "The Nar kettle holds 1.2 litres and takes three minutes to boil in Istanbul."
SECRET = "Istanbul couriers are paid 20 lira for a parcel, which nobody may know."
QUESTION = "How many days do parcels to Istanbul take?"


@pytest.fixture(scope="module")
def tenant_id(services: Services) -> UUID:
    tenant_id = new_tenant(services.database)
    add_text(services.ingest, tenant_id, DELIVERY, name="delivery.txt", kind="faq")
    add_text(services.ingest, tenant_id, KETTLE, name="kettle.txt", kind="product")
    add_text(services.ingest, tenant_id, SECRET, name="secret.txt", is_citable=False)
    return tenant_id


@pytest.fixture
def trial(services: Services) -> RetrievalTest:
    return services.retrieval_test


def with_embedder(services: Services, embedder: Any) -> RetrievalTest:
    vectors = RetrievalVectors(services.database, EmbeddingModels(embedder))
    return RetrievalTest(services.database, services.answerer._steps, vectors, least_chance=0.5)


def test_a_look_is_the_prompt_of_the_turn(
    services: Services, trial: RetrievalTest, tenant_id: UUID
) -> None:
    look = trial.look(tenant_id, QUESTION)
    preview = services.previews.preview(tenant_id, QUESTION)
    assert look.prompt == preview.prompt
    assert look.route == preview.route
    assert look.widened == preview.widened


def test_every_passage_has_its_rank_with_and_without_the_route(
    services: Services, trial: RetrievalTest, tenant_id: UUID
) -> None:
    look = trial.look(tenant_id, QUESTION)
    assert [found.rank for found in look.passages] == [1, 2, 3]
    assert sorted(found.plain_rank for found in look.passages) == [1, 2, 3]
    searched = services.previews.search(tenant_id, QUESTION).passages
    without = [found.decision.passage.passage_id for found in look.without_route()]
    assert without == [passage.passage_id for passage in searched]
    chances = [found.plain_probability for found in look.without_route()]
    assert chances == pytest.approx([passage.probability for passage in searched])


def test_the_route_raises_the_chance_of_its_own_sources(
    trial: RetrievalTest, tenant_id: UUID
) -> None:
    look = trial.look(tenant_id, QUESTION)
    routed = [f for f in look.passages if f.decision.passage.kind in look.route.primary.kinds]
    others = [f for f in look.passages if f not in routed]
    assert routed
    assert others
    assert all(f.decision.passage.probability > f.plain_probability for f in routed)
    assert all(f.decision.passage.probability < f.plain_probability for f in others)


def test_learn_only_passages_are_shown_as_such(trial: RetrievalTest, tenant_id: UUID) -> None:
    look = trial.look(tenant_id, "What are couriers in Istanbul paid for a parcel?")
    secret = next(f for f in look.passages if f.decision.passage.text == SECRET)
    assert not secret.decision.passage.is_citable
    assert secret.decision.marker is None


def test_a_greeting_is_said_to_be_answered_by_a_fixed_text(
    trial: RetrievalTest, tenant_id: UUID
) -> None:
    assert trial.look(tenant_id, "Hello!").is_fixed
    assert not trial.look(tenant_id, QUESTION).is_fixed


@pytest.mark.parametrize("question", ["", "?!", "\u202e"])
def test_a_question_without_words_is_refused(
    trial: RetrievalTest, tenant_id: UUID, question: str
) -> None:
    with pytest.raises(EmptyQuestion):
        trial.look(tenant_id, question)


def test_an_unknown_bot_is_not_found(trial: RetrievalTest, tenant_id: UUID) -> None:
    with pytest.raises(NotFound):
        trial.look(tenant_id, QUESTION, bot="nobody")
    with pytest.raises(NotFound):
        list(trial.run(tenant_id, [RetrievalQuestion(QUESTION)], bot=uuid4()))


def test_many_questions_say_which_right_passage_was_found_and_where(
    trial: RetrievalTest, tenant_id: UUID
) -> None:
    found = run(
        trial,
        tenant_id,
        RetrievalQuestion(QUESTION, "three working days"),
        RetrievalQuestion(QUESTION, "forty days"),
        RetrievalQuestion(QUESTION, source="kettle"),
        RetrievalQuestion(QUESTION),
    )
    assert [row.number for row in found] == [1, 2, 3, 4]
    assert [row.is_hit for row in found] == [True, False, True, None]
    assert found[0].rank == 1
    assert found[0].in_prompt
    assert found[1].rank is None
    assert (found[2].rank or 0) > 1
    assert all(row.prompt_tokens > 0 and row.found == 3 for row in found)


def test_a_row_is_what_a_single_look_says(trial: RetrievalTest, tenant_id: UUID) -> None:
    (row,) = run(trial, tenant_id, RetrievalQuestion(QUESTION))
    look = trial.look(tenant_id, QUESTION)
    assert row.prompt_tokens == look.prompt.total_tokens
    assert row.chance == look.answerability.chance
    assert row.best == look.passages[0]
    assert row.kept + row.trimmed + row.dropped == row.found == len(look.passages)


def test_one_bad_question_does_not_stop_the_others(trial: RetrievalTest, tenant_id: UUID) -> None:
    found = run(
        trial,
        tenant_id,
        RetrievalQuestion("?"),
        RetrievalQuestion("long " * 3000),
        RetrievalQuestion(QUESTION),
    )
    assert [bool(row.error) for row in found] == [True, True, False]
    assert all(row.error.endswith(".") for row in found[:2])


def test_a_test_goes_on_where_it_was_stopped(trial: RetrievalTest, tenant_id: UUID) -> None:
    questions = [RetrievalQuestion(f"{QUESTION} {n}") for n in range(20)]
    first = []
    for row in trial.run(tenant_id, questions):
        first.append(row)
        if len(first) == 7:
            break
    rest = list(trial.run(tenant_id, questions, first=8))
    assert [row.number for row in (*first, *rest)] == list(range(1, 21))


def test_nothing_is_stored(services: Services, trial: RetrievalTest, tenant_id: UUID) -> None:
    trial.look(tenant_id, QUESTION)
    run(trial, tenant_id, RetrievalQuestion(QUESTION))
    for model in (Message, UsageEvent):
        assert rows(services, tenant_id, model) == []


def test_more_questions_than_the_limit_are_refused(trial: RetrievalTest, tenant_id: UUID) -> None:
    with pytest.raises(InvalidInput):
        trial.run(tenant_id, [RetrievalQuestion("x")] * (MAX_QUESTIONS + 1))


def test_questions_are_embedded_together_and_only_once(services: Services) -> None:
    tenant_id, embedder = new_tenant(services.database), CountingEmbedder()
    trial = with_embedder(services, embedder)
    use_model(services.database, tenant_id, embedder.model)
    questions = [RetrievalQuestion(f"{QUESTION} {n % 10}") for n in range(30)]
    list(trial.run(tenant_id, questions))
    assert len(embedder.asked) == 10
    list(trial.run(tenant_id, questions))
    assert len(embedder.asked) == 10
    bills = [r for r in rows(services, tenant_id, UsageEvent) if r.kind == "embedding"]
    assert sum(bill.prompt_tokens for bill in bills) == 100
    cached = [r for r in rows(services, tenant_id, EmbeddingCache) if r.model == embedder.model]
    assert len(cached) == 10


def test_an_embedder_that_is_away_leaves_the_search_by_words(services: Services) -> None:
    class Away(CountingEmbedder):
        def embed(self, texts: Any) -> Any:
            raise EmbeddingUnavailable("The provider is away; try again.")

    tenant_id = new_tenant(services.database)
    add_text(services.ingest, tenant_id, DELIVERY)
    use_model(services.database, tenant_id, Away().model)
    found = run(with_embedder(services, Away()), tenant_id, RetrievalQuestion(QUESTION, "95"))
    assert [row.is_hit for row in found] == [True]


def test_the_summary_gives_recall_at_every_rank(trial: RetrievalTest, tenant_id: UUID) -> None:
    (row,) = run(trial, tenant_id, RetrievalQuestion(QUESTION, "three working days"))
    table = [
        replace(row, rank=rank, in_prompt=rank is not None and rank < 5) for rank in (1, 2, 6, None)
    ]
    failed = RetrievalRow(9, RetrievalQuestion("?", "x"), error="No.")
    summary = summarise([*table, failed])
    assert (summary.questions, summary.failed, summary.expecting) == (5, 1, 4)
    assert dict(summary.recall) == {1: 0.25, 3: 0.5, 5: 0.5, 10: 0.75, 20: 0.75}
    assert summary.in_prompt == 0.5
    assert summary.mean_prompt_tokens == row.prompt_tokens
    assert summarise([]).mean_prompt_tokens == 0


def test_the_table_is_a_csv_file_in_which_no_cell_is_a_formula(
    trial: RetrievalTest, tenant_id: UUID
) -> None:
    asked = RetrievalQuestion("=HYPERLINK(1) parcels to Istanbul", "+days", "@source")
    found = [*run(trial, tenant_id, asked), RetrievalRow(2, RetrievalQuestion("?"), error="No.")]
    text = table_csv(found, {"question": "پرسش"}).decode("utf-8-sig")
    header, first, second = csv.reader(io.StringIO(text))
    assert header[:3] == ["number", "پرسش", "expected"]
    assert first[1] == "'=HYPERLINK(1) parcels to Istanbul"
    assert first[2:4] == ["'+days", "'@source"]
    assert second[-1] == "No."
    assert len(header) == len(first) == len(second)


def run(trial: RetrievalTest, tenant_id: UUID, *questions: RetrievalQuestion) -> list[RetrievalRow]:
    return list(trial.run(tenant_id, questions))
