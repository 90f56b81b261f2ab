"""robots.txt is asked for once a site and kept, also where it cannot be had."""

from __future__ import annotations

import pytest

from leanrag.crawl.robots import RobotsPolicy
from leanrag.crawl.safe_fetch import SafeFetcher
from tests.crawl.website import Answer, Website


def test_rules_for_all_robots_and_for_this_one_are_kept(
    site: Website, fetcher: SafeFetcher
) -> None:
    site.add(
        "/robots.txt",
        "\ufeffUser-agent: *\nDisallow: /\n\nUser-agent: LeanRAG\nDisallow: /private/\n"
        "Allow: /private/open$\nDisallow: /*.cgi\nCrawl-delay: 7\n",
        content_type="text/plain",
    )
    robots = RobotsPolicy(fetcher)
    allowed = {path: robots.check(site.url(path)).is_allowed for path in (
        "/", "/private/x", "/private/open", "/private/open/x", "/a/b.cgi", "/robots.txt"
    )}  # fmt: skip
    assert allowed == {
        "/": True,
        "/private/x": False,
        "/private/open": True,
        "/private/open/x": False,
        "/a/b.cgi": False,
        "/robots.txt": True,
    }
    assert robots.check(site.url()).delay_seconds == 7.0
    assert "robots.txt" in robots.check(site.url("/private/x")).reason
    assert [seen.path for seen in site.requests] == ["/robots.txt"]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_missing_robots_txt_allows_everything(
    status: int, site: Website, fetcher: SafeFetcher
) -> None:
    site.add("/robots.txt", "Disallow: /", status=status)
    assert RobotsPolicy(fetcher).check(site.url("/x")).is_allowed


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failing_robots_txt_closes_the_site(
    status: int, site: Website, fetcher: SafeFetcher
) -> None:
    site.add("/robots.txt", status=status)
    verdict = RobotsPolicy(fetcher).check(site.url("/x"))
    assert not verdict.is_allowed
    assert str(status) in verdict.reason


def test_a_robots_txt_that_never_ends_closes_the_site(site: Website, fetcher: SafeFetcher) -> None:
    site.add("/robots.txt", b"# comment\n" * 60_000)
    verdict = RobotsPolicy(fetcher).check(site.url("/x"))
    assert not verdict.is_allowed
    assert "larger than the limit" in verdict.reason


def test_redirects_of_robots_txt_are_followed(site: Website, fetcher: SafeFetcher) -> None:
    site.pages["/robots.txt"] = Answer.redirect("/rules")
    site.add("/rules", "User-agent: *\nDisallow: /x", content_type="text/plain")
    assert not RobotsPolicy(fetcher).check(site.url("/x")).is_allowed


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe\x00", b"<html>404</html>", b"User-agent: *\nCrawl-delay: soon\n"]
)
def test_a_robots_txt_of_nonsense_allows_everything(
    body: bytes, site: Website, fetcher: SafeFetcher
) -> None:
    site.add("/robots.txt", body)
    verdict = RobotsPolicy(fetcher).check(site.url("/x"))
    assert verdict.is_allowed
    assert verdict.delay_seconds == 0.0


def test_a_pattern_of_many_stars_costs_no_time(site: Website, fetcher: SafeFetcher) -> None:
    site.add("/robots.txt", "User-agent: *\nDisallow: /" + "*a" * 500 + "$\n")
    assert RobotsPolicy(fetcher).check(site.url("/" + "a" * 1_500 + "b")).is_allowed
