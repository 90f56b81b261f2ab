"""A bot of one's own, with a real browser: made, given a greeting, published, and talked to."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.e2e.conftest import Console

pytestmark = pytest.mark.browser
GREETING = "Welcome to the **returns** desk!"


def test_a_bot_is_made_given_a_greeting_published_and_talked_to(
    console: Console, make_page: Any
) -> None:
    page = make_page(locale="en-US")
    page.goto(f"{console.url}/bots")
    page.get_by_role("button", name="New bot").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Returns desk")
    dialog.get_by_role("button", name="Create").click()
    page.get_by_role("heading", name="Returns desk").wait_for()

    page.get_by_label("Greeting in English").fill(GREETING)
    page.get_by_role("button", name="Publish…").click()
    dialog.get_by_text(GREETING).wait_for()
    dialog.get_by_label("What for?").fill("A greeting of its own")
    dialog.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_text("No draft is open. In force is version 2.").wait_for()

    page.get_by_role("link", name="Chat with it").click()
    page.get_by_text("Welcome to the returns desk!").wait_for()
    page.get_by_label("Ask a question").fill("How much is delivery inside Turkey?")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="X-ray").wait_for()
    page.get_by_role("heading", name="Returns desk").wait_for()
    page.get_by_role("button", name=re.compile("^Returns desk How much is delivery")).wait_for()

    page.goto(f"{console.url}/bots?bot=returns-desk")
    page.get_by_text("conversations: 1").wait_for()
    page.get_by_role("button", name="Delete").click()
    dialog.get_by_label("Type its short name").fill("returns-desk")
    dialog.get_by_role("button", name="Delete for good").click()
    page.get_by_text("is deleted.").first.wait_for()
    page.get_by_role("heading", name="Bots").wait_for()
    page.get_by_text("Answers by default").wait_for(state="detached")
