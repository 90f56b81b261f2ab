"""The frozen values that travel between the steps of ingest."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from leanrag.types import Language


@dataclass(frozen=True, slots=True)
class ExtractedPage:
    """Text of one page in reading order; `number` counts from 1, None where a file has no pages.

    `label` names the place where there is no page to cite: the time stamp of subtitles, "00:12:05".
    `rows` has the row of the sheet that each line of `text` is from, 0 for a heading and the header
    of a table; it is empty for what is no sheet.
    """

    number: int | None
    text: str
    label: str = ""
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ExtractedDocument:
    """What a file says: its title (metadata or first heading; may be empty) and its pages."""

    title: str
    pages: tuple[ExtractedPage, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage cut from a source, before it is embedded.

    `heading` is the path of headings joined by " > "; `token_count` counts `text` in o200k_base;
    `label` is that of the page on which it begins, or its rows in a sheet ("rows 12-20"); `url` is
    that page's address on the web.
    `is_citable` None is inherited from the source; `edit_id` names a person's edit it carries.
    `tldr_by` is the model that was asked for the passage's own TL;DR; empty for an extract.
    """

    position: int
    title: str
    heading: str
    text: str
    tldr: str
    language: Language
    token_count: int
    content_hash: str
    page: int | None = None
    label: str = ""
    url: str = ""
    is_citable: bool | None = None
    enabled: bool = True
    edit_id: UUID | None = None
    tldr_by: str = ""
