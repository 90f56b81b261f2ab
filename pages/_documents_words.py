"""Sizes, states and facts of sources in the interface's words."""

from __future__ import annotations

from leanrag.sources import SourceView
from leanrag.types import SourceStatus
from pages._locale import number, t

_STATUS_COLOURS: dict[SourceStatus, str] = {
    "pending": "gray",
    "processing": "blue",
    "processed": "green",
    "failed": "red",
}
MEGABYTE = 2**20


def size_text(byte_size: int) -> str:
    """Write a size in MB from 1 MB on, in KB below; one decimal below ten."""
    is_big = byte_size >= MEGABYTE
    size = byte_size / (MEGABYTE if is_big else 1024)
    shown = number(round(size, 1) if size < 10 or is_big else round(size))
    return t("documents.megabytes" if is_big else "documents.kilobytes", size=shown)


def status_badge(status: SourceStatus) -> str:
    """Return a state's name as a coloured badge, for markdown."""
    return f":{_STATUS_COLOURS[status]}-badge[{t(f'documents.status_{status}')}]"


def isolated(text: str) -> str:
    """Return text that keeps its own direction, and does not turn that of the line it stands in."""
    return f"\u2068{text}\u2069"


def citable_text(is_citable: bool) -> str:
    """Return whether a source may be quoted or is only learnt from."""
    return t("documents.citable_yes" if is_citable else "documents.citable_no")


def facts(source: SourceView) -> tuple[str, ...]:
    """Return what is known of a source, each fact a few words."""
    known = [t(f"documents.kind_{source.kind}"), citable_text(source.is_citable)]
    if source.status == "processed":
        known.append(t("documents.count_passages", count=number(source.passage_count)))
        known.append(t("documents.count_tokens", count=number(source.token_count)))
    if source.page_count:
        known.append(t("documents.count_pages", count=number(source.page_count)))
    known.append(size_text(source.byte_size))
    return tuple(known)
