"""Retrieval from a real database: what is found, in which order, and for whom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import text, update

from db.models import Bot, ChunkRow, Source
from leanrag.embeddings import LocalEmbedder
from leanrag.guarded_database import GuardedDatabase
from leanrag.passage_search import PassageSearch
from leanrag.ranking_profiles import DenseWeight, RankingProfile, load_profile
from leanrag.retriever import ContextRetriever
from leanrag.types import Evidence, Language, Passage, Route, SourceKind, SourceShare
from tests.product_parts import DELIVERY, RETURNS, Parts, add_text, make_parts, new_tenant


def profile_of(*, lexical: float, dense: float) -> RankingProfile:
    """Return the shipped weights with these two instead; no passage is near without a word."""
    shipped = load_profile("evidence-1")
    return replace(
        shipped,
        passage={**shipped.passage, "lexical": lexical},
        dense={"*": DenseWeight(dense, least_similarity=1.01)},
    )


PROFILE = profile_of(lexical=4.0, dense=2.0)
EMBEDDER = LocalEmbedder()
QUESTION = "How many days does delivery take?"


@pytest.fixture(scope="module")
def parts(shared_database: GuardedDatabase) -> Parts:
    return make_parts(shared_database)


@pytest.fixture
def tenant_id(parts: Parts) -> UUID:
    return new_tenant(parts.database)


@pytest.fixture
def search(parts: Parts, tenant_id: UUID) -> Any:
    def rank(
        question: str = QUESTION,
        *,
        language: Language = "en",
        tenant: UUID = tenant_id,
        model: str = EMBEDDER.model,
        profile: RankingProfile = PROFILE,
        candidates: int = 50,
        min_relevance: float = 0.1,
        bot_id: UUID | None = None,
        embedder: LocalEmbedder = EMBEDDER,
    ) -> tuple[Passage, ...]:
        vector = np.asarray(embedder.embed([question]).vectors[0], dtype=np.float32)
        with parts.database.tenant(tenant) as session:
            return make_retriever(model, profile, candidates, min_relevance).rank(
                tenant,
                question,
                language,
                vector=vector,
                bot_id=bot_id or bot_of(parts, tenant),
                session=session,
            )

    return rank


@pytest.fixture
def retrieve(parts: Parts, tenant_id: UUID) -> Any:
    def retrieve(primary: SourceKind, secondary: SourceKind, question: str = QUESTION) -> Evidence:
        route = Route(
            "en",
            "general",
            0.5,
            (),
            SourceShare((primary,), 700),
            SourceShare((secondary,), 300),
        )
        vector = np.asarray(EMBEDDER.embed([question]).vectors[0], dtype=np.float32)
        with parts.database.tenant(tenant_id) as session:
            return make_retriever().retrieve(
                tenant_id,
                question,
                route,
                vector=vector,
                bot_id=bot_of(parts, tenant_id),
                session=session,
            )

    return retrieve


def make_retriever(
    model: str = EMBEDDER.model,
    profile: RankingProfile = PROFILE,
    candidates: int = 50,
    min_relevance: float = 0.1,
) -> ContextRetriever:
    search = PassageSearch(model, candidates=candidates)
    return ContextRetriever(search, profile, min_relevance=min_relevance)


def bot_of(parts: Parts, tenant_id: UUID) -> UUID:
    with parts.database.tenant(tenant_id) as session:
        return session.scalars(text("SELECT bot_id FROM bots ORDER BY bot_id LIMIT 1")).one()


def kinds(passages: tuple[Passage, ...]) -> list[str]:
    return [passage.kind for passage in passages]


def test_the_passage_that_answers_comes_first(parts: Parts, tenant_id: UUID, search):
    for words in (RETURNS, DELIVERY, "We open at nine and close at six.", "Tea comes from Rize."):
        add_text(parts.ingest, tenant_id, words)
    found = search()
    assert found[0].text == DELIVERY
    scores = [passage.score for passage in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1.0001 for score in scores)
    assert found[0].lexical_score > 0
    assert 0 < found[0].dense_score <= 1


def test_the_dense_vector_decides_between_equal_words(parts: Parts, tenant_id: UUID, search):
    add_text(parts.ingest, tenant_id, "delivery days delivery days in winter", name="one.txt")
    add_text(parts.ingest, tenant_id, "delivery days delivery days in summer", name="two.txt")
    question = "delivery days summertime"
    assert len(search(question, profile=profile_of(lexical=1.0, dense=0.0))) == 2
    best = search(question, profile=profile_of(lexical=0.0, dense=8.0))
    assert best[0].dense_score > best[1].dense_score
    assert best[0].text.endswith("summer")
    assert best[0].probability > 0.6


@pytest.mark.parametrize(
    ("language", "passage", "question"),
    [
        ("fa", "ارسال سفارش در تهران دو روز کاری طول می‌کشد.", "ارسال به تهران چند روز است؟"),
        ("ar", "يستغرق التوصيل داخل اسطنبول ثلاثة أيام عمل.", "كم يوما يستغرق توصيل الطلب؟"),
        ("tr", "İstanbul içinde teslimat üç iş günü sürer.", "teslimatlar kaç gün sürüyor?"),
    ],
)
def test_other_languages_are_found_in_their_inflected_forms(
    parts: Parts, tenant_id: UUID, search, language: Language, passage: str, question: str
):
    add_text(parts.ingest, tenant_id, passage)
    add_text(parts.ingest, tenant_id, "Something else altogether, about kettles.")
    assert search(question, language=language)[0].text == passage


def test_learn_only_passages_are_found_and_marked(parts: Parts, tenant_id: UUID, search):
    add_text(parts.ingest, tenant_id, DELIVERY, is_citable=False)
    (found,) = search()
    assert not found.is_citable


def test_a_bots_own_sources_are_for_it_alone(parts: Parts, tenant_id: UUID, search):
    with parts.database.tenant(tenant_id) as session:
        other = Bot(tenant_id=tenant_id, slug="other", name="Other")
        session.add(other)
        session.flush()
        other_id = other.bot_id
    add_text(parts.ingest, tenant_id, DELIVERY, bot_id=other_id)
    assert search() == ()
    assert [p.text for p in search(bot_id=other_id)] == [DELIVERY]
    add_text(parts.ingest, tenant_id, f"{DELIVERY} For all.")
    assert len(search()) == 1
    assert len(search(bot_id=other_id)) == 2


@pytest.mark.parametrize("model", [Source, ChunkRow])
def test_what_is_switched_off_is_not_found(parts: Parts, tenant_id: UUID, search, model: Any):
    add_text(parts.ingest, tenant_id, DELIVERY)
    with parts.database.tenant(tenant_id) as session:
        session.execute(update(model).where(model.tenant_id == tenant_id).values(enabled=False))
    assert search() == ()


def test_another_tenants_passages_are_never_found(parts: Parts, tenant_id: UUID, search):
    other = new_tenant(parts.database)
    add_text(parts.ingest, other, DELIVERY)
    add_text(parts.ingest, tenant_id, RETURNS)
    assert DELIVERY not in [p.text for p in search()]
    assert [p.text for p in search(tenant=other)] == [DELIVERY]


def test_an_empty_tenant_and_unknown_words_find_nothing(parts: Parts, tenant_id: UUID, search):
    assert search() == ()
    add_text(parts.ingest, tenant_id, DELIVERY)
    assert search("zzyzx qwfp") == ()
    assert search("؟ ?", language="fa") == ()


def test_passages_that_share_a_trifle_with_the_question_are_left_out(
    parts: Parts, tenant_id: UUID, search
):
    add_text(parts.ingest, tenant_id, DELIVERY)
    add_text(parts.ingest, tenant_id, "The samovar of brass weighs four kilograms and takes wood.")
    assert [p.text for p in search(min_relevance=0.5)] == [DELIVERY]
    assert len(search(min_relevance=0.0)) == 2


def test_vectors_of_another_model_or_size_leave_the_words_to_decide(
    parts: Parts, tenant_id: UUID, search
):
    for words in (RETURNS, DELIVERY):
        add_text(parts.ingest, tenant_id, words)
    for change in ({"model": "text-embedding-3-small"}, {"embedder": LocalEmbedder(64)}):
        found = search(**change)
        assert found[0].text == DELIVERY
        assert {p.dense_score for p in found} == {0.0}


def test_a_vector_without_direction_scores_nothing(parts: Parts, tenant_id: UUID, search):
    """The cosine distance of a zero vector is not a number, and sorts before every number."""
    add_text(parts.ingest, tenant_id, DELIVERY)
    add_text(parts.ingest, tenant_id, f"{RETURNS} No delivery days.")
    with parts.database.tenant(tenant_id) as session:
        session.execute(
            text(
                "UPDATE chunk_embeddings e SET dense = (dense - dense)::halfvec"
                " FROM chunks c WHERE c.chunk_id = e.chunk_id AND c.full_text = :words"
            ),
            {"words": DELIVERY},
        )
    found = search()
    assert all(np.isfinite([p.score, p.dense_score]).all() for p in found)
    assert {p.text: p.dense_score for p in found}[DELIVERY] == 0.0


def test_candidates_bound_what_is_ranked(parts: Parts, tenant_id: UUID, search):
    for number in range(12):
        add_text(parts.ingest, tenant_id, f"{DELIVERY} Case {number}.")
    assert 5 <= len(search(min_relevance=0.0, candidates=5)) <= 10
    assert len(search()) == 12


def test_the_same_question_finds_the_same_passages_in_the_same_order(
    parts: Parts, tenant_id: UUID, search
):
    for number in range(6):
        add_text(parts.ingest, tenant_id, DELIVERY + " " * number, name=f"{number}.txt")
    orders = {tuple(p.passage_id for p in search()) for _ in range(5)}
    assert len(orders) == 1


def test_new_and_deleted_passages_count_at_once(parts: Parts, tenant_id: UUID):
    """One retriever keeps statistics between questions; a change must reach it."""
    retriever = make_retriever()

    def find() -> list[str]:
        vector = np.asarray(EMBEDDER.embed([QUESTION]).vectors[0], dtype=np.float32)
        bot_id = bot_of(parts, tenant_id)
        with parts.database.tenant(tenant_id) as session:
            found = retriever.rank(
                tenant_id, QUESTION, "en", vector=vector, bot_id=bot_id, session=session
            )
        return [p.text for p in found]

    assert find() == []
    source = add_text(parts.ingest, tenant_id, DELIVERY)
    assert find() == [DELIVERY]
    parts.sources.delete(tenant_id, source.source_id)
    assert find() == []


# ---- sharing out by the route -----------------------------------------------------------------


def test_routed_kinds_fill_their_shares(parts: Parts, tenant_id: UUID, retrieve):
    add_text(parts.ingest, tenant_id, DELIVERY, kind="faq")
    add_text(parts.ingest, tenant_id, f"{DELIVERY} As the manual says.", kind="manual")
    evidence = retrieve("faq", "manual")
    assert kinds(evidence.primary) == ["faq"]
    assert kinds(evidence.secondary) == ["manual"]
    assert not evidence.widened
    assert evidence.searched == 2


def test_where_the_routed_kinds_hold_nothing_all_are_used_and_it_is_said(
    parts: Parts, tenant_id: UUID, retrieve
):
    add_text(parts.ingest, tenant_id, DELIVERY, kind="website")
    evidence = retrieve("faq", "manual")
    assert kinds(evidence.primary) == ["website"]
    assert evidence.widened


def test_a_far_better_outsider_leads_and_a_weaker_one_follows(
    parts: Parts, tenant_id: UUID, retrieve
):
    add_text(parts.ingest, tenant_id, "Delivery is a word.", kind="faq")
    add_text(parts.ingest, tenant_id, "Our delivery takes many days indeed.", kind="document")
    better = retrieve("faq", "manual")
    assert better.primary[0].kind == "document"
    assert better.widened
    weaker = retrieve("faq", "manual", "What is a word?")
    assert weaker.primary[0].kind == "faq"
    assert not weaker.widened


def test_no_passage_is_lost_or_doubled_between_the_shares(parts: Parts, tenant_id: UUID, retrieve):
    every: tuple[SourceKind, ...] = ("faq", "manual", "product", "website", "document")
    for kind in every:
        add_text(parts.ingest, tenant_id, f"{DELIVERY} From {kind}.", kind=kind)
    evidence = retrieve("faq", "manual")
    ids = [p.passage_id for p in (*evidence.primary, *evidence.secondary)]
    assert len(ids) == len(set(ids)) == evidence.searched == 5


def test_one_sentence_that_holds_the_question_gains_on_scattered_words(
    parts: Parts, tenant_id: UUID, search
):
    scattered = (
        "A lamp. A kettle leaks. Colour matters. It warms. Shows begin at nine. Lamp two."
        " Kettle two. Colour two. Warms well. Show it."
    )
    holding = (
        "Rize lies by the sea and has many gardens. Its people are known for their patience, and"
        " visitors come in spring. The lamp of the kettle shows the colour blue while it warms."
        " Boats leave the harbour each morning, and the market opens early on most of the days."
    )
    for words in (scattered, holding, RETURNS):
        add_text(parts.ingest, tenant_id, words)
    question = "Which colour does the lamp of the kettle show while it warms?"

    found = {passage.text: passage for passage in search(question)}
    assert found[holding].probability > 4 * found[scattered].probability
    best = max(found[holding].sentences, key=lambda sentence: sentence.probability)
    assert holding[best.start : best.end].startswith("The lamp of the kettle shows")
