"""What comes out of the process that reads a document, a table, a web page or subtitles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DocumentFormat = Literal["docx", "xlsx", "csv", "html", "subtitles"]
Refusal = Literal[
    "encrypted",
    "damaged",
    "too_many_parts",
    "unpacks_too_large",
    "packed_too_tightly",
    "declares_entities",
    "odd_part_names",
    "too_many_cells",
    "too_much_text",
    "no_cues",
    "no_table",
]
MAX_TEXT_CHARACTERS = 10_000_000  # some 4,000 pages; as JSON in ASCII within what a child may write


class Refused(Exception):
    """A reader will not go on; `reason` says why, and the parent process has the sentence."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TextPart:
    """A part of a document as Markdown; `label` is where it stands ("00:12:05"), if that helps.

    `rows`: the row of its file that each line is from, 0 for a heading and the header of a table;
    empty where it is no sheet.
    """

    text: str
    label: str = ""
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentReport:
    """What the process found; `refusal` is set where the file cannot be read.

    `rejection` is a refusal in words, for a sentence that names a row: the code of an error of
    leanrag.errors, its sentence and its details.
    """

    title: str = ""
    parts: tuple[TextPart, ...] = ()
    refusal: Refusal | None = None
    rejection: tuple[str, str, dict[str, object]] | None = None


def check_length(characters: int) -> None:
    """Raise Refused where a text has more characters than are taken."""
    if characters > MAX_TEXT_CHARACTERS:
        raise Refused("too_much_text")
