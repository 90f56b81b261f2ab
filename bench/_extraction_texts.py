"""The source texts of the extraction benchmark: a small Markdown, read into blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from leanrag.types import LANGUAGES, Language

TEXTS_DIRECTORY = Path(__file__).with_name("extraction_texts")
RIGHT_TO_LEFT_LANGUAGES = frozenset({"fa", "ar"})
BULLET = "•"

Kind = Literal["title", "heading", "item", "row", "paragraph"]


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, paragraph, list item or table row; only a row has more than one cell."""

    kind: Kind
    cells: tuple[str, ...]
    starts_page: bool = False


@dataclass(frozen=True, slots=True)
class SourceText:
    """A text to print."""

    language: Language
    blocks: tuple[Block, ...]

    @property
    def is_right_to_left(self) -> bool:
        """Tell whether the lines of this text begin at the right."""
        return self.language in RIGHT_TO_LEFT_LANGUAGES

    @property
    def lines(self) -> tuple[str, ...]:
        """The text as it is read from paper, a line for each block."""
        return tuple(_as_read(block) for block in self.blocks)


def read_texts(directory: Path, languages: Sequence[str]) -> tuple[SourceText, ...]:
    """Read LANGUAGE.md of each of `languages` that `directory` has a text in."""
    return tuple(
        SourceText(language, tuple(_read_blocks(path.read_text(encoding="utf-8"))))
        for language in LANGUAGES
        if language in languages and (path := directory / f"{language}.md").exists()
    )


def _read_blocks(markdown: str) -> Iterator[Block]:
    starts_page = False
    for line in filter(None, map(str.strip, markdown.splitlines())):
        if line == "---":
            starts_page = True
            continue
        yield _read_block(line, starts_page)
        starts_page = False


def _read_block(line: str, starts_page: bool) -> Block:
    for mark, kind in (("# ", "title"), ("## ", "heading"), ("- ", "item")):
        if line.startswith(mark):
            return Block(cast(Kind, kind), (line.removeprefix(mark),), starts_page)
    if line.startswith("|"):
        cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
        return Block("row", cells, starts_page)
    return Block("paragraph", (line,), starts_page)


def _as_read(block: Block) -> str:
    text = " ".join(block.cells)
    return f"{BULLET} {text}" if block.kind == "item" else text
