"""A second crawl: what changed since the first, and what is asked for again."""

from __future__ import annotations

from leanrag.crawl.crawl import Crawler
from leanrag.crawl.crawled import KnownPage
from tests.crawl.crawling import crawl, remember, statuses
from tests.crawl.website import Website


def test_a_second_crawl_tells_what_changed(site: Website, crawler: Crawler) -> None:
    site.add_page("/", links=["/same", "/edited", "/tagged", "/gone", "/unlinked"])
    for path in ("/same", "/edited", "/gone", "/unlinked"):
        site.add_page(path)
    site.add_page("/tagged", links=["/behind"], headers={"ETag": '"v1"'})
    site.add_page("/behind")
    first = crawl(crawler, site)
    assert set(statuses(first).values()) == {"new"}

    site.add_page("/", links=["/same", "/edited", "/tagged", "/gone", "/added"])
    site.add_page("/edited", text="Nothing of what stood here before is left on this page.")
    site.add_page("/added")
    del site.pages["/gone"]
    second = crawl(crawler, site, known=remember(first))
    assert statuses(second) == {
        "/": "unchanged",  # but for its menu, whose links are followed as they are now
        "/same": "unchanged",
        "/edited": "changed",
        "/tagged": "unchanged",
        "/gone": "gone",
        "/added": "new",
        "/behind": "unchanged",  # found through the links remembered of a page not sent again
        "/unlinked": "unchanged",
    }
    assert site.url("/added") in second["/"].links
    assert second["/tagged"].text == ""
    assert second["/tagged"].content_hash == first["/tagged"].content_hash
    assert second["/tagged"].links == (site.url("/behind"),)
    assert second["/tagged"].etag == '"v1"'


def test_a_change_outside_the_main_text_is_none(site: Website, crawler: Crawler) -> None:
    html = "<html><body><!-- {0} --><main><p>The text of this page stays.</p></main></body></html>"
    site.add("/", html.format(1))
    first = crawl(crawler, site)
    site.add("/", html.format(2).replace("stays.", "stays.\n  "))
    assert statuses(crawl(crawler, site, known=remember(first))) == {"/": "unchanged"}


def test_known_pages_of_other_hosts_are_not_asked_for(site: Website, crawler: Crawler) -> None:
    site.add_page("/")
    known = [KnownPage("http://elsewhere.example/"), KnownPage("http://10.0.0.1/")]
    assert list(crawl(crawler, site, known=known)) == ["/"]
