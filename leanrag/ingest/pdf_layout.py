"""Lines of a whole PDF → the text of its pages: paragraphs, headings, no running heads.

A page's text is light Markdown: a blank line between paragraphs, `#` before a heading that its type
size or weight tells, and a backslash before a line that happens to begin with `#`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from leanrag.ingest.pdf_bidi import RIGHT_TO_LEFT
from leanrag.ingest.pdf_lines import Line, middle

Pages = Sequence[Sequence[Sequence[Line]]]  # pages → columns → lines

_HEADING_SIZE = 1.12  # a heading is this much larger than the body text, or bolder
_BOLDER = 80  # in units of font weight
_MAX_HEADING_CHARACTERS = 120
_MAX_HEADING_LEVELS = 4
_PARAGRAPH_GAP = 1.3  # a gap over this many usual line distances parts paragraphs
_FEW_GAPS = 12
_USUAL_LEADING = 1.5  # distance of lines over type size
_SHORT_LINE = 0.8  # a line that ends before this share of the column was broken on purpose
_RUNNING_HEAD_PAGES = 4
_EDGE_LINES = 3  # running heads stand among so many lines at the top and the bottom
_LIST_ITEM = re.compile(r"[•●▪◦‣]|(?:[·*–—-]|\d{1,3}[.)]|[a-zA-Z][.)])\s+\S")
_BROKEN_WORD = re.compile(r"[^\W\d_]{2}-$")
_COMPOUND = re.compile(r"[^\w]*[^\W\d_]-")  # "e-mail", "X-ray": no word is broken after a letter
_BROKEN_ADDRESS = re.compile(r"(?:https?://\S*[/.=&?_-]|[\w.+-]+@[\w.-]*[.-])$")
# In a right-to-left line the mark at which an address is broken is seen, and read, before it.
_TURNED_ADDRESS = re.compile(r"([(\[«]?)([/.=&?_-])(https?://\S+|[\w.+-]+@[\w.-]+)")
_TURNED_CODE = re.compile(r"([(\[«]?)(-)([A-Za-z0-9]+)")
_OPENING = re.compile(r"[(\[«]$")
_ADDRESS_LETTER = re.compile("[A-Za-z0-9]")
_BROKEN_NUMBER = re.compile(r"(?:\d|\b[A-Z]{1,6})[–-]$")  # also "E-17", an article's number
_NUMBER = re.compile(r"\d+")
_ROMAN = re.compile(r"[ivxlc]{1,7}")
_MAX_WORD = 400  # letters to look back for the last word of a text, an address included
_LEADERS = re.compile(r"(?:\s?[.·…_]){4,}\s*")  # the dots that lead to a page number or a price
_CONTENTS_ENTRY = re.compile(_LEADERS.pattern + r"(\d+)$")
_MIN_CONTENTS_ENTRIES = 5


@dataclass(frozen=True, slots=True)
class BodyType:
    """What most of the text is set in: type size and distance of lines in points, font weight."""

    size: float
    weight: int
    leading: float


def write_pages(pages: Pages) -> list[str]:
    """Return the text of each page in reading order."""
    lines = [line for page in pages for column in page for line in column]
    if not lines:
        return ["" for _ in pages]
    body = _find_body(pages)
    dropped = _find_running_heads(pages, body) | _find_contents(pages)
    kept = [
        [[line for line in column if id(line) not in dropped] for column in page] for page in pages
    ]
    levels = _rank_headings(kept, body)
    return ["\n\n".join(_write_columns(page, body, levels)) for page in kept]


def _find_body(pages: Pages) -> BodyType:
    columns = [column for page in pages for column in page]
    sizes: Counter[float] = Counter()
    weights: Counter[int] = Counter()
    for line in (line for column in columns for line in column):
        sizes[_round(line.size)] += len(line.text)
        weights[line.weight] += len(line.text)
    size = sizes.most_common(1)[0][0]
    gaps = [a.baseline - b.baseline for column in columns for a, b in pairwise(column)]
    gaps = [gap for gap in gaps if gap > 0] or [size]
    leading = middle(gaps)
    if len(gaps) < _FEW_GAPS:  # too few to tell the distance of lines from that of paragraphs
        leading = min(leading, _USUAL_LEADING * size)
    return BodyType(size, weights.most_common(1)[0][0], leading)


def _round(height: float) -> float:
    return round(height * 2) / 2


# ---- headings ---------------------------------------------------------------------------------


def _is_heading(line: Line, body: BodyType) -> bool:
    """Tell whether a line is set as a heading: larger, or bolder and not smaller, and short."""
    if len(line.text) > _MAX_HEADING_CHARACTERS or not re.search(r"[^\W\d_]", line.text):
        return False
    if line.size > _HEADING_SIZE * body.size:
        return True
    return 0 < body.weight < line.weight - _BOLDER and line.size > 0.9 * body.size


def _rank_headings(pages: Pages, body: BodyType) -> dict[float, int]:
    """Return heading level by rounded height: the largest type is level 1.

    Type that only the first page uses is the cover's, and stands above no chapter: level 1 too.
    """
    found: dict[float, set[int]] = defaultdict(set)
    for number, page in enumerate(pages):
        for line in (line for column in page for line in column if _is_heading(line, body)):
            found[_round(line.size)].add(number)
    inner = sorted((height for height in found if found[height] != {0}), reverse=True)
    levels = {height: min(i, _MAX_HEADING_LEVELS) for i, height in enumerate(inner, start=1)}
    if not inner:
        ranked = sorted(found, reverse=True)
        return {height: min(i, _MAX_HEADING_LEVELS) for i, height in enumerate(ranked, start=1)}
    return {height: levels.get(height, 1) for height in found}


# ---- running heads and page numbers -----------------------------------------------------------


def _find_running_heads(pages: Pages, body: BodyType) -> set[int]:
    """Return the ids of lines that stand at the same height of four pages or more."""
    seen: dict[tuple[str, int, int], list[Line]] = defaultdict(list)
    for number, page in enumerate(pages):
        lines = sorted((line for column in page for line in column), key=lambda x: -x.baseline)
        edges = {id(line): line for line in (*lines[:_EDGE_LINES], *lines[-_EDGE_LINES:])}
        for line in edges.values():
            for key in _running_keys(line, number, body):
                seen[key].append(line)
    return {
        id(line) for found in seen.values() if len(found) >= _RUNNING_HEAD_PAGES for line in found
    }


def _running_keys(line: Line, page: int, body: BodyType) -> Iterable[tuple[str, int, int]]:
    """Name a line by its text and height, also with a number that counts up with the pages."""
    height = round(line.baseline / 3)
    yield line.text, height, 0
    if _ROMAN.fullmatch(line.text):
        yield "roman", height, 0
    if line.size > _HEADING_SIZE * body.size:
        return  # "Step 1", "Step 2", … as titles of pages are content
    for number in _NUMBER.finditer(line.text):
        if len(number[0]) > 4:
            continue
        offset = int(number[0]) - page
        yield f"{line.text[: number.start()]}#{line.text[number.end() :]}", height, offset
        if number.start() == 0 or number.end() == len(line.text):
            yield "#", height, offset  # a page number beside the changing title of a chapter


def _find_contents(pages: Pages) -> set[int]:
    """Return the ids of the lines of a table of contents: it finds like a text, and says nothing.

    Its numbers rise from entry to entry, other than those of a price list.
    """
    dropped: set[int] = set()
    for page in pages:
        lines = [line for column in page for line in column]
        entries = [(line, _CONTENTS_ENTRY.search(line.text)) for line in lines]
        numbers = [int(entry[1]) for _, entry in entries if entry]
        if len(numbers) < _MIN_CONTENTS_ENTRIES:
            continue
        rising = sum(a <= b for a, b in pairwise(numbers))
        if rising >= 0.9 * (len(numbers) - 1) and numbers[-1] > numbers[0]:
            dropped.update(id(line) for line in lines if re.search(r"\d$", line.text))
    return dropped


# ---- paragraphs -------------------------------------------------------------------------------


def _write_columns(
    columns: Iterable[Sequence[Line]], body: BodyType, levels: dict[float, int]
) -> Iterable[str]:
    for column in columns:
        for paragraph in _split_paragraphs(column, body):
            yield _write_paragraph(paragraph, column, body, levels)


def _split_paragraphs(column: Sequence[Line], body: BodyType) -> list[list[Line]]:
    """Split a column where the gap is wide or the type changes."""
    paragraphs: list[list[Line]] = []
    for line in column:
        if paragraphs and not _starts_paragraph(paragraphs[-1][-1], line, body):
            paragraphs[-1].append(line)
        else:
            paragraphs.append([line])
    return paragraphs


def _starts_paragraph(before: Line, line: Line, body: BodyType) -> bool:
    gap = before.baseline - line.baseline
    heading = _is_heading(line, body)
    if heading != _is_heading(before, body):
        return True
    if heading and _round(line.size) != _round(before.size):
        return True
    scale = max(1.0, min(line.size, before.size) / body.size)  # large type has large gaps
    return gap > _PARAGRAPH_GAP * body.leading * scale or gap < -body.leading


def _write_paragraph(
    lines: Sequence[Line], column: Sequence[Line], body: BodyType, levels: dict[float, int]
) -> str:
    if all(_is_heading(line, body) for line in lines) and len(lines) <= 3:
        mark = "#" * levels[_round(lines[0].size)]
        return f"{mark} " + " ".join(line.text for line in lines)
    left, right = min(line.left for line in column), max(line.right for line in column)
    text = ""
    for before, line in zip((None, *lines), lines, strict=False):
        plain = _LEADERS.sub(" … ", line.text)
        own = f"\\{plain}" if plain.startswith("#") else plain
        if before is None:
            text = own
        elif own[0].isdigit() and (joined := _join_number(text, own)):
            text = joined
        elif _is_broken_on_purpose(before, line, left, right):
            text += f"\n{own}"
        else:
            text = _join_lines(text, own)
    return text


def _join_number(text: str, line: str) -> str | None:
    """Add a line to a number that is broken between them ("107)" is no list item there)."""
    word = _last_word(text)
    if _BROKEN_NUMBER.search(word):
        return text + line
    if turned := _TURNED_CODE.fullmatch(word):
        return f"{text.removesuffix(word)}{turned[1]}{turned[3]}{turned[2]}{line}"
    return None


def _join_lines(text: str, line: str) -> str:
    """Add a line to the text that it goes on with, mending what was broken between them."""
    word = _last_word(text)
    if (turned := _TURNED_ADDRESS.fullmatch(word)) and _ADDRESS_LETTER.match(line):
        return f"{text.removesuffix(word)}{turned[1]}{turned[3]}{turned[2]}{line}"
    if _BROKEN_ADDRESS.search(word) and (word[-1] != "." or line[0].islower()):
        return text + line
    if _OPENING.search(word) or (_COMPOUND.fullmatch(word) and line[0].islower()):
        return text + line
    if _BROKEN_WORD.search(word) and word[-2].islower() and line[0].islower():
        return text[:-1] + line
    return f"{text} {line}"


def _last_word(text: str) -> str:
    return text[-_MAX_WORD:].rsplit(None, 1)[-1]


def _is_broken_on_purpose(before: Line, line: Line, left: float, right: float) -> bool:
    """Tell a list item, a row or a line of code from a line that goes on."""
    if _LIST_ITEM.match(line.text) or line.is_row or before.is_row or _LEADERS.search(before.text):
        return True
    used = right - before.left if RIGHT_TO_LEFT.search(before.text) else before.right - left
    return used < _SHORT_LINE * (right - left)
