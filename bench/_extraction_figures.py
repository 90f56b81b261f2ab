"""How much of a printed text comes back: character error rates, and the errors by letter."""

from __future__ import annotations

import difflib
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pypdf import PdfReader
from rapidfuzz.distance import Levenshtein

from leanrag.ingest.extract import extract
from leanrag.ingest.validate import PDF
from leanrag.settings import Settings
from leanrag.text.normalize import clean, fold

_MARKS = re.compile(r"^#{1,6} |^\\(?=#)", re.MULTILINE)  # what `extract` adds to what is printed


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """Edits (insert, delete, replace) over the source's letters, white space collapsed.

    `exact` compares letter for letter; `folded` compares what a search sees: without ZWNJ, vowel
    marks and variants of a letter. `lines` is the share of the source's lines found as they are.
    """

    exact: float
    folded: float
    lines: float


@dataclass(frozen=True, slots=True)
class Printed:
    """One PDF: who made it in which font, and how well LeanRAG and plain pypdf read it."""

    language: str
    producer: str
    font: str
    pages: int
    leanrag: ErrorRates
    pypdf: ErrorRates


def read_with_leanrag(data: bytes, settings: Settings) -> tuple[str, ...]:
    """Return the text of each page, without the marks that say what a heading is."""
    pages = extract(data, PDF, settings=settings).pages
    return tuple(_MARKS.sub("", page.text) for page in pages)


def read_with_pypdf(data: bytes) -> tuple[str, ...]:
    """Return the text of each page as pypdf gives it."""
    return tuple(clean(page.extract_text()) for page in PdfReader(io.BytesIO(data)).pages)


def rate(source: Sequence[str], pages: Sequence[str]) -> ErrorRates:
    """Compare what was read with the source's lines."""
    expected, found = _collapse("\n".join(source)), _collapse("\n".join(pages))
    whole = [_collapse(line) for line in source]
    return ErrorRates(
        exact=_error_rate(expected, found),
        folded=_error_rate(_collapse(fold(expected)), _collapse(fold(found))),
        lines=sum(line in found for line in whole) / len(whole),
    )


def common_errors(source: Sequence[str], pages: Sequence[str]) -> list[tuple[str, int]]:
    """Return what most often became of which letter, with how often."""
    expected, found = _collapse("\n".join(source)), _collapse("\n".join(pages))
    errors: Counter[str] = Counter()
    for edit in Levenshtein.editops(expected, found):
        lost = "" if edit.tag == "insert" else _name(expected[edit.src_pos])
        new = "" if edit.tag == "delete" else _name(found[edit.dest_pos])
        errors[f"{lost or 'nothing'} → {new or 'nothing'}"] += 1
    return errors.most_common(12)


def differing_lines(source: Sequence[str], pages: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the source that were not read as they are, each with what was read."""
    expected = [_collapse(line) for line in source]
    found = [_collapse(line) for page in pages for line in page.split("\n") if line.strip()]
    for line in difflib.unified_diff(expected, found, "source", "read", n=0, lineterm=""):
        if not line.startswith("@@"):
            yield line


def _collapse(text: str) -> str:
    return " ".join(text.split())


def _error_rate(expected: str, found: str) -> float:
    return Levenshtein.distance(expected, found) / len(expected)


def _name(letter: str) -> str:
    return f"{letter} ({unicodedata.name(letter, hex(ord(letter))).lower()})"
