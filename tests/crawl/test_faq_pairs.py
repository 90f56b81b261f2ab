"""Pairs of questions and answers that pages hold, suggested for a person to approve."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from leanrag.crawl.crawled import CrawledPage
from leanrag.crawl.faq_pairs import MAX_ANSWER_CHARACTERS, suggest_pairs
from leanrag.crawl.page_html import read_html

URL = "http://shop.example/faq"


def pairs_of(html: str) -> list[tuple[str, str]]:
    content = read_html(f"<html><body>{html}</body></html>".encode(), URL)
    page = CrawledPage(URL, "new", datetime.now(UTC), content=content)
    return [(pair.question, pair.answer) for pair in suggest_pairs(page)]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            "How do I return an item?",
            "Within seven days, in its unopened box, at any of our shops.",
        ),
        ("How to pay by card", "Choose the card at the till and follow what the terminal says."),
        ("چگونه کالا را برگردانم؟", "تا هفت روز فرصت دارید کالا را در جعبهٔ بازنشده برگردانید."),
        ("گارانتی محصولات چیست", "همهٔ محصولات یک سال گارانتی تعویض دارند، با فاکتور خرید."),
        ("كيف أعيد المنتج؟", "لديك سبعة أيام لإعادة المنتج في علبته المغلقة إلى أي فرع."),
        ("Ürünü nasıl iade ederim?", "Yedi gün içinde, açılmamış kutusunda iade edebilirsiniz."),
        ("Kapıda ödeme var mı", "Evet, kapıda nakit ya da kartla ödeme yapabilirsiniz."),
    ],
)
def test_headings_that_ask_are_questions_in_each_language(question: str, answer: str) -> None:
    html = f"<h1>FAQ</h1><p>What customers ask.</p><h3>{question}</h3><p>{answer}</p>"
    after = "<h3>About our company</h3><p>We were founded in a garage, and are there still.</p>"
    assert pairs_of(html + after) == [(question, answer)]


def test_an_answer_keeps_its_lists_and_ends_at_the_next_heading() -> None:
    html = (
        "<h2>1. What do you sell?</h2><p>We sell many things:</p><ul><li>kettles</li><li>pots</li>"
        "</ul><h2>Contact</h2><p>Write to us at any time, we answer within a day.</p>"
    )
    assert pairs_of(html) == [("What do you sell?", "We sell many things:\n\n- kettles\n- pots")]


def test_linked_data_and_details_are_read_once_each() -> None:
    data = {
        "@context": "https://schema.org",
        "@graph": [
            {
                "@type": "FAQPage",
                "mainEntity": [
                    {
                        "@type": "Question",
                        "name": "Is delivery <b>free</b>?",
                        "acceptedAnswer": {
                            "@type": "Answer",
                            "text": "<p>Yes, above 50&nbsp;€.</p><ul><li>By post</li></ul>"
                            "<script>steal()</script>",
                        },
                    },
                    {"@type": "Question", "name": "No answer?"},
                ],
            }
        ],
    }
    escaped = json.dumps(data).replace("</", "<\\/")
    html = (
        f"<script type='application/ld+json'>{escaped}</script>"
        "<script type='application/ld+json'>{broken</script>"
        "<main><p>Answers to what you ask us most of the time.</p>"
        "<h2>Is delivery free?</h2><p>Something else is written here.</p>"
        "<details><summary>Do you ship abroad?</summary><p>To all of Europe.</p><p>And Turkey.</p>"
        "</details><details><summary>Empty</summary></details></main>"
    )
    assert pairs_of(html) == [
        ("Is delivery free?", "Yes, above 50 €.\nBy post"),
        ("Do you ship abroad?", "To all of Europe.\nAnd Turkey."),
    ]


def test_a_bold_line_that_asks_is_a_question() -> None:
    html = (
        "<main><p><b>Where are you?</b></p><p>In the old town, behind the market hall.</p>"
        "<p><strong>Important</strong></p><p>We are closed on Sundays and holidays.</p></main>"
    )
    pairs = pairs_of(html)
    assert [question for question, _ in pairs] == ["Where are you?"]
    assert pairs[0][1].startswith("In the old town")


def test_a_long_answer_is_cut_behind_a_word() -> None:
    html = f"<h2>What is in it?</h2><p>{'a long answer ' * 500}</p>"
    [(_, answer)] = pairs_of(html)
    assert len(answer) <= MAX_ANSWER_CHARACTERS + 2
    assert answer.endswith(("answer …", "long …", "a …"))


def test_a_page_without_questions_suggests_none() -> None:
    assert pairs_of("<h1>What we do</h1><h2>Prices</h2><p>Everything costs ten.</p>") == []
    assert pairs_of("<h1>Why?</h1>") == []
    assert suggest_pairs(CrawledPage(URL, "gone", datetime.now(UTC))) == ()
