"""A whole crawl over real sockets: what is visited, in which order, how gently, and until when."""

from __future__ import annotations

import itertools
import threading
import time
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from leanrag.crawl.crawl import MAX_FAILURES_IN_A_ROW, Crawler
from leanrag.crawl.crawled import CrawlProgress, CrawlRules
from tests.crawl.crawling import FAST, crawl, statuses
from tests.crawl.website import Answer, Website


def test_links_are_followed_breadth_first_in_the_order_of_the_page(
    site: Website, crawler: Crawler
) -> None:
    site.add_page("/", links=["/b", "/a", "/b#again", "http://elsewhere.example/", "mailto:a@b.c"])
    site.add_page("/a", links=["/a1", "/"])
    site.add_page("/b", links=["/b1"])
    site.add_page("/a1", links=["/deep"])
    site.add_page("/b1")
    site.add_page("/deep", links=["/deeper"])
    site.add_page("/deeper")
    pages = crawl(crawler, site)
    assert site.asked() == ["/", "/b", "/a", "/b1", "/a1", "/deep"]
    assert set(statuses(pages).values()) == {"new"}
    assert {path: page.depth for path, page in pages.items()}["/deep"] == 3
    page = pages["/a"]
    assert page.title == "Page /a"
    assert "This paragraph of the page /a tells" in page.text
    assert page.links == (site.url("/a1"), site.url("/"))
    assert datetime.now(UTC) - page.fetched_at < timedelta(minutes=1)


def test_a_crawl_repeats_itself(site: Website, crawler: Crawler) -> None:
    site.add_page("/", links=[f"/{n}" for n in range(8)])
    for n in range(8):
        site.add_page(f"/{n}", links=[f"/{n + 3}", "/gone"])
    first, second = crawl(crawler, site), crawl(crawler, site)
    assert list(first) == list(second)
    assert statuses(first) == statuses(second)


def test_no_more_pages_are_asked_for_than_allowed(site: Website, crawler: Crawler) -> None:
    for n in range(30):
        site.add_page(f"/{n}", links=[f"/{n + 1}", f"/{n + 2}"])
    rules = CrawlRules(max_pages=7, max_depth=100, delay_seconds=0.0)
    assert len(crawl(crawler, site, start="/0", rules=rules)) == 7
    assert len(site.asked()) == 7


def test_robots_txt_is_kept_and_what_it_closes_is_told(site: Website, crawler: Crawler) -> None:
    site.add("/robots.txt", "User-agent: *\nDisallow: /private\n", content_type="text/plain")
    site.add_page("/", links=["/private/a", "/moved"])
    site.pages["/moved"] = Answer.redirect("/private/b")
    pages = crawl(crawler, site)
    assert statuses(pages) == {"/": "new", "/private/a": "refused", "/moved": "refused"}
    assert site.asked() == ["/", "/moved"]
    assert "robots.txt" in pages["/private/a"].reason


def test_a_site_whose_robots_txt_fails_is_left_alone(site: Website, crawler: Crawler) -> None:
    site.add("/robots.txt", status=503)
    site.add_page("/")
    assert statuses(crawl(crawler, site)) == {"/": "failed"}
    assert site.asked() == []


@pytest.mark.timeout(60)
def test_the_delay_is_kept_and_a_longer_crawl_delay_up_to_the_bound(
    site: Website, crawler: Crawler
) -> None:
    site.add("/robots.txt", "User-agent: *\nCrawl-delay: 60\n", content_type="text/plain")
    site.add_page("/", links=["/a", "/b"])
    site.add_page("/a")
    site.add_page("/b")
    start = time.monotonic()
    crawl(crawler, site, rules=CrawlRules(delay_seconds=0.1, max_delay_seconds=0.3))
    assert time.monotonic() - start >= 0.6  # twice the bound


# ---- a sitemap as the start -------------------------------------------------------------------


def test_a_sitemap_names_the_pages_and_their_links_are_not_followed(
    site: Website, crawler: Crawler
) -> None:
    urls = "".join(f"<url><loc>{site.url(path)}</loc></url>" for path in ("/b", "/a"))
    outside = "<url><loc>http://elsewhere.example/</loc></url>"
    site.add("/sitemap.xml", f"<urlset>{outside}{urls}</urlset>", content_type="text/xml")
    site.add_page("/a", links=["/linked"])
    site.add_page("/b")
    site.add_page("/linked")
    assert list(crawl(crawler, site, start="/sitemap.xml")) == ["/b", "/a"]


