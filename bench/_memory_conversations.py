"""Scripted customers for the memory benchmark: what they write, and what they said of themself."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from leanrag.text.normalize import fold
from leanrag.types import LANGUAGES, Language

CONVERSATIONS_DIRECTORY = Path(__file__).with_name("memory_conversations")

Half = Literal["development", "held out"]
HALVES: tuple[Half, ...] = ("development", "held out")


@dataclass(frozen=True, slots=True)
class Fact:
    """What a customer said early, asked for at the end; any of `answers` will do."""

    question: str
    answers: tuple[str, ...]

    def is_in(self, text: str) -> bool:
        """Tell whether `text` holds it, both folded as for search, and no number runs on."""
        folded = " ".join(fold(text).split())
        return any(_pattern(answer).search(folded) for answer in self.answers)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A customer's messages; the product answers each of them."""

    conversation_id: str
    language: Language
    messages: tuple[str, ...]
    facts: tuple[Fact, ...]

    @property
    def half(self) -> Half:
        """Return the half it belongs to, by the last bit of its id's SHA-256: even or odd."""
        return HALVES[hashlib.sha256(self.conversation_id.encode()).digest()[-1] % 2]


def read_conversations(directory: Path = CONVERSATIONS_DIRECTORY) -> tuple[Conversation, ...]:
    """Read the scripts of the four languages, in the order of the files."""
    return tuple(
        Conversation(
            conversation_id=script["id"],
            language=language,
            messages=tuple(script["messages"]),
            facts=tuple(Fact(f["question"], tuple(f["answers"])) for f in script["facts"]),
        )
        for language in LANGUAGES
        for script in tomllib.loads((directory / f"{language}.toml").read_text("utf-8"))[
            "conversations"
        ]
    )


def _pattern(answer: str) -> re.Pattern[str]:
    folded = " ".join(fold(answer).split())
    return re.compile(rf"(?<!\w){re.escape(folded)}(?!\d)")
