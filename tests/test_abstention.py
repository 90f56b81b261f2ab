from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.abstention import (
    ENOUGH,
    NO_EVIDENCE,
    TOO_WEAK,
    WEIGHTS,
    Answerability,
    Match,
    Signal,
    judge,
)
from leanrag.types import LANGUAGES, Passage, PassageDecision
from tests.made_passages import made_passage

QUESTION = "How much limescale ruins the copper kettle?"
TEXT = "Limescale of two millimetres ruins the kettle. It is made of copper."


def a_passage(
    text: str = TEXT,
    *,
    number: int = 1,
    kind="document",
    title: str = "Kettles",
    probability: float = 0.9,
    score: float = 0.8,
    bm25: float = 20.0,
    is_citable: bool = True,
) -> Passage:
    return made_passage(
        number,
        text,
        source_id=UUID(int=7),
        kind=kind,
        source_title=title,
        title=title,
        position=0,
        is_citable=is_citable,
        lexical_score=bm25,
        score=score,
        probability=probability,
    )


def judged(*passages: Passage, share: float = 0.6, question: str = QUESTION, **options):
    decisions = [PassageDecision(p, "primary", "kept", "", 20, p.text, 1) for p in passages]
    matches = [Match(share, p) for p in passages]
    best = passages[0] if passages else None
    return judge(question, "en", decisions, matches, best, **options)


def values(found: Answerability) -> dict[str, float]:
    return {signal.name: signal.value for signal in found.signals}


def test_strong_evidence_is_answered_and_weak_evidence_is_not():
    strong = judged(a_passage())
    weak = judged(a_passage("Trams are red.", probability=0.2, score=0.4), share=0.1)
    assert strong.is_answerable
    assert strong.reason == ENOUGH
    assert not weak.is_answerable
    assert weak.reason == TOO_WEAK
    assert weak.chance < 0.1 < 0.8 < strong.chance


def test_without_anything_to_quote_the_chance_is_nought():
    for found in (judged(), judged(a_passage(), share=0.0)):
        assert found.chance == 0.0
        assert found.signals == ()
        assert not found.is_answerable
        assert found.reason == NO_EVIDENCE


def test_nothing_is_never_answerable_however_low_the_threshold():
    assert not judged(least_chance=0.0).is_answerable
    assert judged(a_passage("Trams."), share=0.1, least_chance=0.0).is_answerable


def test_the_threshold_decides():
    chance = judged(a_passage()).chance
    assert judged(a_passage(), least_chance=chance).is_answerable
    assert not judged(a_passage(), least_chance=chance + 1e-6).is_answerable


@pytest.mark.parametrize(
    ("kind", "knowledge"),
    [
        ("document", "documents"),
        ("faq", "own words"),
        ("product", "own words"),
        ("manual", "own words"),
        ("website", "own words"),
    ],
)
def test_the_kind_that_answers_best_chooses_the_model(kind, knowledge):
    found = judged(a_passage(kind=kind))
    assert found.knowledge == knowledge
    assert [signal.name for signal in found.signals] == list(WEIGHTS[knowledge])


def test_the_chance_is_the_logistic_of_the_signals_that_are_given():
    found = judged(a_passage())
    log_odds = sum(signal.value * signal.weight for signal in found.signals)
    assert found.chance == pytest.approx(1 / (1 + 2.718281828**-log_odds))
    assert Signal("constant", 1.0, WEIGHTS["documents"]["constant"]) in found.signals


def test_passages_of_one_document_speak_together():
    own = [a_passage(number=n, probability=0.3) for n in (1, 2)]
    other = a_passage("Trams are red.", number=3, title="Trams", probability=0.4)
    assert values(judged(*own, other))["document_chance"] == pytest.approx(0.6)


def test_a_document_holds_the_words_of_all_its_passages():
    halves = [
        a_passage("Limescale of two millimetres ruins it.", number=1, title=""),
        a_passage("The kettle is of copper.", number=2, title=""),
    ]
    assert values(judged(*halves))["document_words"] == 1.0
    assert values(judged(halves[0]))["document_words"] == 0.5


def test_a_high_match_alone_or_rare_words_in_the_passage_are_full_strength():
    matched = judged(a_passage(kind="faq", bm25=0.0), share=0.3)
    rare = judged(a_passage(kind="faq", bm25=34.2), share=0.2)
    assert values(matched)["strength"] == pytest.approx(1.0)
    assert values(rare)["strength"] == pytest.approx(1.0)


def test_words_that_no_passage_holds_are_named_as_they_were_typed():
    question = "Does the Copper kettle whistle «Traviata»?"
    assert judged(a_passage(), question=question).unknown_words == ("whistle", "Traviata")
    assert judged(question=question).unknown_words == ("Copper", "kettle", "whistle", "Traviata")


def test_a_learn_only_passage_neither_answers_nor_tells_what_is_known():
    secret = a_passage("Traviata is what it whistles.", number=2, is_citable=False)
    question = "Does the copper kettle whistle Traviata?"
    with_secret = judged(a_passage(), secret, question=question)
    assert with_secret.unknown_words == ("whistle", "Traviata")
    assert values(with_secret)["document_chance"] == pytest.approx(0.9)


@given(
    question=st.text(max_size=60),
    language=st.sampled_from(LANGUAGES),
    text=st.text(max_size=80),
    share=st.floats(0, 1),
    bm25=st.floats(0, 1_000),
)
def test_the_chance_is_always_a_chance(question, language, text, share, bm25):
    passage = a_passage(text, bm25=bm25)
    decision = PassageDecision(passage, "primary", "kept", "", 20, text, 1)
    found = judge(question, language, [decision], [Match(share, passage)], passage)
    assert 0.0 <= found.chance <= 1.0
