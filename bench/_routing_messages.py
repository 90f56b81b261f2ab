"""The labelled messages of the routing benchmark, in two halves that a fixed hash decides.

Only the development half may be looked at: keywords, weights and the shipped model come from it.
The held-out half is for figures alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from leanrag.types import LANGUAGES, Intent, Language

MESSAGES_DIRECTORY = Path(__file__).with_name("routing_messages")

Half = Literal["development", "held out"]
HALVES: tuple[Half, ...] = ("development", "held out")


@dataclass(frozen=True, slots=True)
class RoutingMessage:
    """A message of a customer and its intent; `also`: the second thing that it asks for, if any.

    `style` is short, plain, long, colloquial, misspelt or mixed (scripts).
    """

    text: str
    intent: Intent
    language: Language
    style: str
    also: Intent | None = None


def half_of(text: str) -> Half:
    """Return a text's half: the first byte of SHA-256 of its UTF-8, even is development."""
    return HALVES[hashlib.sha256(text.encode()).digest()[0] % 2]


def read_messages(
    half: Half, *, mixed: bool = False, directory: Path = MESSAGES_DIRECTORY
) -> tuple[RoutingMessage, ...]:
    """Read one half of the messages of all languages; with `mixed` those that ask for two things.

    Raises FileNotFoundError where a language's file is missing.
    """
    suffix = "-mixed" if mixed else ""
    return tuple(
        message
        for language in LANGUAGES
        for message in _read(directory / f"{language}{suffix}.jsonl", language)
        if half_of(message.text) == half
    )


def _read(path: Path, language: Language) -> Iterator[RoutingMessage]:
    for line in path.read_text(encoding="utf-8").splitlines():
        fields: dict[str, str] = json.loads(line)
        yield RoutingMessage(
            fields["text"], fields["intent"], language, fields["style"], fields.get("also")
        )
