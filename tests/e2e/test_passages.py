"""From a PDF's passage beside its page, over an edit, to a file of questions, in a real browser."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas

pytestmark = pytest.mark.browser

LINES = (
    "Repair desk for the Meltemi fan",
    "",
    "The Meltemi fan is repaired in eleven working days.",
    "Bring the orange receipt that lies in its box.",
)
QUESTIONS = (
    "question;expected\n"
    "How long does the repair of the Meltemi fan take?;eleven working days\n"
    "What colour is the receipt of the Meltemi fan?;orange receipt\n"
)


def a_pdf() -> bytes:
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(595, 842))
    canvas.setTitle("Meltemi fan")
    for number, line in enumerate(LINES):
        canvas.drawString(72, 780 - 18 * number, line)
    canvas.save()
    return output.getvalue()


def go_to(page: Any, name: str) -> None:
    page.locator(".st-key-shell_pages").get_by_role("link", name=name).click()


def test_a_passage_is_found_seen_on_its_page_edited_and_tested(
    console: Any, make_page: Any, tmp_path: Path
) -> None:
    page = make_page(locale="en-US", accept_downloads=True)
    reply = page.request.post(
        f"{console.url}/api/v1/files",
        multipart={"file": {"name": "fan.pdf", "mimeType": "application/pdf", "buffer": a_pdf()}},
    )
    assert reply.status == 202
    console.wait_until_read()

    page.goto(console.url)
    go_to(page, "Passages")
    search = page.get_by_placeholder("Words that must stand in a passage")
    search.fill("meltemi FANS")
    search.press("Enter")
    page.get_by_text("Passages 1 to 1 of 1").wait_for()
    page.reload()
    page.get_by_text("Passages 1 to 1 of 1").wait_for()

    page.locator('[class*="st-key-passages_open_"] button:visible').click()
    picture = page.locator(".st-key-passages_picture img")
    picture.wait_for()
    assert picture.evaluate("image => image.naturalWidth") == 1000

    page.get_by_role("button", name="Edit", exact=True).click()
    box = page.get_by_role("dialog").get_by_label("Text")
    box.fill(box.input_value().replace("orange", "violet"))
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.get_by_text("the next question sees it").wait_for()
    page.get_by_test_id("stText").get_by_text("violet receipt").wait_for()
    page.get_by_role("button", name="All passages").click()
    page.get_by_text("Passages 1 to 1 of 1").wait_for()

    go_to(page, "Retrieval test")
    page.get_by_role("tab", name="Many questions").click()
    page.locator('input[type="file"]').set_input_files(
        {"name": "fan.csv", "mimeType": "text/csv", "buffer": QUESTIONS.encode()}
    )
    page.get_by_role("button", name="Test them").click()
    page.get_by_test_id("stMetric").filter(has_text="In the first 20").get_by_text("50%").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Table as CSV").click()
    assert download.value.suggested_filename == "fan-retrieval.csv"
    download.value.save_as(tmp_path / "table.csv")
    text = (tmp_path / "table.csv").read_text("utf-8-sig")
    table = list(csv.DictReader(io.StringIO(text)))
    assert [row["Found"] for row in table] == ["True", "False"]
