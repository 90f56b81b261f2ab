"""The order of candidates, their probabilities, and those of their sentences."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leanrag.ranking import (
    RANKED_PASSAGES,
    Asked,
    passage_features,
    rank,
    sentence_features,
)
from leanrag.ranking_profiles import (
    PASSAGE_FEATURES,
    SENTENCE_FEATURES,
    DenseWeight,
    load_profile,
)
from leanrag.text.answer_type import ExpectedAnswer
from leanrag.text.question_match import QuestionMatch, read_passage
from leanrag.types import LANGUAGES, Language, Passage
from tests.made_passages import made_passage

SHIPPED = load_profile("evidence-1")
LOCAL = "local-chargram-1536"
QUESTION = "How many days does delivery take?"
DELIVERY = "Delivery in Istanbul takes three working days. Parcels are insured."
texts = st.text(min_size=1, max_size=60) | st.sampled_from(
    [DELIVERY, "ارسال سه روز کاری طول می‌کشد.", "التوصيل خلال 3 أيام.", "Teslimat 3 gün.", "🙂!"]
)
candidates_of = st.lists(
    st.tuples(texts, st.floats(0, 40), st.floats(-1, 1), st.integers(0, 3)), max_size=30
)


def passage(
    number: int,
    text: str = DELIVERY,
    *,
    lexical: float = 10.0,
    dense: float = 0.0,
    source: int = 900,
    title: str = "",
    language: Language = "en",
) -> Passage:
    return made_passage(
        number,
        text,
        source_id=UUID(int=source),
        title=title,
        language=language,
        token_count=max(1, len(text) // 4),
        lexical_score=lexical,
        dense_score=dense,
        score=0.0,
    )


def evenly(terms: Sequence[str]) -> list[float]:
    return [1.0] * len(terms)


def asked(question: str = QUESTION, language: Language = "en", full_match: float = 0.0) -> Asked:
    return Asked(question, language, QuestionMatch(question, language, evenly), full_match)


def ranked(
    candidates, question=QUESTION, *, profile=SHIPPED, model=LOCAL, full_match=0.0, least=0.1
) -> tuple[Passage, ...]:
    about = asked(question, full_match=full_match)
    return rank(candidates, about, profile, embedding_model=model, min_relevance=least)


def drawn(found) -> list[Passage]:
    return [
        passage(i, text, lexical=lexical, dense=dense, source=900 + source)
        for i, (text, lexical, dense, source) in enumerate(found)
    ]


# ---- invariants ---------------------------------------------------------------------------------


@settings(deadline=None)
@given(candidates_of, texts, st.sampled_from([LOCAL, "text-embedding-3-small"]))
def test_passages_share_the_whole_chance_and_sentences_that_of_their_passage(found, asks, model):
    result = ranked(drawn(found), asks, model=model)
    assert len(result) == min(len(found), RANKED_PASSAGES)
    if result:
        assert sum(p.probability for p in result) == pytest.approx(1.0)
    for one in result:
        own = [sentence.probability for sentence in one.sentences]
        assert sum(own) == pytest.approx(one.probability)
        assert min(own) > 0 or one.probability < 1e-9
        assert 0 <= one.score <= 1 + 1e-6
        assert all(0 <= s.start < s.end <= len(one.text) for s in one.sentences)


@settings(deadline=None)
@given(candidates_of, st.randoms(use_true_random=False))
def test_the_order_of_the_candidates_changes_nothing(found, chance: random.Random):
    candidates = drawn(found)
    shuffled = chance.sample(candidates, len(candidates))
    assert ranked(shuffled, model="some-model") == ranked(candidates, model="some-model")


@settings(deadline=None)
@given(candidates_of)
def test_the_likeliest_come_first(found):
    chances = [one.probability for one in ranked(drawn(found))]
    assert chances == sorted(chances, reverse=True)


@settings(deadline=None)
@given(candidates_of.filter(bool), texts, st.sampled_from(LANGUAGES))
def test_every_feature_of_passages_lies_between_0_and_1(found, question, language):
    candidates = drawn(found)
    match = QuestionMatch(question, language, lambda terms: [2.0] * len(terms))
    words = [read_passage(one.title, one.text, one.language) for one in candidates]
    features = passage_features(candidates, match.coverage(words), language, among=candidates)
    assert features.shape == (len(candidates), len(PASSAGE_FEATURES))
    assert features.min() >= 0
    assert features.max() <= 1 + 1e-5


# ---- what decides -------------------------------------------------------------------------------


def test_the_passage_that_holds_the_questions_words_comes_first_at_equal_bm25():
    other = "Our shop opens at nine. The days are long in summer."
    best, second = ranked([passage(1, other), passage(2, DELIVERY)])
    assert best.text == DELIVERY
    assert best.probability > 2 * second.probability


def test_of_equal_words_the_higher_bm25_score_comes_first():
    best, _ = ranked([passage(1, lexical=5.0), passage(2, lexical=9.0)])
    assert best.passage_id == UUID(int=2)


def test_equal_passages_share_the_chance_and_stand_in_the_order_of_their_ids():
    result = ranked([passage(3), passage(1), passage(2)])
    assert [one.passage_id.int for one in result] == [1, 2, 3]
    assert {round(one.probability, 9) for one in result} == {round(1 / 3, 9)}


def test_a_passage_in_the_questions_language_goes_before_an_equal_one_in_another():
    result = ranked([passage(1, "Kettle 90", language="tr"), passage(2, "Kettle 90")], "kettle")
    assert result[0].language == "en"


def test_other_passages_of_its_document_speak_for_a_passage():
    rows = [passage(1, source=1), passage(2, source=2), passage(3, "About us.", source=2)]
    assert ranked(rows)[0].passage_id == UUID(int=2)


def test_documents_of_one_source_are_told_apart_by_their_titles():
    rows = [passage(1, title="A"), passage(2, title="B"), passage(3, "About us.", title="B")]
    assert ranked(rows)[0].passage_id == UUID(int=2)


def test_no_more_than_three_passages_of_a_document_speak_for_it():
    few = [passage(1, source=1)] + [passage(10 + i, "x", source=1) for i in range(2)]
    many = [passage(2, source=2)] + [passage(20 + i, "x", source=2) for i in range(6)]
    match = asked().match
    words = [read_passage("", one.text, "en") for one in few[:1] + many[:1]]
    features = passage_features(
        few[:1] + many[:1], match.coverage(words), "en", among=[*few, *many]
    )
    document = features[:, PASSAGE_FEATURES.index("document")]
    assert document.tolist() == [1.0, 1.0]


def test_only_the_first_twenty_by_bm25_are_read():
    rows = [passage(i, "days", lexical=10.0 + i) for i in range(30)]
    rows.append(passage(99, DELIVERY, lexical=1.0))
    result = ranked(rows)
    assert len(result) == RANKED_PASSAGES
    assert {one.passage_id.int for one in result} == set(range(10, 30))


# ---- what is relevant ---------------------------------------------------------------------------


def test_a_candidate_with_too_little_of_the_question_is_dropped():
    result = ranked([passage(1, lexical=1.9), passage(2, lexical=2.1)], full_match=20.0)
    assert [one.passage_id.int for one in result] == [2]


def test_without_relevant_candidates_nothing_is_ranked():
    assert ranked([]) == ()
    assert ranked([passage(1, lexical=0.5)], full_match=20.0) == ()


def test_a_near_meaning_is_relevant_without_a_shared_word_if_the_model_knows_meanings():
    near, far = passage(1, lexical=0.0, dense=0.5), passage(2, lexical=0.0, dense=0.4)
    found = ranked([near, far], model="text-embedding-3-small", full_match=20.0)
    assert [one.passage_id.int for one in found] == [1]
    assert ranked([near, far], full_match=20.0) == ()


def test_the_dense_score_decides_only_with_a_weight():
    rows = [passage(1, dense=0.2), passage(2, dense=0.9)]
    chances = [one.probability for one in ranked(rows)]
    assert chances[0] == pytest.approx(chances[1])
    profile = replace(SHIPPED, dense={"*": DenseWeight(3.0, 1.01)})
    best, other = ranked(rows, profile=profile)
    assert best.passage_id.int == 2
    # The log-odds are the weight times the difference of the shares of the best score.
    odds = math.log(best.probability / other.probability)
    assert odds == pytest.approx(3.0 * (1 - 0.2 / 0.9))


# ---- formulae -----------------------------------------------------------------------------------


def test_the_score_is_the_share_of_all_weights_and_the_chances_are_their_softmax():
    rows = [passage(1), passage(2, "Delivery costs 95 lira.", lexical=6.0, source=901)]
    words = [read_passage(" ", one.text, "en") for one in rows]
    features = passage_features(rows, asked().match.coverage(words), "en", among=rows)
    weights = SHIPPED.passage_weights(0.0)
    logits = features @ weights
    result = ranked(rows)
    assert [one.score for one in result] == pytest.approx(logits / weights.sum())
    exact = np.exp(logits) / np.exp(logits).sum()
    assert [one.probability for one in result] == pytest.approx(exact)


def test_a_tenth_of_a_passages_chance_is_shared_alike_by_its_sentences():
    row = passage(1, DELIVERY + " Tea." * 8)
    (one,) = ranked([row])
    (coverage,) = asked().match.coverage([read_passage(" ", row.text, "en")])
    logits = sentence_features([row], [coverage], ExpectedAnswer(QUESTION, "en")) @ (
        SHIPPED.sentence_weights()
    )
    exact = 0.9 * np.exp(logits) / np.exp(logits).sum() + 0.1 / len(logits)
    assert [sentence.probability for sentence in one.sentences] == pytest.approx(exact)
    assert one.sentences[0].probability == max(s.probability for s in one.sentences)


def test_a_sentence_with_a_number_is_likelier_where_one_is_asked_for():
    text = "Delivery takes a few days. Delivery takes 3 days. "
    (timed,) = ranked([passage(1, text)], "How many days does delivery take?")
    (named,) = ranked([passage(1, text)], "Who does delivery in days?")
    assert timed.sentences[1].probability > 2 * timed.sentences[0].probability
    assert named.sentences[1].probability < named.sentences[0].probability


def test_the_features_of_a_sentence_are_its_shares_the_expected_answer_and_its_length():
    text = "Delivery is quick. It takes 3 days."
    (coverage,) = asked("delivery days").match.coverage([read_passage("", text, "en")])
    features = sentence_features(
        [passage(1, text)], [coverage], ExpectedAnswer("How many days?", "en")
    )
    assert features.shape == (2, len(SENTENCE_FEATURES))
    by_name = dict(zip(SENTENCE_FEATURES, features.T.tolist(), strict=True))
    assert by_name["alone"] == [0.5, 0.5]
    assert by_name["before"] == [0.0, 0.5]
    assert by_name["after"] == [0.5, 0.0]
    assert by_name["answer_type"] == [0.0, 1.0]
    assert by_name["letters"] == pytest.approx([math.log(19) / 5, math.log(17) / 5])


def test_a_passage_without_words_is_ranked_by_the_rest():
    result = ranked([passage(1, "🙂"), passage(2, "   "), passage(3)])
    assert result[0].passage_id.int == 3
    assert all(len(one.sentences) >= 1 for one in result)
