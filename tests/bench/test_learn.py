"""Learning the weights of ranking: the fit, what counts as right, and the profile it prints."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import _learn_figures as figures
from bench import learn
from bench._learn_examples import (
    Example,
    Observer,
    example,
    half_of,
    observed,
    read_gold,
    without_dense,
)
from bench._learn_softmax import L2, Choice, fit, log_loss, place_of_right
from bench._recall_data import PublicQuestion
from leanrag import ranking
from leanrag.ranking_profiles import PASSAGE_FEATURES, SENTENCE_FEATURES, load_profile
from leanrag.text.question_match import QuestionMatch, read_passage
from leanrag.types import LANGUAGES, Passage
from tests.made_passages import made_passage

SHIPPED = load_profile("evidence-1")
GOODS = {
    "en": (
        "kettle",
        "The {} weighs much. It costs {} lira. It is made by hand.",
        "How much is {}?",
    ),
    "fa": (
        "کتری",
        "وزن {} زیاد است. قیمت آن {} لیر است. با دست ساخته شده است.",
        "قیمت {} چند است؟",
    ),
    "ar": ("إبريق", "وزن {} كبير. سعره {} ليرة. صنع باليد.", "كم سعر {}؟"),
    "tr": ("ibrik", "{} ağırdır. Fiyatı {} liradır. Elle yapılmıştır.", "{} kaç lira?"),
}
METALS = ("copper", "silver", "golden", "wooden")


def choices_by(weights, *, count: int, seed: int = 7) -> list[Choice]:
    """Return choices whose right one is drawn by a soft-max model of these weights."""
    chance = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        features = chance.random((6, len(weights)))
        chances = np.exp(features @ weights)
        right = chance.choice(6, p=chances / chances.sum())
        made.append(Choice(features, np.arange(6) == right))
    return made


# ---- the fit ------------------------------------------------------------------------------------


def test_the_fit_finds_the_weights_that_made_the_choices():
    truth = np.array([4.0, 1.5, 0.5])
    assert fit(choices_by(truth, count=8_000), l2=0.0) == pytest.approx(truth, abs=0.25)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.tuples(*[st.floats(-0.3, 0.3)] * 3))
def test_no_other_weights_near_are_likelier(seed, change):
    choices = choices_by(np.array([3.0, 2.0, 1.0]), count=400, seed=seed)
    best = fit(choices)

    def loss(weights) -> float:
        own = np.mean([log_loss(choice, weights) for choice in choices])
        return float(own + L2 / 2 * weights @ weights)

    assert loss(best) <= loss(np.maximum(best + change, 0.0)) + 1e-9


def test_a_feature_that_speaks_against_the_truth_is_left_out_and_no_other_one():
    weights = fit(choices_by(np.array([3.0, -2.0, 1.0]), count=2_000))
    assert weights[1] == 0.0
    assert weights[0] > weights[2] > 0.0


def test_without_a_choice_there_is_nothing_to_learn_from():
    with pytest.raises(ValueError, match="no question found its answer"):
        fit([])


def test_the_log_loss_of_chances_that_are_equal_is_the_logarithm_of_their_number():
    choice = Choice(np.zeros((4, 2)), np.array([False, True, False, False]))
    assert log_loss(choice, np.ones(2)) == pytest.approx(np.log(4))


def test_several_right_alternatives_share_the_truth():
    features = np.array([[1.0], [0.0], [0.0]])
    both = Choice(features, np.array([True, True, False]))
    first, second = (Choice(features, np.arange(3) == place) for place in (0, 1))
    weights = np.array([2.0])
    mean = (log_loss(first, weights) + log_loss(second, weights)) / 2
    assert log_loss(both, weights) == pytest.approx(mean)


def test_the_place_of_the_right_one_counts_those_before_it_and_equals_keep_their_order():
    features = np.array([[0.5], [0.9], [0.5]])
    for place, expected in enumerate((1, 0, 2)):
        assert place_of_right(Choice(features, np.arange(3) == place), np.ones(1)) == expected


# ---- what is right ------------------------------------------------------------------------------

TEXT = "It is heavy. It costs 90 lira."
ANSWERED = PublicQuestion("q1", "en", "How much is it?", ("90 LIRA",))


def passage(number: int, text: str) -> Passage:
    return made_passage(number, text, source_title="", token_count=10, lexical_score=5.0, score=0.0)


def ranked(observer: Observer, *texts: str) -> None:
    observer.forget()
    match = QuestionMatch(ANSWERED.text, "en", lambda terms: [1.0] * len(terms))
    about = ranking.Asked(ANSWERED.text, "en", match, 0.0)
    rows = [passage(number, text) for number, text in enumerate(texts)]
    ranking.rank(rows, about, SHIPPED, embedding_model="local-chargram", min_relevance=0.0)


def test_what_the_product_computes_is_noted_and_nothing_changed():
    original = ranking.passage_features
    with observed() as observer:
        ranked(observer, TEXT, "Of 90 lira.")
        assert ranking.passage_features is not original
    assert ranking.passage_features is original
    match = QuestionMatch(ANSWERED.text, "en", lambda terms: [1.0] * len(terms))
    words = [read_passage(" ", one.text, "en") for one in observer.passages]
    exact = original(observer.passages, match.coverage(words), "en", among=observer.passages)
    assert observer.features.tolist() == exact.tolist()
    assert [len(features) for _, features in observer.sentences] == [2, 1]


def test_right_is_a_passage_with_an_answer_that_is_a_part_of_the_gold_one():
    with observed() as observer:
        ranked(observer, TEXT, "Mills cost 90 lira too.", "It is heavy.")
    gold = "it is heavy. it costs 90 lira. it shines."
    known = example(ANSWERED, observer, gold, is_mistyped=False)
    unknown = example(ANSWERED, observer, None, is_mistyped=True)
    assert known.passages is not None
    assert unknown.passages is not None
    assert known.passages.is_right.tolist() == [True, False, False]
    assert unknown.passages.is_right.tolist() == [True, True, False]
    assert [choice.is_right.tolist() for choice in known.sentences] == [[False, True]]
    assert known.half == unknown.half == half_of("q1")


def test_a_question_that_finds_no_answer_teaches_nothing():
    with observed() as observer:
        ranked(observer, "It is heavy. It is blue.")
        lost = example(ANSWERED, observer, None, is_mistyped=False)
        observer.forget()
        nothing = example(ANSWERED, observer, None, is_mistyped=False)
    assert lost.passages is None
    assert nothing.passages is None
    assert lost.sentences == nothing.sentences == ()


def test_the_halves_are_fixed_and_about_equal():
    halves = [half_of(f"question {number}") for number in range(1_000)]
    assert 450 < sum(halves) < 550
    assert (half_of("a"), half_of("b"), half_of("d")) == (1, 1, 1)


def test_a_language_that_the_embedding_model_does_not_know_has_no_dense_feature():
    features = np.full((2, len(PASSAGE_FEATURES)), 0.5)
    one = Example("fa", False, 0, Choice(features, np.array([True, False])), ())
    blind = without_dense(one).passages
    assert blind is not None
    assert blind.features.sum(axis=0).tolist() == [1.0, 0.0, *[1.0] * 7]
    assert features.min() == 0.5
    unanswered = Example("fa", False, 0, None, ())
    assert without_dense(unanswered) == unanswered


def test_a_learned_dense_weight_is_added_for_its_model_and_its_languages():
    weights = figures.Weights(
        dict.fromkeys(PASSAGE_FEATURES, 1.0), dict.fromkeys(SENTENCE_FEATURES, 1.0)
    )
    machine = figures.Machine(2, "3.11", "18")
    report = figures.Report(machine, 1, 1, "own-model", ("en",), {}, {"all": weights}, {})
    own = tomllib.loads("\n".join(figures.lines(report, SHIPPED, "ours")))["ours"]["dense"]
    assert own["own-model"] == {"weight": 1.0, "least_similarity": 0.45, "languages": ["en"]}
    assert set(own) == {*SHIPPED.dense, "own-model"}


# ---- the whole ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small public set: goods in four languages, each with a price that is asked for."""
    folder = tmp_path_factory.mktemp("sets")
    passages, questions = [], []
    for language, (name, text, asks) in GOODS.items():
        for number, metal in enumerate(METALS):
            thing, price = f"{metal} {name}", 100 + 37 * number
            key = f"{language}#{number}"
            own = {"lang": language, "pid": key, "title": thing, "text": text.format(thing, price)}
            passages.append(own)
            questions.append(
                {"lang": language, "id": key, "pid": key, "question": asks.format(thing)}
                | {"answers": [str(price)]}
            )
    for name, rows in (("passages", passages), ("questions", questions)):
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, "utf-8")
    return folder / "passages.jsonl", folder / "questions.jsonl"


