"""Test questions from a CSV file, each with what a right passage must hold, if it says so."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from leanrag.csv_export import rearm
from leanrag.errors import InvalidInput
from leanrag.ingest.decode import decode_text
from leanrag.text.normalize import clean, fold
from leanrag.types import Passage

MAX_QUESTIONS = 2_000
MAX_FILE_BYTES = 5 * 2**20
_DELIMITERS = (",", ";", "\t", "|")
_NO_DELIMITER = "\x1f"  # an information separator, which `clean` takes out of every text
_SAMPLED_ROWS = 50
_ALIKE_SHARE = 0.8  # of the sampled rows that have as many cells as the first one
_SEPARATOR_LINE = re.compile(r"\A\s*sep=.[ \t]*\n", re.IGNORECASE)  # Excel's own, before the header
_WORD = re.compile(r"[^\W_]+")
# Folded names of each column in the four languages.
_NAMES = {
    "question": "question questions query soru sorular پرسش پرسشها سوال سوالات سؤال السؤال الاسئله",
    "expected": "expected answer gold beklenen yanıt cevap پاسخ انتظار جواب الجواب الاجابه المتوقع",
    "source": "source document file kaynak belge منبع سند فایل مصدر المصدر المستند الملف",
}


@dataclass(frozen=True, slots=True)
class RetrievalQuestion:
    """A question, and what a right passage holds: the text `expected`, or the title of `source`.

    Where both are empty, nothing is expected.
    """

    question: str
    expected: str = ""
    source: str = ""

    @property
    def expects(self) -> bool:
        """Whether it is said what a right passage is."""
        return bool(_words(self.expected) or _words(self.source))

    def is_met_by(self, passage: Passage, text: str | None = None) -> bool:
        """Tell whether a passage, or what the prompt carries of it (`text`), is a right one.

        Words are compared folded: case, digits and letter variants make no difference.
        """
        said = f"{passage.title} {passage.heading} {passage.text if text is None else text}"
        named = f"{passage.source_title} {passage.title}"
        return self.expects and _holds(said, self.expected) and _holds(named, self.source)


def read_questions(data: bytes, filename: str) -> tuple[RetrievalQuestion, ...]:
    """Return the questions of a CSV file of any delimiter and encoding, without empty ones.

    They stand in the column named "question", in one of the four languages, or in the first one;
    "expected" and "source" may stand beside them. Raises InvalidInput for a file that is too large,
    holds no question or more than 2,000, and ExtractionFailed where its encoding is unknown.
    """
    if len(data) > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 2**20
        raise InvalidInput(f"{filename} is larger than {limit} MB; split it into smaller files.")
    text = _SEPARATOR_LINE.sub("", clean(decode_text(data)))
    try:
        rows = [row for row in _rows(text, _delimiter(text)) if any(cell.strip() for cell in row)]
    except csv.Error as exc:
        raise InvalidInput(
            f"{filename} is no CSV file that can be read; save it as CSV in UTF-8 and try again."
        ) from exc
    found = tuple(_questions(rows))
    if not found:
        raise InvalidInput(f"{filename} holds no question; put one in each row.")
    if len(found) > MAX_QUESTIONS:
        raise InvalidInput(
            f"{filename} holds {len(found):,} questions; at most {MAX_QUESTIONS:,} are tested at"
            " once, so split it."
        )
    return found


def _questions(rows: Sequence[Sequence[str]]) -> Iterator[RetrievalQuestion]:
    columns = _columns(rows[0]) if rows else {}
    unnamed = (at for at in range(len(columns) + 1) if at not in columns.values())
    places = {"question": next(unnamed)} | columns
    for row in rows[1:] if columns else rows:
        cells = {name: _cell(row, at) for name, at in places.items()}
        if cells["question"]:
            yield RetrievalQuestion(**cells)


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Return where each named column stands; nothing where the row names none."""
    columns: dict[str, int] = {}
    for at, cell in enumerate(header):
        words = _WORD.findall(fold(cell))
        for name, known in _NAMES.items():
            # A name has a word or two ("expected answer"); a question has more.
            is_name = len(words) in (1, 2) and words[0] in fold(known).split()
            if is_name and name not in columns:
                columns[name] = at
                break
    return columns


def _cell(row: Sequence[str], at: int) -> str:
    return " ".join(rearm(row[at].strip()).split()) if at < len(row) else ""


def _delimiter(text: str) -> str:
    """Return what parts the cells: it stands in the first row, and as often in nearly all."""
    best, cells = _NO_DELIMITER, 1
    for delimiter in _DELIMITERS:
        sample = islice(filter(None, _rows(text, delimiter)), _SAMPLED_ROWS)
        counts = [len(row) for row in sample]
        if not counts or counts[0] <= cells:
            continue
        if counts.count(counts[0]) >= _ALIKE_SHARE * len(counts):
            best, cells = delimiter, counts[0]
    return best


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _holds(text: str, sought: str) -> bool:
    """Tell whether the words of `sought` stand in a text, one after the other."""
    words = _words(sought)
    return not words or f" {' '.join(words)} " in f" {' '.join(_words(text))} "


def _words(text: str) -> list[str]:
    return _WORD.findall(fold(text))
