"""Labelled messages and questions for the text benchmark, read from the files beside this one."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench._recall_data import PublicQuestion, read_questions
from leanrag.demo.loader import DEMO_DIRECTORY
from leanrag.types import LANGUAGES, Language

MESSAGES_FILE = Path(__file__).with_name("messages.toml")
ROMANIZED_FILE = Path(__file__).with_name("romanized.jsonl")


@dataclass(frozen=True, slots=True)
class LabelledMessage:
    """A short message, its language, and what makes it hard."""

    text: str
    language: Language
    group: str


def read_messages(path: Path = MESSAGES_FILE) -> tuple[LabelledMessage, ...]:
    """Read the labelled messages of the four languages; those of no language are left out."""
    with path.open("rb") as file:
        groups = tomllib.load(file)
    return tuple(
        LabelledMessage(text, language, group)
        for language in LANGUAGES
        for group, texts in groups[language].items()
        for text in texts
    )


def read_romanized(path: Path = ROMANIZED_FILE) -> tuple[PublicQuestion, ...]:
    """Read questions in Finglish and Arabizi with strings of the demo passages that answer them."""
    return read_questions(path)


def demo_passages(language: Language) -> Iterator[str]:
    """Yield the paragraphs of the demo's texts in `language`, as text to measure speed with."""
    paths = [DEMO_DIRECTORY / f"manual.{language}.md"]
    paths += sorted((DEMO_DIRECTORY / "pages").glob(f"*.{language}.md"))
    for path in paths:
        for paragraph in path.read_text(encoding="utf-8").split("\n\n"):
            if paragraph.strip():
                yield paragraph.strip()