def run(sets: tuple[Path, Path], *more: str) -> None:
    assert learn.main(["--passages", str(sets[0]), "--questions", str(sets[1]), *more]) == 0


@pytest.mark.slow
def test_the_printed_weights_are_profiles_that_the_product_can_load(
    sets, capsys: pytest.CaptureFixture[str]
):
    run(sets, "--name", "ours")
    text = capsys.readouterr().out
    profiles = tomllib.loads(text)
    assert list(profiles) == ["ours-half-0", "ours-half-1", "ours"]
    for own in profiles.values():
        assert set(own["passage"]) == set(PASSAGE_FEATURES) - {"dense"}
        assert set(own["sentence"]) == set(SENTENCE_FEATURES)
        assert own["dense"]["*"] == {"weight": 4.45, "least_similarity": 0.45}
        assert min(*own["passage"].values(), *own["sentence"].values()) >= 0
    assert "7,291" not in text
    assert "16 passages" in text


@pytest.mark.slow
def test_the_report_judges_every_language_clean_and_mistyped_and_learns_dense_when_asked(
    sets, capsys: pytest.CaptureFixture[str]
):
    run(sets, "--json", "--dense", "en,fa", "--limit", "3")
    report = json.loads(capsys.readouterr().out)
    groups = [f"{name} {typed}" for typed in figures.TYPED for name in (*LANGUAGES, "all")]
    assert list(report["judged"]) == groups
    own = report["judged"]["all clean"]
    assert own["questions"] == 12
    assert own["read_percent"] == 100.0
    assert list(own["passages"]) == ["held_out", "shipped", "bm25"]
    assert own["passages"]["held_out"]["among_first"]["4"] == 100.0
    assert report["weights"]["all"]["passage"]["dense"] > 0
    assert report["dense"] == ["fa", "en"]


