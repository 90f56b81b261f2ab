"""A passage's place and state in the interface's words."""

from __future__ import annotations

from typing import Literal

from leanrag.sources import ChunkView
from leanrag.types import RIGHT_TO_LEFT
from pages._chat_text import isolated
from pages._intents import language_name
from pages._locale import number, t
from pages._row_label import label_text
from pages._safe_text import plain_text

MAX_TITLE_LETTERS = 120


def direction(passage: ChunkView) -> Literal["rtl", "ltr"]:
    """Return which way a passage reads, for the key of the container that it stands in."""
    return "rtl" if passage.language in RIGHT_TO_LEFT else "ltr"


def place_text(passage: ChunkView) -> str:
    """Return where a passage stands in its source, as markdown: headings, page or time stamp."""
    parts = [] if not passage.heading else [cut(passage.heading.replace(" > ", " › "))]
    if passage.page is not None:
        parts.append(t("passages.page", page=number(passage.page)))
    elif passage.label:
        parts.append(label_text(passage.label))
    if not parts:
        parts.append(t("passages.number", number=number(passage.position + 1)))
    return " · ".join(isolated(plain_text(part)) for part in parts)


def badges(passage: ChunkView) -> str:
    """Return what a passage is, and every state that is not the usual one, as badges."""
    shown = [
        f":gray-badge[{t(f'documents.kind_{passage.kind}')}]",
        f":gray-badge[{language_name(passage.language)}]",
        f":gray-badge[{t('documents.count_tokens', count=number(passage.token_count))}]",
    ]
    if not passage.is_citable:
        shown.append(f":orange-badge[{t('passages.citable_no')}]")
    if not passage.enabled:
        shown.append(f":red-badge[{t('passages.enabled_no')}]")
    if passage.edit_id is not None:
        shown.append(f":blue-badge[{t('passages.edited_yes')}]")
    return " ".join(shown)


def tldr_text(passage: ChunkView, most: int = 400) -> str:
    """Return a passage's extract as one quiet line of markdown, which reads as its own words do."""
    words = plain_text(cut(" ".join(passage.tldr.split()), most))
    return f":gray[{isolated(t('documents.tldr'))}: {words}]"


def cut(text: str, most: int = MAX_TITLE_LETTERS) -> str:
    """Return at most so many letters of a text, with a mark where something is missing."""
    return text if len(text) <= most else text[:most].rstrip() + "…"
