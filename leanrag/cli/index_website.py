"""A website into a tenant's knowledge, crawled here and now, with a line that says how."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from leanrag.cli.terminal import amount
from leanrag.errors import ExtractionFailed

if TYPE_CHECKING:
    from leanrag.bootstrap import Services
    from leanrag.sources import SourceView

_LOOK_SECONDS = 1.0


def index_website(
    services: Services,
    tenant_id: UUID,
    url: str,
    *,
    max_pages: int | None,
    max_depth: int | None,
    is_citable: bool,
    chunk_tokens: int | None,
) -> str:
    """Crawl a website now, again where it is known, and say what became of it.

    Raises FetchRefused and InvalidInput for what cannot be crawled, ExtractionFailed where no page
    could be read.
    """
    from leanrag.websites import WebsiteStart

    start = WebsiteStart(
        url,
        max_depth=max_depth,
        max_pages=max_pages,
        is_citable=is_citable,
        chunk_tokens=chunk_tokens,
    )
    source = services.websites.add(tenant_id, start, enqueue=False).source
    if source.status == "processed":
        services.websites.recrawl(
            tenant_id, source.source_id, max_depth=max_depth, max_pages=max_pages, enqueue=False
        )
    with _showing(services, tenant_id, source.source_id):
        services.ingest.process(tenant_id, source.source_id)
    return _describe(services, tenant_id, services.sources.get(tenant_id, source.source_id))


def _describe(services: Services, tenant_id: UUID, source: SourceView) -> str:
    if source.status != "processed":
        raise ExtractionFailed(source.error or "The crawl did not come to its end; try again.")
    counts = services.websites.page_counts(tenant_id, source.source_id)
    pages, passages = amount(source.page_count or 0, "page"), source.passage_count
    size = f"{pages}, {amount(passages, 'passage')}, {amount(source.token_count, 'token')}"
    failed = counts.get("failed", 0)
    left = f"; {amount(failed, 'page')} could not be read this time" if failed else ""
    return f"{size}, id {source.source_id}{left}"


@contextmanager
def _showing(services: Services, tenant_id: UUID, source_id: UUID) -> Iterator[None]:
    """Show how far the crawl is on the error output, if that is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    done = threading.Event()
    with Console(stderr=True).status("Crawling") as status:

        def look() -> None:
            while not done.wait(_LOOK_SECONDS):
                source = services.sources.get(tenant_id, source_id)
                counted = (
                    f": {source.step_done} of {source.step_total}" if source.step_total else ""
                )
                status.update(f"{source.step.capitalize() or 'Crawling'}{counted}")

        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        try:
            yield
        finally:
            done.set()
            looking.join()
