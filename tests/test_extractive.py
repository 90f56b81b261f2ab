from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.citations import CitationTracker
from leanrag.extractive import ABSTENTIONS, INTRODUCTIONS, ExtractiveAnswerer
from leanrag.text.sentences import sentence_spans
from leanrag.types import LANGUAGES, PassageDecision, SentenceChance, TextDelta
from tests.made_passages import made_passage

MANUAL = {
    "en": (
        "How long does delivery to Ankara take?",
        "We opened the shop in 2009. Delivery to Ankara takes two to four working days. Our cups"
        " are made by hand.",
        "Delivery to Ankara takes two to four working days.",
    ),
    "fa": (
        "ارسال به آنکارا چقدر طول می‌کشد؟",
        "فروشگاه در سال ۱۳۸۸ باز شد. ارسال به آنکارا دو تا چهار روز کاری طول می‌کشد. فنجان‌ها"
        " دست‌ساز هستند.",
        "ارسال به آنکارا دو تا چهار روز کاری طول می‌کشد.",
    ),
    "ar": (
        "كم يستغرق التوصيل إلى أنقرة؟",
        "افتتح المتجر سنة 2009. يستغرق التوصيل إلى أنقرة من يومين إلى أربعة أيام عمل. الفناجين"
        " مصنوعة يدويا.",
        "يستغرق التوصيل إلى أنقرة من يومين إلى أربعة أيام عمل.",
    ),
    "tr": (
        "Ankara'ya teslimat ne kadar sürer?",
        "Mağaza 2009'da açıldı. Ankara'ya teslimat iki ile dört iş günü sürer. Fincanlar el"
        " yapımıdır.",
        "Ankara'ya teslimat iki ile dört iş günü sürer.",
    ),
}
PRODUCT = (
    "Copper cezve: 780 TRY\nA hand-hammered cezve for two cups, tinned inside.\nCapacity: 220 ml\n"
    "Weight: 310 g\nDishwasher: no\nhttps://shop.example/en/products/tw-210"
)


def decided(
    text: str,
    *,
    marker: int | None = 1,
    kind="manual",
    language="en",
    title="Handbook",
    carried: str | None = None,
    score: float = 0.5,
    bm25: float = 0.5,
    heading: str = "",
    chances: tuple[float, ...] = (),
) -> PassageDecision:
    spans = sentence_spans(text)[: len(chances)]
    passage = made_passage(
        marker or 99,
        text,
        source_id=UUID(int=7),
        kind=kind,
        source_title=title,
        title=title,
        heading=heading,
        language=language,
        position=0,
        is_citable=marker is not None,
        lexical_score=bm25,
        dense_score=score,
        score=score,
        probability=sum(chances),
        sentences=tuple(
            SentenceChance(start, end, chance)
            for (start, end), chance in zip(spans, chances, strict=True)
        ),
    )
    return PassageDecision(
        passage, "primary", "kept", "", 20, text if carried is None else carried, marker
    )


def answer(question: str, *decisions: PassageDecision, language="en") -> str:
    return "".join(ExtractiveAnswerer().answer(question, language, decisions))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answering_sentence_is_quoted_exactly_with_its_marker(language):
    question, text, sentence = MANUAL[language]
    ranked = decided(text, language=language, marker=4, chances=(0.02, 0.9, 0.02))
    said = answer(question, ranked, language=language)
    assert said == f"{INTRODUCTIONS[language]}\n\n{sentence} [4]"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["", "Volcanoes erupt when magma rises through the crust."])
def test_without_a_relevant_passage_it_says_so_in_the_questions_language(language, text):
    answerer = ExtractiveAnswerer()
    question = MANUAL[language][0]
    assert answerer.choose(question, language, [decided(text)]) == ()
    assert answerer.choose(question, language, []) == ()
    assert answer(question, decided(text), language=language) == ABSTENTIONS[language]


