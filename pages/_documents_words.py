"""Sizes, states and facts of sources in the interface's words."""

from __future__ import annotations

from leanrag.sources import SourceView
from leanrag.types import SourceStatus
from pages._intents import language_name
from pages._locale import number, t
from pages._safe_text import plain_text

_STATUS_COLOURS: dict[SourceStatus, str] = {
    "pending": "gray",
    "processing": "blue",
    "processed": "green",
    "failed": "red",
    "cancelled": "orange",
}
MEGABYTE = 2**20
MAX_TITLE_LETTERS = 120
_TAGS_SHOWN = 6


def size_text(byte_size: int) -> str:
    """Write a size in MB from 1 MB on, in KB below; one decimal below ten."""
    is_big = byte_size >= MEGABYTE
    size = byte_size / (MEGABYTE if is_big else 1024)
    shown = number(round(size, 1) if size < 10 or is_big else round(size))
    return t("documents.megabytes" if is_big else "documents.kilobytes", size=shown)


def title_text(source: SourceView) -> str:
    """Return a source's title for markdown, cut where it is long, in its own direction."""
    title = source.title
    if len(title) > MAX_TITLE_LETTERS:
        title = title[:MAX_TITLE_LETTERS].rstrip() + "…"
    return isolated(plain_text(title))


def status_badge(status: SourceStatus) -> str:
    """Return a state's name as a coloured badge, for markdown."""
    return f":{_STATUS_COLOURS[status]}-badge[{t(f'documents.status_{status}')}]"


def status_text(source: SourceView) -> str:
    """Return a source's state, and that it is in use in spite of an error."""
    state = t(f"documents.status_{source.status}")
    if source.status == "processed" and source.error:
        return f"{state} ({t('documents.with_warning')})"
    return state


def isolated(text: str) -> str:
    """Return text that keeps its own direction, and does not turn that of the line it stands in."""
    return f"\u2068{text}\u2069"


def citable_text(is_citable: bool) -> str:
    """Return whether a source may be quoted or is only learnt from."""
    return t("documents.citable_yes" if is_citable else "documents.citable_no")


def enabled_text(enabled: bool) -> str:
    """Return whether a source is used at all."""
    return t("documents.enabled_yes" if enabled else "documents.enabled_no")


def badges(source: SourceView) -> str:
    """Return a source's state and kind, and what is not usual about it, as badges for markdown."""
    shown = [status_badge(source.status), f":gray-badge[{t(f'documents.kind_{source.kind}')}]"]
    if source.language:
        shown.append(f":gray-badge[{language_name(source.language)}]")
    if source.status == "processed" and source.error:
        shown.append(f":orange-badge[{t('documents.with_warning')}]")
    if not source.is_citable:
        shown.append(f":orange-badge[{citable_text(False)}]")
    if not source.enabled:
        shown.append(f":red-badge[{enabled_text(False)}]")
    return " ".join(shown)


def tags_text(source: SourceView) -> str:
    """Return a source's tags as badges for markdown; empty where it has none."""
    named = [f":violet-badge[{plain_text(tag)}]" for tag in source.tags[:_TAGS_SHOWN]]
    if len(source.tags) > _TAGS_SHOWN:
        named.append(f":violet-badge[+{number(len(source.tags) - _TAGS_SHOWN)}]")
    return " ".join(named)


def facts(source: SourceView) -> tuple[str, ...]:
    """Return how large a source is, each fact a few words."""
    known = []
    if source.passage_count:
        known.append(t("documents.count_passages", count=number(source.passage_count)))
        known.append(t("documents.count_tokens", count=number(source.token_count)))
    if source.page_count:
        known.append(t("documents.count_pages", count=number(source.page_count)))
    known.append(size_text(source.byte_size))
    return tuple(known)
