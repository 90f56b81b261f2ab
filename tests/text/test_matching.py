from __future__ import annotations

import pytest

from leanrag.text.matching import QueryMatcher


@pytest.mark.parametrize(
    ("language", "question", "sentences"),
    [
        ("en", "How long do deliveries take?", ("Gift cards exist.", "Delivery takes two days.")),
        ("fa", "هزینهٔ ارسال چقدر است؟", ("فروشگاه باز است.", "هزينه ارسال ۹۵ لیر است.")),
        ("ar", "ما هي رسوم التوصيل؟", ("المتجر مفتوح.", "رسوم توصيل الطلبات ٩٥ ليرة.")),
        ("tr", "Teslimat ücreti nedir?", ("Mağaza açık.", "TESLİMATIN ÜCRETİ 95 liradır.")),
    ],
)
def test_the_sentence_that_speaks_of_the_question_scores_highest(language, question, sentences):
    other, answering = QueryMatcher(question, language).scores(sentences)
    assert 0 <= other < 0.2 < answering <= 1


def test_a_word_of_one_sentence_weighs_more_than_a_word_of_all():
    scores = QueryMatcher("cezve price", "en").scores(
        ["The price of a cup.", "The price of a pot.", "A copper cezve."]
    )
    assert scores[2] > scores[0] == scores[1] > 0


def test_an_arabic_word_matches_behind_its_article_and_a_conjunction():
    with_article, without = QueryMatcher("هيل", "ar").scores(["5 غ من الهيل المطحون", "قهوة"])
    assert with_article > 0.9
    assert without == 0
    assert QueryMatcher("كم من الهيل", "ar").scores(["والهيل"])[0] > 0.5


def test_a_sentence_holds_what_its_title_says_and_the_title_makes_no_word_common():
    matcher = QueryMatcher("brass mill price", "en")
    own = matcher.scores(["The price is 90.", "It is heavy."])
    together = matcher.scores_in_context(["The price is 90.", "It is heavy."], ["Brass mill"] * 2)
    assert together[0] == pytest.approx(1.0)
    assert own[1] == 0 < together[1]
    assert together[0] - together[1] == pytest.approx(own[0])


def test_a_question_of_stopwords_alone_matches_by_its_letters_and_no_sentences_give_no_scores():
    assert QueryMatcher("what is it", "en").scores([]) == ()
    (score,) = QueryMatcher("what is it", "en").scores(["what is it"])
    assert score > 0


def test_a_query_without_words_matches_nothing():
    assert QueryMatcher("🙂?!", "en").scores(["A sentence."]) == (0.0,)