def test_a_learn_only_sentence_is_never_quoted():
    secret = "Delivery to Ankara takes two to four working days."
    assert (
        answer("How long does delivery to Ankara take?", decided(secret, marker=None))
        == (ABSTENTIONS["en"])
    )
    said = answer(
        "How long does delivery to Ankara take?",
        decided(secret, marker=None),
        decided("Parcels to Ankara travel by road, and delivery is quick.", marker=1),
    )
    assert "working days" not in said
    assert "[1]" in said


def test_only_what_the_prompt_carries_is_quoted():
    whole = MANUAL["en"][1]
    trimmed = decided(whole, carried="We opened the shop in 2009.")
    assert "working days" not in answer(MANUAL["en"][0], trimmed)


def test_a_faq_passage_gives_its_answer_and_does_not_repeat_the_question():
    faq = decided(
        "What are your opening hours?\nMonday to Saturday from 10:00 to 19:00. Closed on Sunday.",
        kind="faq",
        title="FAQ",
        marker=2,
    )
    said = answer("What are the opening hours?", faq)
    expected = "Monday to Saturday from 10:00 to 19:00. Closed on Sunday. [2]"
    assert said == f"{INTRODUCTIONS['en']}\n\n{expected}"


def test_a_faq_question_without_question_mark_is_not_repeated_either():
    faq = decided("ساعت کاری فروشگاه\nهر روز از ۱۰ تا ۱۹ باز است.", kind="faq", language="fa")
    said = answer("ساعت کاری فروشگاه چیست؟", faq, language="fa")
    assert said.endswith("\n\nهر روز از ۱۰ تا ۱۹ باز است. [1]")
    assert "ساعت کاری" not in said


def test_a_faq_answer_that_lost_its_question_to_trimming_is_still_quoted():
    text = "What are your opening hours?\nOpening hours are from 10:00 to 19:00. Closed on Sunday."
    faq = decided(text, kind="faq", carried="Opening hours are from 10:00 to 19:00.")
    assert "Opening hours are from 10:00 to 19:00. [1]" in answer("What are the hours?", faq)


@pytest.mark.parametrize(
    ("question", "lines"),
    [
        (
            "What is the capacity of the copper cezve?",
            ["Copper cezve: 780 TRY", "Capacity: 220 ml"],
        ),
        ("What does the copper cezve weigh? Its weight?", ["Weight: 310 g"]),
        ("How much is the copper cezve?", ["Copper cezve: 780 TRY"]),
    ],
)
def test_a_product_answers_with_its_name_price_and_the_lines_that_matter(question, lines):
    said = answer(question, decided(PRODUCT, kind="product", title="Copper cezve"))
    assert all(line in said for line in ["Copper cezve: 780 TRY", *lines])
    assert "https://" not in said
    assert said.count("[1]") == 1


def test_the_passage_of_the_higher_score_wins_between_equal_sentences():
    sentence = "Delivery to Ankara takes {} days."
    low = decided(sentence.format("nine"), marker=1, score=0.2)
    high = decided(sentence.format("three"), marker=2, score=0.9)
    first, *_ = ExtractiveAnswerer().choose(MANUAL["en"][0], "en", [low, high])
    assert (first.marker, first.text) == (2, "Delivery to Ankara takes three days.")


RARE_WORDS = "Which of your kettles hums when my grandmother descales it on sunny afternoons?"


def test_a_long_question_is_answered_when_its_passage_shares_rare_words():
    text = "The kettle hums while limescale is in it."
    (quote,) = ExtractiveAnswerer().choose(RARE_WORDS, "en", [decided(text, bm25=40.0)])
    assert quote.text == text


def test_few_shared_words_in_a_passage_of_low_score_are_no_answer():
    text = "Our grandmother founded the shop."
    assert ExtractiveAnswerer().choose(RARE_WORDS, "en", [decided(text, bm25=4.0)]) == ()


@pytest.mark.parametrize("bm25", [0.5, 15.0])
def test_a_question_that_nothing_answers_gets_no_quote(bm25):
    passages = [
        decided(MANUAL["en"][1], marker=1, bm25=bm25),
        decided(PRODUCT, kind="product", marker=2, bm25=bm25),
        decided("A cup holds 70 ml. Our tea comes from Rize.", marker=3, bm25=bm25),
    ]
    assert ExtractiveAnswerer().choose("Who won the 1998 world cup?", "en", passages) == ()