def test_a_sitemap_that_cannot_be_read_is_one_failed_page(site: Website, crawler: Crawler) -> None:
    pages = crawl(crawler, site, start="/sitemap.xml")
    assert statuses(pages) == {"/sitemap.xml": "failed"}
    assert "404" in pages["/sitemap.xml"].reason


# ---- stopping ---------------------------------------------------------------------------------


def test_a_cancelled_crawl_asks_for_nothing_more(site: Website, crawler: Crawler) -> None:
    for n in range(20):
        site.add_page(f"/{n}", links=[f"/{n + 1}"])
    cancelled = threading.Event()
    rules = CrawlRules(delay_seconds=0.0, max_depth=100)
    found = []
    for page in crawler.crawl(site.url("/0"), rules, cancelled=cancelled):
        found.append(page)
        if len(found) == 3:
            cancelled.set()
    assert len(found) == len(site.asked()) == 3


@pytest.mark.timeout(60)
def test_cancelling_ends_a_long_wait(site: Website, crawler: Crawler) -> None:
    site.add_page("/", links=["/a"])
    site.add_page("/a")
    cancelled = threading.Event()
    timer = threading.Timer(0.5, cancelled.set)
    timer.start()
    rules = CrawlRules(delay_seconds=600.0)
    pages = list(crawler.crawl(site.url(), rules, cancelled=cancelled))
    timer.join()
    assert [page.url for page in pages] == [site.url("/")]
    assert site.asked() == ["/"]


def test_progress_is_told_before_each_page(site: Website, crawler: Crawler) -> None:
    site.add_page("/", links=["/a", "/b"])
    site.add_page("/a")
    site.add_page("/b")
    told: list[CrawlProgress] = []
    list(crawler.crawl(site.url(), FAST, on_progress=told.append))
    assert told == [
        CrawlProgress(0, 0, site.url("/")),
        CrawlProgress(1, 1, site.url("/a")),
        CrawlProgress(2, 0, site.url("/b")),
    ]


def test_an_iterator_that_is_closed_ends_its_reading_process(
    site: Website, crawler: Crawler
) -> None:
    site.add_page("/", links=["/a"])
    site.add_page("/a")
    before = {child.pid for child in psutil.Process().children()}
    pages = crawler.crawl(site.url(), FAST)
    next(pages)
    running = {child.pid for child in psutil.Process().children()} - before
    assert len(running) == 1
    pages.close()
    assert not any(psutil.pid_exists(pid) for pid in running)


def test_a_website_that_keeps_failing_is_left_alone(site: Website, crawler: Crawler) -> None:
    links = [f"/{n}" for n in range(20)]
    site.add_page("/", links=links)
    for link in links:
        site.add(link, status=500)
    pages = crawl(crawler, site)
    assert len(site.asked()) == 1 + MAX_FAILURES_IN_A_ROW
    assert "stopped here" in list(pages.values())[-1].reason


def test_a_busy_website_is_asked_once_more_after_a_while(site: Website, crawler: Crawler) -> None:
    good = Answer("<html><body><p>At last there is an answer with a text in it.</p></body></html>")
    site.pages["/"] = [Answer(status=503, headers={"Retry-After": "0"}), good]
    site.pages["/busy"] = Answer(status=429, headers={"Retry-After": "3600"})
    assert statuses(crawl(crawler, site)) == {"/": "new"}
    assert statuses(crawl(crawler, site, start="/busy")) == {"/busy": "failed"}
    assert site.asked() == ["/", "/", "/busy"]


def test_two_requests_to_a_host_never_overlap(site: Website, crawler: Crawler) -> None:
    site.add_page("/", links=[f"/{n}" for n in range(5)])
    for n in range(5):
        site.add_page(f"/{n}")
    list(crawler.crawl(site.url(), CrawlRules(delay_seconds=0.05)))
    times = [seen.at for seen in site.requests if seen.path != "/robots.txt"]
    assert len(times) == 6
    assert all(later - earlier >= 0.05 for earlier, later in itertools.pairwise(times))
