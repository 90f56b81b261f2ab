"""A website of this machine, and a fetcher that the owner lets in there by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from leanrag.crawl.crawl import Crawler
from leanrag.crawl.page_reader import PageReader
from leanrag.crawl.safe_fetch import FetchLimits, SafeFetcher
from tests.crawl.website import Website


@pytest.fixture
def site() -> Iterator[Website]:
    with Website() as running:
        yield running


@pytest.fixture
def fetcher(site: Website) -> SafeFetcher:
    return SafeFetcher(
        limits=FetchLimits(total_seconds=2.0, connect_seconds=1.0), allowed_hosts=[site.host]
    )


@pytest.fixture
def crawler(fetcher: SafeFetcher) -> Crawler:
    return Crawler(fetcher)


@pytest.fixture(scope="module")
def reader() -> Iterator[PageReader]:
    with PageReader() as running:
        yield running
