"""A source under way, stopped and started again, in two real browsers at once."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.browser


def upload(console: Any, name: str, text: str) -> str:
    files = {"file": (name, text.encode(), "text/plain")}
    reply = httpx.post(f"{console.url}/api/v1/files", files=files, timeout=20)
    return str(reply.raise_for_status().json()["document_id"])


def long_text(count: int) -> str:
    parts = (
        f"# Part {n}\n\nPart {n} of the Zonda heater costs {n * 7} lira, and the repair desk of "
        f"district {n % 83} changes it within {n % 29 + 1} working days. Bring receipt {n * 31}."
        for n in range(count)
    )
    return "\n\n".join(parts)


def test_a_source_is_stopped_after_a_reload_and_a_second_browser_sees_it(
    console: Any, make_page: Any
) -> None:
    first, second = (make_page(locale="en-US") for _ in range(2))
    from playwright.sync_api import expect

    expect.set_options(timeout=60_000)
    for page in (first, second):
        page.goto(f"{console.url}/documents")
        page.get_by_role("heading", name=re.compile("Sources")).wait_for()
    # Enough files in the queue that the last one waits long enough to be stopped.
    for number in range(3):
        upload(console, f"zonda-{number}.md", long_text(4_000 + number))
    last = upload(console, "zonda-last.md", long_text(4_100))
    stop = f'[class*="st-key-documents_stop_{last}"] button'

    first.locator(stop).first.wait_for()
    first.get_by_role("progressbar").first.wait_for()
    first.reload()
    first.locator(stop).first.wait_for()
    second.locator(stop).first.wait_for()  # heard of it without a click
    second.get_by_text("Vectors", exact=True).first.wait_for()

    first.locator(stop).first.click()
    stopped = f'[class*="st-key-documents_ended_{last}"]'
    for page in (first, second):
        expect(page.locator(stopped)).to_contain_text("stopped before it could be used")
        expect(page.locator(stop)).to_have_count(0)

    second.locator(stopped).get_by_role("button", name="Start again").click()
    expect(first.locator(stopped)).to_have_count(0)
    console.wait_until_read(180)
    card = f'[class*="st-key-documents_card_open_{last}"]'
    first.locator(card).first.wait_for(state="attached")
    first.goto(f"{console.url}/documents?source={last}")
    first.get_by_text("Passages 1 to 10 of 4,100").wait_for()


def test_a_source_is_switched_off_taken_back_and_deleted_from_the_list(
    console: Any, make_page: Any
) -> None:
    source_id = upload(console, "lodos.txt", "The Lodos blanket is washed at thirty degrees.")
    console.wait_until_read()
    page = make_page(locale="en-US", viewport={"width": 390, "height": 900})
    page.goto(f"{console.url}/documents?find=lodos")
    page.get_by_role("heading", name=re.compile(r"Sources \(1 of")).wait_for()
    page.locator(f'[class*="st-key-documents_choose_{source_id}"] label').click()
    page.get_by_text("1 selected").wait_for()
    page.locator(".st-key-documents_bulk_use button").click()
    page.get_by_text("Switch off", exact=True).click()
    page.locator(".st-key-documents_notice").get_by_text("1 sources are switched off").wait_for()
    card = page.locator(f'[class*="st-key-documents_card_{source_id}"]')
    card.get_by_text("Off", exact=True).wait_for()
    page.get_by_role("button", name="Undo").click()
    card.get_by_text("Off", exact=True).wait_for(state="detached")

    page.locator(".st-key-documents_delete_bulk button").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    page.get_by_text("No source is like that").wait_for()
