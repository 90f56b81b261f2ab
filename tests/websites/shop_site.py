"""A shop on a real website, and its passages."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit
from uuid import UUID

from leanrag.sources import SourceView
from tests.crawl.website import Website
from tests.product_parts import Parts

Crawl = Callable[..., SourceView]


def shop(site: Website, *paths: str) -> None:
    site.add_page("/", links=paths)
    for path in paths:
        site.add_page(path)


def passages(parts: Parts, tenant_id: UUID, source: SourceView) -> dict[str, str]:
    """The texts of the passages by the path of their page."""
    chunks = parts.sources.chunks(tenant_id, source.source_id, limit=1000)
    return {urlsplit(chunk.url).path[1:]: chunk.text for chunk in chunks}
