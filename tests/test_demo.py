"""The demo shop: enough of everything, and an answer to each of its questions."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from db.models import BotVersionRow
from leanrag.bootstrap import Services
from leanrag.demo.loader import DEMO_DIRECTORY, DemoQuestion, demo_questions
from leanrag.sources import ChunkView, SourceView
from leanrag.text.normalize import fold
from leanrag.types import LANGUAGES
from tests.product_parts import rows

QUESTIONS = demo_questions()


@pytest.fixture(scope="module")
def sources(services: Services) -> tuple[SourceView, ...]:
    # A test before may have uploaded something to the demo tenant.
    names = {path.name for path in DEMO_DIRECTORY.rglob("*") if path.is_file()}
    listed = services.sources.list(services.local_tenant_id)
    return tuple(source for source in listed if source.filename in names)


@pytest.fixture(scope="module")
def chunks(services: Services, sources: tuple[SourceView, ...]) -> dict[str, list[ChunkView]]:
    found: dict[str, list[ChunkView]] = defaultdict(list)
    for source in sources:
        found[source.kind] += services.sources.chunks(
            services.local_tenant_id, source.source_id, limit=1000
        )
    return found


def test_every_source_was_read_well(sources: tuple[SourceView, ...]):
    assert {source.status for source in sources} == {"processed"}
    assert all(source.passage_count and source.token_count for source in sources)
    assert Counter(source.kind for source in sources) == {
        "faq": 1,
        "product": 1,
        "manual": 4,
        "website": 10,
        "document": 1,
    }


def test_the_manual_has_at_least_4000_words():
    words = len((DEMO_DIRECTORY / "manual.en.md").read_text("utf-8").split())
    assert words >= 4000


def test_there_are_at_least_40_pairs_and_30_products(chunks: dict[str, list[ChunkView]]):
    assert len(chunks["faq"]) >= 40
    assert len({chunk.title for chunk in chunks["product"]}) >= 30


def test_the_pdf_is_read_with_its_pages(sources: tuple[SourceView, ...]):
    (document,) = [source for source in sources if source.kind == "document"]
    assert document.media_type == "application/pdf"
    assert document.page_count
    assert document.passage_count >= document.page_count


def test_all_four_languages_are_there(chunks: dict[str, list[ChunkView]]):
    for kind in ("faq", "manual", "website"):
        assert {chunk.language for chunk in chunks[kind]} == set(LANGUAGES), kind


def test_there_are_ten_questions_in_each_language():
    assert Counter(q.language for q in QUESTIONS) == dict.fromkeys(LANGUAGES, 10)
    assert {q.source for q in QUESTIONS} >= {"faq", "product", "manual", "website"}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.question[:40])
def test_the_answer_to_each_question_is_in_a_stored_passage(
    chunks: dict[str, list[ChunkView]], question: DemoQuestion
):
    answer = fold(question.answer)
    assert any(answer in fold(chunk.text) for chunk in chunks[question.source])


def test_no_questions_prompt_is_above_the_limit_and_each_holds_its_question(services: Services):
    for question in QUESTIONS:
        preview = services.previews.preview(services.local_tenant_id, question.question)
        assert preview.prompt.total_tokens <= 1500
        assert sum(s.tokens for s in preview.prompt.sections) == preview.prompt.total_tokens
        assert preview.prompt.messages[-1].content.endswith(question.question)
        assert preview.counterfactual_tokens > 20_000


def test_most_prompts_carry_the_answer(services: Services):
    carried = 0
    for question in QUESTIONS:
        preview = services.previews.preview(services.local_tenant_id, question.question)
        carried += any(
            fold(question.answer) in fold(decision.text) for decision in preview.prompt.carried()
        )
    assert carried >= 36


def test_languages_are_told_apart(services: Services):
    for question in QUESTIONS:
        preview = services.previews.preview(services.local_tenant_id, question.question)
        assert preview.route.language == question.language, question.question


def test_the_bot_greets_in_every_language(services: Services):
    bot = services.bots.find(services.local_tenant_id)
    assert set(bot.greeting) == set(LANGUAGES)
    assert bot.slug == "shop-assistant"
    assert bot.persona


def test_all_that_the_demo_bot_says_is_its_first_version(services: Services):
    bot = services.bots.find(services.local_tenant_id)
    (first,) = [
        row
        for row in rows(services, services.local_tenant_id, BotVersionRow)
        if (row.bot_id, row.version) == (bot.bot_id, 1)
    ]
    assert set(first.fallback) == set(first.greeting) == set(LANGUAGES)
    assert "Pervin & Deniz" in first.persona
