"""A draft tried on the questions that were really asked: nothing stored, no model called."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import InternalError

from db.models import BotVersionRow, EmbeddingCache, IntentKeyword, Message, UsageEvent
from leanrag.bootstrap import Services
from leanrag.budget import BudgetLimits, TokenBudgetController
from leanrag.draft_router import as_saved
from leanrag.embedding_models import EmbeddingModels
from leanrag.errors import InvalidInput, NotFound
from leanrag.question_vectors import QuestionVectorReader
from leanrag.recent_questions import forbid_writing
from leanrag.replay import FailedTurn, ReplayedTurn
from leanrag.router import KeywordRule
from leanrag.tuning import TuningDraft
from leanrag.what_if import WhatIf, WhatIfReport
from tests.product_parts import CountingEmbedder, add_text, ask, new_tenant, rows, use_model

DELIVERY = "Parcels for Istanbul take three working days and cost 95 lira."
KETTLE = "The Nar kettle holds 1.2 litres and takes three minutes to boil in Istanbul."
QUESTION = "How many days to Istanbul?"
OTHER = "What is the Nar kettle?"
ISTANBUL = KeywordRule("product", "en", "istanbul", 3)
CONTACT = KeywordRule("contact", "en", "istanbul", 3)


@pytest.fixture
def tenant_id(services: Services) -> UUID:
    """A tenant with two sources, of which one question asks; nothing more was said."""
    tenant_id = new_tenant(services.database)
    add_text(services.ingest, tenant_id, DELIVERY, name="delivery.txt", kind="faq")
    add_text(services.ingest, tenant_id, KETTLE, name="kettle.txt", kind="product")
    return tenant_id


@pytest.fixture
def what_if(services: Services) -> WhatIf:
    return engine(services)


def engine(services: Services, limits: BudgetLimits | None = None) -> WhatIf:
    """The engine on the services' own steps, or with a budget of other limits."""
    steps = services.answerer._steps
    if limits is not None:
        steps = replace(steps, budget=TokenBudgetController(steps.counter, limits))
    return WhatIf(
        services.database,
        steps,
        limits=limits or BudgetLimits(),
        vectors=QuestionVectorReader(
            EmbeddingModels(CountingEmbedder(), uses_dense=lambda _model: False)
        ),
        make_router=steps.routers.make,
    )


def with_rule(services: Services, tenant_id: UUID, *rules: KeywordRule) -> TuningDraft:
    draft = services.tuning.load(tenant_id)
    return replace(draft, keywords=(*draft.keywords, *rules))


def only(report: WhatIfReport):
    (question,) = report.questions
    return question


def test_what_is_in_force_changes_nothing(services: Services, what_if: WhatIf, tenant_id: UUID):
    ask(services.answerer, tenant_id, QUESTION)
    question = only(what_if.replay(tenant_id, services.tuning.load(tenant_id)))
    assert question.before == question.after
    assert not question.changes_intent
    assert not question.changes_shares
    assert not question.changes_prompt
    assert question.gained == question.lost == question.resized == ()


def test_a_replay_is_what_a_preview_shows_before_and_after(
    services: Services, what_if: WhatIf, tenant_id: UUID
):
    for question in (QUESTION, OTHER):
        ask(services.answerer, tenant_id, question)
    draft = with_rule(services, tenant_id, ISTANBUL)
    report = what_if.replay(tenant_id, draft)
    assert [one.question.text for one in report.questions] == [OTHER, QUESTION]
    for one in report.questions:
        for turn, tried in ((one.before, None), (one.after, as_saved(draft))):
            shown = services.previews.preview(tenant_id, one.question.text, draft=tried)
            assert isinstance(turn, ReplayedTurn)
            assert (turn.route, turn.prompt, turn.widened) == (
                shown.route,
                shown.prompt,
                shown.widened,
            )


def test_another_intent_moves_passages_and_says_why(services: Services):
    tenant_id = new_tenant(services.database)
    tray = "Istanbul is a round copper tray with two handles, made by hand from one sheet of metal."
    place = "Istanbul is the town where our shop stands, near the ferry that leaves every hour."
    add_text(services.ingest, tenant_id, tray, name="tray.txt", kind="product")
    add_text(services.ingest, tenant_id, place, name="place.txt", kind="faq")
    ask(services.answerer, tenant_id, "What is Istanbul?")
    services.tuning.save(tenant_id, with_rule(services, tenant_id, CONTACT))
    draft = services.tuning.load(tenant_id)
    keywords = [rule for rule in draft.keywords if rule != CONTACT]
    small = engine(services, BudgetLimits(max_prompt_tokens=155, max_question_tokens=20))
    question = only(small.replay(tenant_id, replace(draft, keywords=(*keywords, ISTANBUL))))
    assert question.before.route.intent == "contact"
    assert question.after.route.intent == "product"
    assert question.changes_intent
    assert question.changes_shares
    assert isinstance(question.before, ReplayedTurn)
    assert isinstance(question.after, ReplayedTurn)
    kept_before = {d.passage.passage_id for d in question.before.prompt.carried()}
    kept_after = {d.passage.passage_id for d in question.after.prompt.carried()}
    assert {p.passage_id for p in question.gained} == kept_after - kept_before
    assert {p.passage_id for p in question.lost} == kept_before - kept_after
    assert [passage.source_title for passage in question.gained] == ["tray"]
    assert [passage.source_title for passage in question.lost] == ["place"]
    for passage in (*question.gained, *question.lost):
        assert passage.tokens > 0
        assert passage.source_title
        assert passage.reason


