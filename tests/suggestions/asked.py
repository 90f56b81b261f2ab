"""Questions that a website publishes with their answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from leanrag.sources import SourceView
from leanrag.suggestions import SuggestionView
from tests.crawl.website import Website

DAYS = "How long does delivery take?"
COST = "What does delivery cost?"
Crawl = Callable[..., SourceView]


@dataclass(frozen=True, slots=True)
class Crawled:
    """A website that was crawled, and the pairs of it that wait."""

    website: SourceView
    pairs: tuple[SuggestionView, ...]

    @property
    def ids(self) -> list[UUID]:
        """The pairs' ids, in their order."""
        return ids(self.pairs)


def publish(site: Website, pairs: dict[str, str], path: str = "/", also: str = "") -> None:
    asked = "".join(f"<h2>{question}</h2><p>{answer}</p>" for question, answer in pairs.items())
    site.add(
        path, f"<html lang='en'><body><main><h1>Help {path}</h1>{also}{asked}</main></body></html>"
    )


def ids(found: tuple[SuggestionView, ...]) -> list[UUID]:
    return [one.pair_id for one in found]
