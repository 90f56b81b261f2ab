"""A second crawl: what changed since the first, and what is asked for again."""

from __future__ import annotations

from dataclasses import replace

from leanrag.crawl.crawl import MAX_FAILURES_IN_A_ROW, Crawler
from leanrag.crawl.crawled import CrawledPage, KnownPage, PageContent
from tests.crawl.crawling import crawl, remember, statuses
from tests.crawl.website import Answer, Website


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


def test_what_a_broken_crawl_has_settled_is_told_again_without_a_request(
    site: Website, crawler: Crawler
) -> None:
    site.add_page("/", links=["/a", "/old", "/b"])
    for path in ("/a", "/b", "/new"):
        site.add_page(path, links=["/behind"] if path == "/new" else ())
    site.pages["/old"] = Answer.redirect("/new")
    site.add_page("/behind")
    whole = crawl(crawler, site)
    settled = [
        KnownPage(page.url, links=page.links, settled=replace(page, content=_links(page)))
        for path, page in whole.items()
        if path in ("/", "/a", "/old")  # the break came before the page behind the redirect
    ]
    site.requests.clear()
    pages = crawl(crawler, site, known=settled)
    assert statuses(pages) == statuses(whole)
    assert site.asked() == ["/new", "/b", "/behind"]


def test_known_pages_are_told_of_when_a_website_fails(site: Website, crawler: Crawler) -> None:
    site.add("/", status=500)
    known = [KnownPage(site.url(f"/{number}"), content_hash="x") for number in range(20)]
    for number in range(20):
        site.add(f"/{number}", status=500)
    pages = crawl(crawler, site, known=known)
    assert len(site.asked()) == MAX_FAILURES_IN_A_ROW
    assert len(pages) == 21
    assert set(statuses(pages).values()) == {"failed"}


def _links(page: CrawledPage) -> PageContent:
    return PageContent(links=page.links)
