"""Headings, paragraphs, lists and tables → the Markdown that `structure` reads."""

from __future__ import annotations

import re
from collections.abc import Sequence

from leanrag.ingest.document_report import check_length

MAX_COLUMNS = 12  # a wider table is written row by row, each value with its heading
MAX_TABLE_CELLS = 2_000_000  # empty ones too; a table with more is written row by row
_MARKS = re.compile(r"^(?=#{1,6}(?:\s|$)|`{3}|~{3})")
_RULE = re.compile(r"=+|-+|[-*_ ]{3,}")
_BLANKS = re.compile(r"[ \t\r\f\v\u00a0]+")
_SENTENCE_END = re.compile(r"[.!?…:;,،؛؟۔]$")

Row = Sequence[str]


class MarkdownWriter:
    """Collects the blocks of a document in their order. Raises Refused when they become too many.

    Texts may hold newlines, which stay; what would read as a mark of Markdown is escaped.
    """

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._last_is_item = False
        self._length = 0
        self._rows: list[int] = []

    def text(self) -> str:
        """Return the Markdown so far."""
        return "".join(self._blocks)

    def rows(self) -> tuple[int, ...]:
        """Return, for each line of the text, the row of a sheet that it is from, 0 for none."""
        return tuple(self._rows)

    def heading(self, level: int, text: str) -> None:
        """Add a heading of level 1 to 6 (deeper ones count as 6)."""
        words = " ".join(text.split())
        if words:
            self._add(f"{'#' * min(max(level, 1), 6)} {words}")

    def paragraph(self, text: str, *, row: int = 0) -> None:
        """Add a paragraph; `row` is the number of the row that it is, if it is one of a sheet."""
        escaped = escape(text)
        if escaped:
            self._add(escaped, [row] * (escaped.count("\n") + 1))

    def item(self, text: str, *, depth: int = 0, mark: str = "-") -> None:
        """Add an item of a list, `depth` lists deep; `mark` is "-" or its number, "3."."""
        lines = escape(text).split("\n")
        if lines == [""]:
            return
        indent = "    " * depth
        rest = "".join(f"\n{indent}{' ' * (len(mark) + 1)}{line}" for line in lines[1:])
        self._add(f"{indent}{mark} {lines[0]}{rest}", is_item=True)

    def code(self, text: str) -> None:
        """Add a piece of code, every blank kept."""
        longest = max((len(run) for run in re.findall("`+", text)), default=0)
        fence = "`" * max(3, longest + 1)
        if text.strip():
            self._add(f"{fence}\n{text.strip(chr(10))}\n{fence}")

    def table(self, rows: Sequence[Row], numbers: Sequence[int] = ()) -> None:
        """Add a table whose first row is its header; of one column or one row: paragraphs.

        `numbers` are those of the rows in their sheet, if it is one.
        """
        numbers = numbers or [0] * len(rows)
        places = [number for row, number in zip(rows, numbers, strict=True) if any(row)]
        rows = [[join_lines(cell.split("\n")) for cell in row] for row in rows if any(row)]
        width = max(map(len, rows), default=0)
        if width * len(rows) <= MAX_TABLE_CELLS:
            rows = _fit(rows, width)
            width = len(rows[0]) if rows else 0
        if width < 2 or len(rows) == 1 or width * len(rows) > MAX_TABLE_CELLS:
            self._paragraphs(rows, places)
        elif width > MAX_COLUMNS:
            self._records(rows, places)
        else:
            lines = [_line(rows[0]), _line(["---"] * width), *map(_line, rows[1:])]
            self._add("\n".join(lines), [0, 0, *places[1:]])

    def _paragraphs(self, rows: Sequence[Row], places: Sequence[int]) -> None:
        for row, place in zip(rows, places, strict=True):
            self.paragraph(" | ".join(cell for cell in row if cell), row=place)

    def _records(self, rows: Sequence[Row], places: Sequence[int]) -> None:
        """Write a line for each row, in one block: a short one is no heading of the next."""
        header, lines, line_places = rows[0], list[str](), list[int]()
        for row, place in zip(rows[1:], places[1:], strict=True):
            pairs = [
                f"{name}: {cell}" if name else cell
                for name, cell in zip(header, row, strict=True)
                if cell
            ]
            if line := escape("; ".join(pairs)):
                lines.append(line)
                line_places.append(place)
        if lines:
            self._add("\n".join(lines), line_places)

    def _add(self, block: str, rows: Sequence[int] = (), *, is_item: bool = False) -> None:
        between = "\n" if is_item and self._last_is_item else "\n\n"
        self._rows += [0] * (len(between) - 1) if self._blocks else []
        self._rows += rows or [0] * (block.count("\n") + 1)
        self._blocks.append(f"{between if self._blocks else ''}{block}")
        self._last_is_item = is_item
        self._length += len(block)
        check_length(self._length)


def escape(text: str) -> str:
    """Return prose whose lines no reader of Markdown takes for headings, rules or code."""
    lines = (_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    kept = (line for line in lines if line and not _RULE.fullmatch(line))
    return "\n".join(_MARKS.sub(r"\\", line) for line in kept)


def join_lines(lines: Sequence[str]) -> str:
    """Return the lines of a table's cell as one, a semicolon where nothing else ends a line."""
    joined = ""
    for line in lines:
        words = " ".join(line.split())
        if joined and words:
            joined += " " if _SENTENCE_END.search(joined) else "; "
        joined += words
    return joined


def _fit(rows: Sequence[Row], width: int) -> list[Row]:
    """Return rows of one width, without columns that are wholly empty."""
    padded = [[*row, *[""] * (width - len(row))] for row in rows]
    filled = [number for number in range(width) if any(row[number] for row in padded)]
    return [[row[number] for number in filled] for row in padded]


def _line(cells: Row) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