def test_between_equal_matches_the_sentence_with_the_number_asked_for_comes_first():
    text = "Delivery to Ankara takes patience. Cups. Delivery to Ankara takes 4 days."
    first, *_ = ExtractiveAnswerer().choose(MANUAL["en"][0], "en", [decided(text)])
    assert first.text == "Delivery to Ankara takes 4 days."


def test_a_foreign_passage_gives_way_to_an_equal_one_and_is_quoted_where_it_is_alone():
    sentence = "Delivery to Ankara (CW-214): {} days."
    foreign = decided(sentence.format("nine"), marker=1, language="tr")
    own = decided(sentence.format("three"), marker=2, language="en")
    question, answerer = "Delivery Ankara CW-214 days", ExtractiveAnswerer()
    assert [q.marker for q in answerer.choose(question, "en", [foreign, own])] == [2, 1]
    assert [q.marker for q in answerer.choose(question, "en", [foreign])] == [1]


def test_a_heading_tells_what_its_sentences_are_about():
    about_brass = decided("Wipe it with a dry cloth.", heading="Care > Brass mill", marker=1)
    about_glass = decided("Wipe it with a wet cloth.", heading="Care > Glass teapot", marker=2)
    first, *_ = ExtractiveAnswerer().choose(
        "Do I wipe the brass mill with a cloth?", "en", [about_glass, about_brass]
    )
    assert first.text == "Wipe it with a dry cloth."


def test_a_line_that_announces_a_list_is_not_quoted_but_tells_what_its_items_are():
    text = "To descale the samovar:\n1. Fill it with 2 litres of water.\n2. Wait half an hour."
    (quote,) = ExtractiveAnswerer().choose("How do I descale the samovar?", "en", [decided(text)])
    assert quote.text == "1. Fill it with 2 litres of water.\n2. Wait half an hour."


def test_neighbouring_sentences_are_one_quote_as_they_stand_in_the_passage():
    text = "We open at ten. Delivery to Ankara takes a while.  It takes 4 days to Ankara. Bye."
    (quote,) = ExtractiveAnswerer().choose(MANUAL["en"][0], "en", [decided(text)])
    assert quote.text == "Delivery to Ankara takes a while.  It takes 4 days to Ankara."


def test_sentences_with_another_one_between_are_two_quotes():
    text = "Delivery to Ankara takes 4 days. We like cups. Delivery to Ankara takes patience."
    quotes = ExtractiveAnswerer().choose(MANUAL["en"][0], "en", [decided(text)])
    assert [quote.text for quote in quotes] == [
        "Delivery to Ankara takes 4 days.",
        "Delivery to Ankara takes patience.",
    ]


def test_a_likely_sentence_is_quoted_though_it_shares_fewer_words():
    text = "Delivery to Ankara is how we began. Parcels arrive after two days."
    likely = decided(text, chances=(0.001, 0.9))
    first, *_ = ExtractiveAnswerer().choose(MANUAL["en"][0], "en", [likely])
    assert first.text == "Parcels arrive after two days."


def test_a_far_less_likely_sentence_is_left_out():
    text = "Delivery to Ankara takes 4 days. We are glad to bake cakes. Cups are blue."
    (quote,) = ExtractiveAnswerer().choose(
        MANUAL["en"][0], "en", [decided(text, chances=(0.9, 0.01, 0.01))]
    )
    assert quote.text == "Delivery to Ankara takes 4 days."


def test_a_text_that_is_nothing_but_an_announcement_is_still_quoted():
    (quote,) = ExtractiveAnswerer().choose(
        "Delivery to Ankara?", "en", [decided("Delivery to Ankara: two days, see below:")]
    )
    assert quote.text.startswith("Delivery to Ankara")


