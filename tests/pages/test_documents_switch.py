"""The knowledge page tells of a change of embedding models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import pages._services
from leanrag.bootstrap import Services
from leanrag.embedding_switch import BROKE_OFF, SwitchStatus
from tests.documents_page import open_page, texts
from tests.served_console import keys

UNDER_WAY = SwitchStatus("local-chargram-3-5-d1536", "text-embedding-3-small", 1234, 5000)
TITLE = "New embeddings are being made"


@pytest.fixture
def switch(services: Services, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Let the tenant be in any state of a change; what is started is only noted."""
    switches, state = services.embedding_switches, {"status": UNDER_WAY, "started": 0}

    def start(_tenant_id: object) -> bool:
        state["started"] += 1
        return True

    monkeypatch.setattr(pages._services, "_services", services)
    monkeypatch.setattr(switches, "status", lambda _tenant_id: state["status"])
    monkeypatch.setattr(switches, "start", start)
    return state


def said_by(page: AppTest) -> str:
    return texts(page).replace("\\", "")  # what keeps a name from being read as markdown


def test_a_tenant_that_changes_nothing_hears_nothing(switch: Any) -> None:
    switch["status"] = SwitchStatus("local-chargram-3-5-d1536")
    assert TITLE not in said_by(open_page())


def test_a_change_shows_how_far_it_is_and_that_answers_go_on(switch: Any) -> None:
    page = open_page()
    assert TITLE in said_by(page)
    assert "until every passage has a new one by text-embedding-3-small" in said_by(page)
    (bar,) = [bar.proto for bar in page.get("progress") if "passages" in bar.proto.text]
    assert (bar.text, bar.value) == ("1,234 of 5,000 passages", 24)
    assert "documents_switch_again" not in keys(page)


def test_what_holds_it_up_is_told_and_can_be_tried_again(switch: Any) -> None:
    switch["status"] = replace(UNDER_WAY, error="The provider is away.", by_words_alone=True)
    page = open_page()
    assert "held up: The provider is away." in said_by(page)
    assert "searched by words alone" in said_by(page)
    page.button(key="documents_switch_again").click().run()
    assert switch["started"] == 1
    assert "The new embeddings are tried again." in said_by(page)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("The embedding model 'x' needs a key: set OPENAI_API_KEY.", "anahtar istiyor"),
        (BROKE_OFF, "günlükte"),
    ],
)
def test_reasons_are_told_in_the_interface_s_language(switch: Any, error: str, said: str) -> None:
    switch["status"] = replace(UNDER_WAY, error=error)
    page = open_page(lang="tr")
    assert "Yeni vektörler bekliyor" in said_by(page)
    assert said in said_by(page)