def test_a_question_that_no_longer_fits_is_reported_and_the_others_go_on(
    services: Services, what_if: WhatIf, tenant_id: UUID
):
    long = "How many days to Istanbul, " + "or to the other places that I named, " * 20
    for question in (long, QUESTION):
        ask(services.answerer, tenant_id, question)
    draft = services.tuning.load(tenant_id)
    report = what_if.replay(
        tenant_id, draft, limits=replace(BudgetLimits(), max_question_tokens=40)
    )
    short, refused = report.questions
    assert isinstance(short.after, ReplayedTurn)
    assert isinstance(refused.before, ReplayedTurn)
    assert isinstance(refused.after, FailedTurn)
    assert "may take 40" in refused.after.message
    assert refused.changes_prompt


def test_a_smaller_prompt_is_kept_to_and_shown_by_section(
    services: Services, what_if: WhatIf, tenant_id: UUID
):
    ask(services.answerer, tenant_id, OTHER)
    limits = replace(BudgetLimits(), max_prompt_tokens=140, max_question_tokens=20)
    question = only(what_if.replay(tenant_id, services.tuning.load(tenant_id), limits=limits))
    assert isinstance(question.before, ReplayedTurn)
    assert isinstance(question.after, ReplayedTurn)
    assert question.before.prompt.total_tokens > 140 >= question.after.prompt.total_tokens
    sections = [section.section for section in question.after.prompt.sections]
    assert sections == ["system", "question", "conversation", "primary", "secondary"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"max_prompt_tokens": 1600}, "max_prompt_tokens is 1600; it may be 0 to 1,500"),
        ({"max_question_tokens": -1}, "max_question_tokens is -1"),
        ({"max_system_tokens": 3}, "leave no room for the rules"),
    ],
)
def test_limits_that_hold_no_prompt_are_refused(
    services: Services, what_if: WhatIf, tenant_id: UUID, change: dict[str, int], sentence: str
):
    with pytest.raises(InvalidInput, match=sentence):
        what_if.replay(
            tenant_id, services.tuning.load(tenant_id), limits=replace(BudgetLimits(), **change)
        )


def test_a_draft_that_cannot_be_in_force_is_refused(
    services: Services, what_if: WhatIf, tenant_id: UUID
):
    stray = KeywordRule("nowhere", "en", "istanbul", 3)
    with pytest.raises(InvalidInput, match="has no routing"):
        what_if.replay(tenant_id, with_rule(services, tenant_id, stray))


def test_a_tenant_that_nobody_asked_gets_an_empty_report(
    services: Services, what_if: WhatIf, tenant_id: UUID
):
    report = what_if.replay(tenant_id, services.tuning.load(tenant_id))
    assert (report.questions, report.is_complete) == ((), True)


def test_the_newest_texts_come_first_each_once_and_greetings_not_at_all(
    services: Services, what_if: WhatIf, tenant_id: UUID
):
    for question in (QUESTION, OTHER, "hello", QUESTION, "Do you ship to Izmir?"):
        ask(services.answerer, tenant_id, question)
    draft = services.tuning.load(tenant_id)
    report = what_if.replay(tenant_id, draft)
    assert [(q.question.text, q.question.times) for q in report.questions] == [
        ("Do you ship to Izmir?", 1),
        (QUESTION, 2),
        (OTHER, 1),
    ]
    assert report.fixed_replies == 1
    newest = what_if.replay(tenant_id, draft, questions=2)
    assert [q.question.text for q in newest.questions] == ["Do you ship to Izmir?", QUESTION]


@pytest.mark.parametrize("number", [0, 501])
def test_the_number_of_questions_has_bounds(
    services: Services, what_if: WhatIf, tenant_id: UUID, number: int
):
    with pytest.raises(InvalidInput, match="Between 1 and 500"):
        what_if.replay(tenant_id, services.tuning.load(tenant_id), questions=number)


