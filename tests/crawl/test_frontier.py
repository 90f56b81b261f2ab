"""The queue of a crawl: in scope, each page once, endless families of addresses bounded."""

from __future__ import annotations

import pytest

from leanrag.crawl.frontier import (
    MAX_CALENDAR_PAGES,
    MAX_ONE_PARAMETER,
    MAX_QUERY_VARIANTS,
    Frontier,
    Visit,
)

SITE = "http://shop.example"


@pytest.fixture
def frontier() -> Frontier:
    return Frontier([f"{SITE}/", "help.shop.example"], max_depth=2)


def test_addresses_come_out_in_the_order_they_went_in(frontier: Frontier) -> None:
    for path in ("/c", "/a", "/b"):
        assert frontier.add(SITE + path, 1)
    assert frontier.add(f"{SITE}/urgent", 1, first=True)
    visits = [frontier.pop() for _ in range(5)]
    paths = ["/urgent", "/c", "/a", "/b"]
    assert visits == [*(Visit(SITE + path, 1) for path in paths), None]


def test_a_page_is_queued_once_whatever_its_spelling(frontier: Frontier) -> None:
    assert frontier.add(f"{SITE}/about", 1)
    assert not frontier.add("https://www.shop.example/about/index.html?utm_source=x", 1)
    assert frontier.is_waiting(f"{SITE}/about/")
    frontier.pop()
    assert not frontier.is_waiting(f"{SITE}/about/")
    assert not frontier.add(f"{SITE}/about", 0)


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("https://www.shop.example/", True),
        ("http://help.shop.example/x", True),
        ("http://blog.shop.example/", False),
        ("http://shop.example.evil.example/", False),
        ("http://evilshop.example/", False),
        ("http://shop.example:8080/", False),
    ],
)
def test_only_the_hosts_of_the_crawl_are_visited(
    url: str, is_taken: bool, frontier: Frontier
) -> None:
    assert frontier.add(url, 1) == is_taken


def test_pages_deeper_than_the_limit_are_left(frontier: Frontier) -> None:
    assert frontier.add(f"{SITE}/near", 2)
    assert not frontier.add(f"{SITE}/far", 3)


@pytest.mark.parametrize(
    "path",
    ["/a.jpg", "/b.PNG", "/c.zip", "/d.mp4", "/e.css", "/feed.rss", "/f.docx", "/img.webp?x"],
)
def test_what_is_no_page_by_its_name_is_left(path: str, frontier: Frontier) -> None:
    assert not frontier.add(SITE + path, 1)


@pytest.mark.parametrize(
    "path", ["/price-list.pdf", "/a.html", "/v1.2", "/notes.txt", "/x.php?a=1"]
)
def test_pages_texts_and_pdfs_are_taken(path: str, frontier: Frontier) -> None:
    assert frontier.add(SITE + path, 1)


def taken(frontier: Frontier, pattern: str, count: int = 700) -> int:
    return sum(
        frontier.add(SITE + pattern.format(n, n % 12 + 1, 1000 + n), 1) for n in range(count)
    )


@pytest.mark.parametrize(
    ("pattern", "most"),
    [
        ("/calendar?month={1}&year={2}", MAX_CALENDAR_PAGES),
        ("/events?date=2031-{1:02}-{0}", MAX_CALENDAR_PAGES),
        ("/events/2031/{0}/", MAX_CALENDAR_PAGES),
        ("/رویداد/1404-{0}", MAX_CALENDAR_PAGES),
        ("/list?sort={0}&color=red", MAX_QUERY_VARIANTS),
        ("/index.php?id={0}", MAX_ONE_PARAMETER),
        ("/product/{0}", 700),
        ("/2031/05/post-{0}", 700),
    ],
)
def test_endless_families_are_bounded_and_others_are_not(
    pattern: str, most: int, frontier: Frontier
) -> None:
    assert taken(frontier, pattern) == most


def test_relative_links_that_lead_in_circles_are_left(frontier: Frontier) -> None:
    assert frontier.add(f"{SITE}/a/b/a/b", 1)
    assert not frontier.add(f"{SITE}/a/b/a/b/a/b", 1)
    assert not frontier.add(SITE + "".join(f"/{n}x" for n in range(40)), 1)
