from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from leanrag.bootstrap import Services
from tests.crawl.website import Website


@pytest.fixture
def site(clean_environment: pytest.MonkeyPatch) -> Iterator[Website]:
    with Website() as running:
        running.add_page("/", links=["/a", "/b"])
        running.add_page("/a")
        running.add("/b", status=500)
        clean_environment.setenv("LEANRAG_CRAWL_ALLOWED_HOSTS", running.host)
        clean_environment.setenv("LEANRAG_CRAWL_DELAY_SECONDS", "0")
        yield running


def test_a_website_is_crawled_and_crawled_again(
    run_beside: Callable[..., Any], site: Website, console: Services
) -> None:
    first = run_beside("index", "--tenant", "demo", "--url", site.url("/"))
    assert (first.code, first.err) == (0, "")
    assert "2 pages, 2 passages" in first.out
    assert "1 page could not be read" in first.out
    site.add_page("/b")
    again = run_beside("index", "-t", "demo", "--url", site.url("/"), "--max-pages", "9")
    assert "3 pages, 3 passages" in again.out
    assert "could not" not in again.out
    found = [
        source
        for source in console.sources.list(console.local_tenant_id)
        if source.form == "website" and source.origin["url"] == site.url("/")
    ]
    assert len(found) == 1
    assert found[0].origin["max_pages"] == 9


def test_a_website_that_cannot_be_read_is_one_line_and_an_exit_code(
    run_beside: Callable[..., Any], site: Website
) -> None:
    ran = run_beside("index", "--tenant", "demo", "--url", site.url("/missing"))
    assert ran.code == 1
    assert ran.err.startswith("No page of this website could be read")
    assert ran.err.count("\n") == 1


def test_a_private_address_is_refused(run_beside: Callable[..., Any]) -> None:
    ran = run_beside("index", "--tenant", "demo", "--url", "http://169.254.169.254/")
    assert ran.code == 1
    assert "metadata" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("a.txt", "--url", "https://a.example/"),
        ("--url", "https://a.example/", "--dry-run"),
        ("a.txt", "--max-pages", "3"),
        ("--url", "https://a.example/", "--source", "01990000-0000-7000-8000-000000000000"),
    ],
)
def test_words_that_do_not_go_together_are_wrong_usage(
    words: tuple[str, ...], run: Callable[..., Any]
) -> None:
    ran = run("index", "--tenant", "demo", *words)
    assert ran.code == 2