def test_gold_passages_are_told_apart_where_translations_share_their_ids(tmp_path: Path):
    passages, questions = tmp_path / "p.jsonl", tmp_path / "q.jsonl"
    rows = [{"lang": "en", "pid": "1", "text": "Tea  is hot."}]
    rows.append({"lang": "tr", "pid": "1", "text": "Çay sıcaktır."})
    passages.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    asked = [{"lang": "en", "id": "a", "pid": "1"}, {"lang": "tr", "id": "a", "pid": "1"}]
    asked += [{"lang": "en", "id": "b"}]
    questions.write_text("\n".join(map(json.dumps, asked)), "utf-8")
    assert read_gold(passages, questions) == {
        ("en", "a"): "tea is hot.",
        ("tr", "a"): "cay sicaktir.",
    }


def test_a_missing_file_a_senseless_limit_and_an_unknown_language_are_named(
    sets, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit):
        learn.main(["--passages", "nowhere.jsonl", "--questions", str(sets[1])])
    assert "nowhere.jsonl" in capsys.readouterr().err
    for option, value in (("--limit", "0"), ("--dense", "en,de")):
        with pytest.raises(SystemExit):
            learn.main(["--passages", str(sets[0]), "--questions", str(sets[1]), option, value])
        assert option in capsys.readouterr().err
