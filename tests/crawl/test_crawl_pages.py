"""What is said of each page of a crawl: read, refused, failed, moved, excluded or a duplicate."""

from __future__ import annotations

import pytest

from leanrag.crawl.crawl import Crawler
from leanrag.crawl.crawled import CrawlRules
from leanrag.crawl.failures import FetchRefused
from leanrag.crawl.page_reader import ReaderLimits
from leanrag.crawl.safe_fetch import SafeFetcher
from tests.crawl.crawling import FAST, crawl, statuses
from tests.crawl.website import Answer, Website


def test_each_failure_is_one_plain_sentence(site: Website, crawler: Crawler) -> None:
    site.add_page("/", links=["/404", "/410", "/403", "/500", "/image", "/big", "/away", "/loop"])
    site.add("/410", status=410)
    site.add("/403", status=403)
    site.add("/500", status=500)
    site.add("/image", b"\x89PNG", content_type="image/png")
    site.add("/big", b"x" * 6_000_000)
    site.pages["/away"] = Answer.redirect("http://elsewhere.example/")
    site.pages["/loop"] = Answer.redirect("/loop")
    pages = crawl(crawler, site)
    del pages["/"]
    assert statuses(pages) == {
        "/404": "gone",
        "/410": "gone",
        "/403": "failed",
        "/500": "failed",
        "/image": "excluded",
        "/big": "failed",
        "/away": "excluded",
        "/loop": "failed",
    }
    assert all(page.reason.endswith(".") and "\n" not in page.reason for page in pages.values())


def test_links_to_private_addresses_are_refused_without_a_request(
    site: Website, crawler: Crawler
) -> None:
    with Website() as neighbour:
        site.add_page("/", links=[neighbour.url("/admin"), "/moved"])
        site.pages["/moved"] = Answer.redirect(neighbour.url("/other"))
        rules = CrawlRules(hosts=(neighbour.host,), delay_seconds=0.0)
        pages = crawl(crawler, site, rules=rules)
        assert statuses(pages) == {
            "/": "new",
            neighbour.url("/admin"): "refused",
            "/moved": "refused",
        }
        assert neighbour.requests == []


def test_a_listed_host_is_visited_too(site: Website) -> None:
    with Website() as other:
        other.add_page("/x", text="A page on the other host that says something else entirely.")
        site.add_page("/", links=[other.url("/x")])
        crawler = Crawler(SafeFetcher(allowed_hosts=[site.host, other.host]))
        assert list(crawl(crawler, site)) == ["/"]
        rules = CrawlRules(hosts=(other.host,), delay_seconds=0.0)
        assert list(crawl(crawler, site, rules=rules)) == ["/", other.url("/x")]


def test_a_start_that_must_not_be_fetched_is_refused_at_once(crawler: Crawler) -> None:
    for start in ("http://10.0.0.1/", "file:///etc/passwd", "http://localhost/", "ftp://x.y"):
        with pytest.raises(FetchRefused):
            crawler.crawl(start, FAST)


def test_a_start_whose_name_leads_inside_is_one_refused_page() -> None:
    crawler = Crawler(SafeFetcher(resolver=lambda host, port: ["192.168.0.1"]))
    pages = list(crawler.crawl("http://shop.example/", FAST))
    assert [page.status for page in pages] == ["refused"]
    assert "shop.example is not on the public internet" in pages[0].reason


def test_a_redirected_page_is_told_under_both_addresses(site: Website, crawler: Crawler) -> None:
    site.add_page("/", links=["/old", "/new", "/older"])
    site.pages["/old"] = Answer.redirect("/new", status=301)
    site.pages["/older"] = Answer.redirect("/new", status=301)
    site.add_page("/new")
    pages = crawl(crawler, site)
    assert statuses(pages) == {
        "/": "new",
        "/old": "duplicate",
        "/new": "new",
        "/older": "duplicate",
    }
    assert pages["/old"].same_as == pages["/older"].same_as == site.url("/new")


def test_noindex_and_nofollow_are_kept(site: Website, crawler: Crawler) -> None:
    def page(name: str, robots: str, link: str) -> str:
        return (
            f"<html><head><meta name='Robots' content='{robots}'></head><body><p>The text of page "
            f"{name} is long enough to count as one.</p><a href='{link}'>x</a></body></html>"
        )

    site.add_page("/", links=["/noindex", "/nofollow", "/none", "/header", "/other-robot"])
    site.add("/noindex", page("one", "noindex", "/followed"))
    site.add("/nofollow", page("two", "max-snippet:3, NoFollow", "/not-1"))
    site.add("/none", page("three", "none", "/not-2"))
    site.add("/header", page("four", "all", "/not-3"), headers={"X-Robots-Tag": "leanrag: none"})
    site.add("/other-robot", page("five", "", "/too"), headers={"X-Robots-Tag": "other: noindex"})
    site.add_page("/followed")
    site.add_page("/too")
    pages = crawl(crawler, site)
    assert statuses(pages) == {
        "/": "new",
        "/noindex": "excluded",
        "/nofollow": "new",
        "/none": "excluded",
        "/header": "excluded",
        "/other-robot": "new",
        "/followed": "new",
        "/too": "new",
    }
    assert pages["/noindex"].text == ""


