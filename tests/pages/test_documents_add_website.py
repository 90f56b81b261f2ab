"""Adding a website: its address is checked at once, and the crawl goes as far as was said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from leanrag.bootstrap import Services
from leanrag.websites import Websites
from tests.knowledge_page import choose, open_page, opened_page, speak, texts


@pytest.fixture
def page(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    # The crawl itself is the job's: nothing here may leave for the network.
    real = Websites.add
    monkeypatch.setattr(
        Websites, "add", lambda self, tenant, start: real(self, tenant, start, enqueue=False)
    )
    with opened_page(services, monkeypatch) as opened:
        yield choose(opened, "website")


def start(page: AppTest, url: str) -> AppTest:
    page.text_input[0].set_value(url).run()
    page.button(key="documents_website_start").click().run()
    assert not page.exception
    return page


def websites(services: Services) -> list[dict[str, object]]:
    listed = services.sources.list(services.local_tenant_id)
    return [dict(source.origin) for source in listed if source.form == "website"]


def test_a_website_is_added_with_its_limits(page: AppTest, services: Services) -> None:
    page.number_input(key="documents_website_pages").set_value(7)
    page.number_input(key="documents_website_depth").set_value(1)
    page.session_state["documents_website_hosts"] = ["help.example.org"]
    start(page, "https://www.example.org/start")
    (origin,) = websites(services)
    assert origin["url"] == "https://www.example.org/start"
    assert (origin["max_pages"], origin["max_depth"]) == (7, 1)
    assert origin["hosts"] == ["help.example.org"]
    assert page.text_input[0].value == ""


def test_an_address_without_its_beginning_gets_https(page: AppTest, services: Services) -> None:
    start(page, "www.example.org")
    assert [origin["url"] for origin in websites(services)] == ["https://www.example.org/"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "Write the address first"),
        ("http://10.0.0.8/", "not on the public internet"),
        ("http://localhost/", "not on the public internet"),
        ("http://169.254.169.254/latest", "metadata service"),
        ("ftp://example.org", "does not begin with http"),
        ("http://user:secret@example.org", "user name or password"),
        ("https://example.org:22/", "Port 22"),
        ("not a site", "correct it"),
    ],
)
def test_a_refused_address_says_why_beside_the_field_and_is_kept(
    page: AppTest, services: Services, url: str, said: str
) -> None:
    start(page, url)
    assert said in page.error[0].value
    assert page.text_input[0].value == url
    assert websites(services) == []
    page.text_input[0].set_value("https://example.org").run()
    assert said not in texts(page)


def test_the_same_address_again_is_said_to_be_there(page: AppTest, services: Services) -> None:
    start(page, "https://www.example.org/start")
    start(page, "https://www.example.org/start#part")
    assert "already there" in page.info[0].value
    assert len(websites(services)) == 1


def test_a_refusal_is_told_in_the_language_of_the_interface(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak(monkeypatch, "tr")
    turkish = start(choose(open_page(), "website"), "http://localhost/")
    assert "herkese açık internette değil" in turkish.error[0].value
