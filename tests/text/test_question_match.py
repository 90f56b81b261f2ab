"""How much of a question a passage holds: typing errors, compounds, rarity, pairs and titles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.text.question_match import Coverage, PassageWords, QuestionMatch, read_passage
from leanrag.types import LANGUAGES, Language

ZWNJ = "\u200c"
texts = st.text(max_size=60) | st.sampled_from(
    [
        "Tea. Coffee. Tea!",
        "چای سبز. قهوه",
        "شاي أخضر؟ نعم",
        "Çay 40 lira. Kahve",
        "👩‍👧 🙂",
        "\n\n",
        " ",
    ]
)


def evenly(terms: Sequence[str]) -> list[float]:
    return [1.0] * len(terms)


def cover(
    question: str,
    text: str,
    *,
    title: str = "",
    language: Language = "en",
    rarities_of=evenly,
) -> Coverage:
    match = QuestionMatch(question, language, rarities_of)
    (coverage,) = match.coverage([read_passage(title, text, language)])
    return coverage


# ---- spelling -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "typed"),
    [
        ("as it is", "delivery"),
        ("dropped", "delvery"),
        ("swapped", "delievry"),
        ("doubled", "dellivery"),
        ("another stem", "deliveries"),
    ],
)
def test_a_word_matches_whatever_letter_is_dropped_swapped_or_doubled(change, typed):
    whole = cover(typed, "Our delivery takes two days.").whole
    assert whole == 1.0 if change in ("as it is", "another stem") else 0.75 <= whole < 1.0


@pytest.mark.parametrize(
    ("language", "typed", "written"),
    [("fa", "ارسل", "ارسال"), ("ar", "التوصييل", "التوصيل"), ("tr", "telsimat", "teslimat")],
)
def test_typing_errors_match_in_every_script(language, typed, written):
    assert 0.75 <= cover(typed, written, language=language).whole < 1.0


@pytest.mark.parametrize(("asked", "other"), [("tea", "sea"), ("cup", "cap"), ("کار", "بار")])
def test_short_words_do_not_match_by_one_letter(asked, other):
    language: Language = "en" if asked.isascii() else "fa"
    assert cover(asked, other, language=language).whole == 0.0
    assert cover(asked, asked, language=language).whole == 1.0


@pytest.mark.parametrize(
    ("asked", "written", "whole"),
    [
        ("çalışmaktadır", "çalıştılar", 0.7),
        ("kurulmaktadır", "kurulduğunda", 0.7),
        ("kurulmuştur", "kurdu", 0.0),  # three letters alike
        ("çalışmaktadır", "çalışmaktadir", 1 - 1 / 13),  # nearly spelt alike is more
    ],
)
def test_turkish_words_that_begin_alike_match_in_part(asked, written, whole):
    assert cover(asked, f"Burada {written} denir.", language="tr").whole >= whole - 1e-6
    if whole <= 0.7:
        assert cover(asked, f"Burada {written} denir.", language="tr").whole < whole + 1e-6


def test_words_that_begin_alike_are_others_in_the_other_languages():
    assert cover("international", "The interview is at noon.").whole == 0.0
    assert cover("کتابخانه", "کتابفروش آمد.", language="fa").whole == 0.0


def test_another_word_of_the_same_length_does_not_match():
    assert cover("delivery", "The discount is large.").whole == 0.0


def test_a_word_that_is_nearly_spelt_like_one_counts_by_how_alike_they_are():
    assert cover("delvery", "delivery").whole == pytest.approx(7 / 8)


# ---- compounds ----------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["كتابخانه", f"کتاب{ZWNJ}خانه", "کتابخانه", "کتاب خانه"])
@pytest.mark.parametrize("asked", ["کتاب خانه", f"کتاب{ZWNJ}خانه", "کتابخانه"])
def test_a_persian_compound_matches_with_a_space_a_non_joiner_or_joined(asked, written):
    assert cover(asked, f"این {written} بزرگ است.", language="fa").whole == pytest.approx(1.0)


def test_two_words_joined_in_the_passage_count_for_both_words_of_the_question():
    coverage = cover("gift card price", "A giftcard is sold here.")
    assert coverage.whole == pytest.approx(2 / 3)


def test_two_neighbours_in_the_passage_count_for_one_word_of_the_question():
    assert cover("giftcard price", "A gift card is sold here.").whole == pytest.approx(0.5)
    assert cover("giftcard", "A gift is a card. The card is a gift.").whole == 0.0


def test_a_single_letter_is_not_joined_to_its_neighbour():
    assert cover("x ray", "xray").whole == 0.0
    assert cover("exy", "e xy").whole == 0.0


# ---- weights ------------------------------------------------------------------------------------


def test_a_rare_word_weighs_more_than_its_inverse_document_frequency():
    rarity = {"cezv": 4.0, "price": 1.0}

    def rarities_of(terms: Sequence[str]) -> list[float]:
        return [rarity[term] for term in terms]

    rare = cover("cezve price", "a copper cezve", rarities_of=rarities_of).whole
    common = cover("cezve price", "the price of tea", rarities_of=rarities_of).whole
    assert rare == pytest.approx(8 / 9)
    assert common == pytest.approx(1 / 9)


def test_a_word_that_is_asked_twice_weighs_once():
    assert cover("tea tea coffee", "coffee").whole == pytest.approx(0.5)


def test_a_question_whose_words_all_weigh_nothing_is_covered_by_nothing():
    assert cover("tea", "tea", rarities_of=lambda terms: [0.0] * len(terms)).whole == 0.0


# ---- sentences, pairs, titles -------------------------------------------------------------------

TWO = "Delivery is quick. It takes three days."


def test_each_sentence_knows_its_own_share_and_that_of_its_neighbours():
    coverage = cover("delivery days", TWO)
    assert [TWO[a:b] for a, b in coverage.spans] == ["Delivery is quick.", "It takes three days."]
    assert coverage.alone.tolist() == [0.5, 0.5]
    assert coverage.before.tolist() == [0.0, 0.5]
    assert coverage.after.tolist() == [0.5, 0.0]


def test_a_window_joins_two_sentences_and_no_sentence_alone_does():
    coverage = cover("delivery days", TWO)
    assert coverage.sentence == 0.5
    assert coverage.window == coverage.whole == 1.0


def test_a_window_does_not_reach_over_a_sentence():
    coverage = cover("delivery days", "Delivery is quick. We like it. It takes three days.")
    assert coverage.window == 0.5
    assert coverage.whole == 1.0


def test_the_title_helps_every_sentence_but_not_the_sentence_alone():
    coverage = cover("kettle price", "The price is 90. It is heavy.", title="Kettle")
    assert coverage.alone.tolist() == [0.5, 0.0]
    assert coverage.titled.tolist() == [1.0, 0.5]
    assert coverage.whole == 1.0


def test_words_that_stand_together_in_the_question_count_more_together():
    together = cover("green tea", "We sell green tea.").pairs
    apart = cover("green tea", "We sell green fine tea.").pairs
    turned = cover("green tea", "We sell tea that is green.").pairs
    assert together == 1.0
    assert apart == pytest.approx(0.7)
    assert turned == 0.0


def test_one_word_has_no_pair():
    assert cover("tea", "tea tea").pairs == 0.0


def test_the_title_share_is_of_the_titles_words_not_of_the_questions():
    assert cover("what does the kettle cost", "90 lira", title="Copper Kettle").title == 0.5
    assert cover("copper kettle", "90 lira", title="Copper Kettle").title == 1.0
    assert cover("tea", "tea", title="").title == 0.0


def test_short_words_of_a_title_do_not_count_beside_longer_ones():
    assert cover("kettle", "90 lira", title="A Kettle").title == 1.0
    assert cover("tv", "90 lira", title="TV").title == 1.0


# ---- what holds nothing -------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["what is it", "", "🙂 👩‍👧", "?!"])
def test_a_question_without_searched_words_is_covered_by_nothing(question):
    coverage = cover(question, "What is it? 🙂", title="It")
    assert coverage.whole == coverage.title == coverage.pairs == 0.0
    assert coverage.alone.tolist() == [0.0] * len(coverage.spans) != []


@pytest.mark.parametrize("text", ["", "   ", "🙂🙂", "...\n\n!!!"])
def test_a_passage_without_words_has_at_least_one_sentence_that_holds_nothing(text):
    coverage = cover("tea price", text)
    assert len(coverage.spans) == len(coverage.alone) >= 1
    assert not coverage.alone.any()
    assert coverage.whole == 0.0


def test_an_emoji_between_sentences_changes_no_other_sentence():
    plain = cover("tea price", "The price. Of tea.")
    smiling = cover("tea price", "The price. 🙂! Of tea.")
    assert smiling.alone.tolist() == [plain.alone[0], 0.0, plain.alone[1]]


def test_no_passages_give_no_coverage():
    assert QuestionMatch("tea", "en", evenly).coverage([]) == ()


def test_a_passage_is_covered_alike_alone_and_among_others():
    match = QuestionMatch("delivery price of tea", "en", evenly)
    passages = [read_passage(title, text, "en") for title, text in (("Tea", TWO), ("", "price"))]
    together = match.coverage(passages)
    for passage, coverage in zip(passages, together, strict=True):
        assert _as_lists(match.coverage([passage])[0]) == _as_lists(coverage)


@given(texts, texts, st.lists(texts, max_size=3), st.sampled_from(LANGUAGES), st.floats(0, 20))
def test_all_shares_lie_between_0_and_1_whatever_the_texts(question, title, others, lang, rarity):
    match = QuestionMatch(question, lang, lambda terms: [rarity] * len(terms))
    passages: list[PassageWords] = [read_passage(title, text, lang) for text in [*others, question]]
    for passage, found in zip(passages, match.coverage(passages), strict=True):
        assert found.spans == passage.spans
        arrays = (found.alone, found.titled, found.before, found.after)
        shares = [found.whole, found.sentence, found.window, found.pairs, found.title]
        assert all(len(array) == len(found.spans) for array in arrays)
        every = np.concatenate([*arrays, shares])
        assert np.isfinite(every).all()
        assert every.min() >= 0
        assert every.max() <= 1 + 1e-5
        assert (found.alone <= found.titled + 1e-5).all()
        assert found.sentence <= found.window + 1e-5 <= found.whole + 2e-5


def _as_lists(coverage: Coverage) -> list[object]:
    return [v.tolist() if isinstance(v, np.ndarray) else v for v in coverage]