def test_questions_of_one_bot_are_those_that_it_was_asked(
    services: Services, what_if: WhatIf, tenant_id: UUID
):
    ask(services.answerer, tenant_id, QUESTION)
    draft = services.tuning.load(tenant_id)
    slug = services.bots.find(tenant_id).slug
    assert only(what_if.replay(tenant_id, draft, bot=slug)).question.text == QUESTION
    with pytest.raises(NotFound, match="There is no bot"):
        what_if.replay(tenant_id, draft, bot="nobody")


def test_another_tenants_questions_are_never_seen(
    services: Services, what_if: WhatIf, tenant_id: UUID
):
    ask(services.answerer, tenant_id, QUESTION)
    other = new_tenant(services.database)
    assert what_if.replay(other, services.tuning.load(other)).questions == ()


def test_progress_counts_questions_and_a_replay_can_be_cancelled(
    services: Services, what_if: WhatIf, tenant_id: UUID
):
    for question in (QUESTION, OTHER):
        ask(services.answerer, tenant_id, question)
    seen: list[tuple[int, int]] = []
    cancelled = threading.Event()

    def stop_after_one(done: int, total: int) -> None:
        seen.append((done, total))
        cancelled.set()

    report = what_if.replay(
        tenant_id,
        services.tuning.load(tenant_id),
        on_progress=stop_after_one,
        cancelled=cancelled,
    )
    assert seen == [(1, 2)]
    assert len(report.questions) == 1
    assert not report.is_complete


@pytest.fixture
def written(services: Services) -> Iterator[list[str]]:
    """The statements that are not plain reads."""
    statements: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "WITH")):
            statements.append(statement)

    event.listen(services.database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(services.database.engine, "before_cursor_execute", note)


def test_nothing_is_stored(
    services: Services, what_if: WhatIf, tenant_id: UUID, written: list[str]
):
    ask(services.answerer, tenant_id, QUESTION)
    stored = (Message, UsageEvent, IntentKeyword, BotVersionRow, EmbeddingCache)
    before = [len(rows(services, tenant_id, model)) for model in stored]
    draft = with_rule(services, tenant_id, ISTANBUL)
    written.clear()
    what_if.replay(tenant_id, draft)
    assert [statement.split()[0] for statement in written] == ["SET", "SET"]
    assert "READ ONLY" in written[1]
    assert [len(rows(services, tenant_id, model)) for model in stored] == before


def test_the_database_itself_refuses_to_write_in_a_replay(services: Services, tenant_id: UUID):
    def write() -> None:
        with services.database.tenant(tenant_id) as session:
            forbid_writing(session)
            session.execute(text("DELETE FROM intent_keywords"))

    with pytest.raises(InternalError, match="read-only transaction"):
        write()


def test_a_keyword_of_the_draft_counts_as_the_tenants_own(services: Services, tenant_id: UUID):
    draft = services.tuning.load(tenant_id)
    first = draft.keywords[0]
    heavier = replace(first, weight=3 if first.weight != 3 else 2)
    marked = as_saved(replace(draft, keywords=(heavier, *draft.keywords[1:], ISTANBUL)))
    assert [rule for rule in marked.keywords if rule.is_own] == [heavier, ISTANBUL]
    back = as_saved(replace(draft, keywords=(replace(first, is_own=True), *draft.keywords[1:])))
    assert not any(rule.is_own for rule in back.keywords)


def test_a_remote_embedder_is_not_called_for_questions_that_it_never_saw(
    services: Services, tenant_id: UUID
):
    embedder = CountingEmbedder()
    reader = QuestionVectorReader(EmbeddingModels(embedder))
    use_model(services.database, tenant_id, embedder.model)
    with services.database.tenant(tenant_id) as session:
        read = reader.read(tenant_id, [QUESTION, OTHER], session=session)
    assert embedder.asked == []
    assert (read.missing, [vector.tolist() for vector in read.vectors]) == (2, [[0.0], [0.0]])


def test_a_cached_vector_is_found_by_its_question(services: Services, tenant_id: UUID):
    from leanrag.embedding_cache import QuestionEmbedder

    embedder = CountingEmbedder()
    bought = QuestionEmbedder(services.database, EmbeddingModels(embedder), base_url="").embed(
        tenant_id, QUESTION
    )
    use_model(services.database, tenant_id, embedder.model)
    asked = list(embedder.asked)
    with services.database.tenant(tenant_id) as session:
        read = QuestionVectorReader(EmbeddingModels(embedder)).read(
            tenant_id, [OTHER, QUESTION], session=session
        )
    assert read.missing == 1
    assert read.vectors[1] == pytest.approx(bought, abs=1e-3)
    assert embedder.asked == asked