def test_chosen_quotes_are_said_as_the_answer():
    answerer, decisions = ExtractiveAnswerer(), [decided(MANUAL["en"][1])]
    quotes = answerer.choose(MANUAL["en"][0], "en", decisions)
    assert "".join(answerer.say(quotes, "en")) == answer(MANUAL["en"][0], *decisions)


def test_at_most_two_sentences_best_first_and_none_twice():
    text = " ".join(f"Delivery to Ankara takes {i} days. Cups." for i in range(9))
    copies = [decided(text, marker=1), decided(text, marker=2)]
    quotes = ExtractiveAnswerer().choose(MANUAL["en"][0], "en", copies)
    assert len(quotes) == len({quote.text for quote in quotes}) == 2
    assert sorted(quotes, key=lambda quote: -quote.score) == list(quotes)


def test_a_quoted_mark_cannot_pass_for_a_citation():
    said = answer(MANUAL["en"][0], decided("Delivery to Ankara takes four days, see [2]."))
    assert "see (2). [1]" in said


def test_every_marker_of_an_answer_is_cited_by_the_tracker():
    manual = decided(MANUAL["en"][1], marker=1, chances=(0.01, 0.9, 0.01))
    decisions = [manual, decided(PRODUCT, kind="product", marker=2, chances=(0.01,))]
    tracker = CitationTracker(decisions)
    pieces = list(ExtractiveAnswerer().answer(MANUAL["en"][0], "en", decisions))
    events = [event for piece in pieces for event in tracker.feed(piece)]
    events += tracker.finish()
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert text == "".join(pieces)
    assert [citation.quote for citation in tracker.citations] == [MANUAL["en"][2]]


def test_the_answer_comes_in_small_pieces():
    pieces = list(ExtractiveAnswerer().answer(MANUAL["en"][0], "en", [decided(MANUAL["en"][1])]))
    assert len(pieces) > 8
    assert max(map(len, pieces)) < 20


def test_an_endless_sentence_is_cut_with_a_visible_sign():
    text = "Delivery to Ankara takes " + "a very long " * 100 + "time."
    (quote,) = ExtractiveAnswerer().choose(MANUAL["en"][0], "en", [decided(text)])
    assert quote.text.endswith("…")
    assert text.startswith(quote.text[:-1])
    assert len(quote.text) <= 481


@given(
    question=st.text(max_size=40),
    texts=st.lists(st.text(max_size=80), max_size=4),
    kind=st.sampled_from(["faq", "product", "document"]),
    language=st.sampled_from(LANGUAGES),
)
def test_any_text_gives_an_answer_and_no_error(question, texts, kind, language):
    decisions = [decided(t, marker=i, kind=kind) for i, t in enumerate(texts, start=1)]
    assert answer(question, *decisions, language=language)
    quotes = ExtractiveAnswerer().choose(question, language, decisions)
    assert all(quote.text.strip() and 0 <= quote.score <= 1 for quote in quotes)


def test_how_many_sentences_are_quoted_is_chosen():
    text = " ".join(f"Delivery to Ankara takes {i} days. Cups." for i in range(9))
    for most in (1, 2, 3):
        answerer = ExtractiveAnswerer(max_sentences=most)
        assert len(answerer.choose(MANUAL["en"][0], "en", [decided(text)])) == most


def test_the_quotes_and_why_they_are_not_said_can_be_asked_for():
    text = "Our grandmother founded the shop."
    found = ExtractiveAnswerer().quote(RARE_WORDS, "en", [decided(text, bm25=4.0)])
    assert [quote.text for quote in found.quotes] == [text]
    assert not found.answerability.is_answerable
    assert "descales" in found.answerability.unknown_words


def test_a_lower_threshold_answers_what_a_higher_one_refuses():
    decisions = [decided("Our grandmother founded the shop.", bm25=4.0)]
    assert ExtractiveAnswerer(least_chance=0.0).choose(RARE_WORDS, "en", decisions)
    assert not ExtractiveAnswerer(least_chance=0.99).choose(RARE_WORDS, "en", decisions)