def test_a_page_with_the_text_of_another_is_a_duplicate_and_leads_nowhere(
    site: Website, crawler: Crawler
) -> None:
    site.add_page("/", links=["/a", "/b"])
    same = "The very same words stand on both of these pages, so one of them is enough."
    html = "<html><body><main><p>{}</p></main><a href='{}'>more</a></body></html>"
    site.add("/a", html.format(same, "/from-a"))
    site.add("/b", html.format(same, "/from-b"))
    site.add_page("/from-a")
    pages = crawl(crawler, site)
    assert statuses(pages) == {"/": "new", "/a": "new", "/b": "duplicate", "/from-a": "new"}
    assert pages["/b"].same_as == site.url("/a")


def test_a_trap_that_makes_pages_for_ever_is_left(site: Website, crawler: Crawler) -> None:
    class Endless(dict[str, Answer | list[Answer]]):
        def get(self, path: str, default: object = None) -> Answer:  # type: ignore[override]
            links = f"<a href='{path.rstrip('/')}/next'>n</a><a href='?page={len(path)}'>p</a>"
            return Answer(f"<html><body><p>Always the same words here.</p>{links}</body></html>")

    site.pages = Endless()
    rules = CrawlRules(max_depth=1_000, max_pages=1_000, delay_seconds=0.0)
    crawl(crawler, site, rules=rules)
    assert len(site.asked()) < 10


def canonical_page(name: str, canonical: str, *links: str) -> str:
    anchors = "".join(f"<a href='{link}'>x</a>" for link in links)
    return (
        f"<html><head><link rel='canonical' href='{canonical}'></head><body><p>The text of the "
        f"page {name}, which is its own.</p>{anchors}</body></html>"
    )


def test_a_page_gives_way_to_the_address_that_it_calls_its_own(
    site: Website, crawler: Crawler
) -> None:
    site.add_page("/", links=["/red", "/blue", "/last"])
    site.add("/red", canonical_page("red", "/shirt", "/from-red"))
    site.add("/blue", canonical_page("blue", "/shirt"))
    site.add("/shirt", canonical_page("shirt", "/shirt"))
    site.add_page("/last")
    site.add_page("/from-red")
    pages = crawl(crawler, site)
    assert statuses(pages) == {
        "/": "new",
        "/shirt": "new",
        "/red": "duplicate",
        "/blue": "duplicate",
        "/last": "new",
        "/from-red": "new",
    }
    assert pages["/red"].same_as == site.url("/shirt")
    assert pages["/red"].text == ""


def test_a_page_that_sends_its_visitors_on_gives_way(site: Website, crawler: Crawler) -> None:
    site.add("/", "<meta http-equiv='refresh' content='0;url=/home'><p>You will be moved.</p>")
    site.add_page("/home")
    pages = crawl(crawler, site)
    assert statuses(pages) == {"/home": "new", "/": "duplicate"}


def test_a_canonical_address_that_cannot_be_read_costs_no_page(
    site: Website, crawler: Crawler
) -> None:
    site.add_page("/", links=["/a", "/b", "/c", "/d", "/e"])
    site.add("/a", canonical_page("a", "/missing"))
    site.add("/b", canonical_page("b", "http://elsewhere.example/b"))
    site.add("/c", canonical_page("c", "/"))  # a template's mistake
    site.add("/d", canonical_page("d", "/e"))
    site.add("/e", canonical_page("e", "/d"))  # in a circle
    pages = crawl(crawler, site)
    del pages["/"]
    assert statuses(pages) == {
        "/missing": "gone",
        "/a": "new",
        "/b": "new",
        "/c": "new",
        "/d": "duplicate",  # in their circle the one that is read last stands
        "/e": "new",
    }


def test_a_page_without_text_says_so(site: Website, crawler: Crawler) -> None:
    site.add("/", "<html><body><div id='app'></div><script>render()</script></body></html>")
    page = crawl(crawler, site)["/"]
    assert page.status == "excluded"
    assert "scripts" in page.reason


def test_a_pdf_is_handed_on_and_a_text_is_read(site: Website, crawler: Crawler) -> None:
    site.add_page("/", links=["/list.pdf", "/notes.txt"])
    site.add("/list.pdf", b"%PDF-1.7 ...", content_type="application/pdf")
    site.add("/notes.txt", "سلام دنیا، این یک متن ساده است.", content_type="text/plain")
    pages = crawl(crawler, site)
    assert pages["/list.pdf"].file == b"%PDF-1.7 ..."
    assert pages["/list.pdf"].content_hash
    assert pages["/notes.txt"].text.startswith("سلام")
    assert pages["/notes.txt"].content.language == "fa"


def test_a_page_that_breaks_its_reader_costs_no_other(site: Website, fetcher: SafeFetcher) -> None:
    site.add_page("/", links=["/bomb", "/good"])
    site.add("/bomb", "<p " + " ".join(f"a{n}=1" for n in range(150_000)) + ">x")
    site.add_page("/good")
    crawler = Crawler(fetcher, reader_limits=ReaderLimits(cpu_seconds=1, wall_seconds=3))
    assert statuses(crawl(crawler, site)) == {"/": "new", "/bomb": "failed", "/good": "new"}
