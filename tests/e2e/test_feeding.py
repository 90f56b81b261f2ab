"""Feeding the bot in a real browser: what is typed into the grid is what an answer cites."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.provider_replies import Reply

pytestmark = pytest.mark.browser

QUESTION = "How heavy is the Meltem espresso scale?"
ANSWER = "The Meltem espresso scale weighs 417 grams with its battery."
INPUT = '[data-testid="stChatInputTextArea"]'
CELL_HEIGHT, HEADER_HEIGHT = 35, 35
QUESTION_LEFT, ANSWER_LEFT = 150, 500


def open_form(page: Any, name: str) -> None:
    page.locator(".st-key-documents_form button").filter(has_text=name).click()


def type_cell(page: Any, left: int, row: int, text: str) -> None:
    """Type into a cell of the grid, which is a picture: it is found by where it stands."""
    cell = page.locator("textarea.gdg-input")
    top = HEADER_HEIGHT + CELL_HEIGHT * row + CELL_HEIGHT // 2
    for _ in range(10):  # while the page is being drawn, the grid may move away from a click
        box = page.get_by_test_id("stDataFrame").first.bounding_box()
        page.mouse.click(box["x"] + left, box["y"] + top)
        page.keyboard.press("Enter")
        page.wait_for_timeout(500)
        if cell.is_visible():
            break
    cell.fill(text)
    page.wait_for_timeout(300)
    cell.press("Enter")
    cell.wait_for(state="detached")
    page.wait_for_timeout(1_000)  # the editor sends what was typed a moment later


def test_a_pair_typed_into_the_grid_is_cited_by_the_answer(console: Any, make_page: Any) -> None:
    page = make_page(locale="en-US")
    page.goto(f"{console.url}/documents")
    open_form(page, "Questions and answers")
    page.get_by_label("Title", exact=True).fill("Scales")
    page.get_by_label("Title", exact=True).press("Enter")
    page.get_by_test_id("stDataFrame").first.wait_for()
    type_cell(page, QUESTION_LEFT, 0, QUESTION)
    page.get_by_text("1 row · not saved yet").wait_for()
    type_cell(page, ANSWER_LEFT, 0, ANSWER)

    # Another form and back: nothing is lost.
    open_form(page, "Website")
    page.get_by_text("Not saved yet in “Questions and answers”: 1 row.").wait_for()
    page.get_by_role("button", name="Go on there").click()
    page.get_by_text("1 row · not saved yet").wait_for()

    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_test_id("stAlert").get_by_text("Scales").wait_for()
    page.get_by_text("0 rows").wait_for()
    console.wait_until_read()
    (source,) = (file for file in console.files() if file["filename"] == "Scales.csv")
    assert source["status"] == "processed"

    console.provider.script(Reply(text="It weighs 417 grams [1]."))
    page.locator(".st-key-shell_pages").get_by_role("link", name="Chat").click()
    page.locator(INPUT).fill(QUESTION)
    page.locator(INPUT).press("Enter")
    chip = page.locator('[class*="st-key-chat_citation_"] button:visible')
    chip.first.wait_for()
    chip.first.click()
    page.get_by_role("dialog").get_by_text("417 grams with its battery").first.wait_for()


def test_the_words_of_instructions_are_counted_while_they_are_typed(
    console: Any, make_page: Any
) -> None:
    page = make_page(locale="fa-IR")
    page.goto(f"{console.url}/documents")
    open_form(page, "دستورالعمل")
    text = page.locator(".st-key-documents_manual_text textarea")
    text.press_sequentially("یک دو سه", delay=20)
    page.locator("#documents-words").get_by_text("۳").wait_for()
    assert text.input_value() == "یک دو سه"


def test_the_browser_asks_before_it_loses_what_is_not_saved(console: Any, make_page: Any) -> None:
    page = make_page(locale="en-US")
    asked: list[str] = []

    def accept(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)
    page.goto(f"{console.url}/documents")
    open_form(page, "Instructions")
    page.locator(".st-key-documents_manual_text textarea").fill("Something that matters.")
    page.locator("h1").click()
    page.get_by_text(re.compile("it stays one passage")).wait_for()
    page.wait_for_function("window.onbeforeunload !== null")
    page.reload()
    page.locator("h1").first.wait_for()
    assert asked == ["beforeunload"]
