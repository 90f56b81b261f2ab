"""Long texts in four languages, as a company's handbook reads; always the same for a seed.

Sentences are those of the extraction benchmark and of the demo's manuals. A part of their words is
exchanged for blends of two words, so that new words keep coming as they do in real texts: what
remembers the words it has met finds no easier work here than there.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from leanrag.demo.loader import DEMO_DIRECTORY
from leanrag.text.sentences import split_sentences
from leanrag.types import Language

_TEXTS = Path(__file__).with_name("extraction_texts")
_PARAGRAPH_WORDS = (40, 110)
_SECTION_PARAGRAPHS = (2, 5)
_SECTIONS = 6  # of a chapter
_NEW_WORDS = 0.04  # share of words that no sentence had before: Heaps' law on pages of prose
_NUMBER = re.compile(r"\d+")
_MARKS = re.compile(r"[#*|_`\[\]()]")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, or a heading of `level` 1 or 2 (0: no heading)."""

    text: str
    level: int = 0


class Writer:
    """Writes paragraphs without end in one language."""

    def __init__(self, language: Language, seed: int) -> None:
        self._chance = random.Random(f"{seed} {language}")
        self._sentences = list(_sentences(language))
        self._words = sorted({word for one in self._sentences for word in one.split()})
        self._words = [word for word in self._words if word.isalpha() and len(word) > 3]

    def paragraphs(self) -> Iterator[Paragraph]:
        """Yield chapters of sections of paragraphs, each under its heading."""
        while True:
            yield Paragraph(self.heading(), 1)
            for _ in range(_SECTIONS):
                yield Paragraph(self.heading(), 2)
                for _ in range(self._chance.randint(*_SECTION_PARAGRAPHS)):
                    yield Paragraph(self.paragraph(self._chance.randint(*_PARAGRAPH_WORDS)))

    def heading(self) -> str:
        """Return a few words that end no sentence."""
        words = self._chance.choice(self._sentences).split()[:5]
        return self._retold(" ".join(words)).rstrip(".,;:!?؟،؛")

    def paragraph(self, words: int) -> str:
        """Return whole sentences of about so many words."""
        sentences: list[str] = []
        while sum(len(sentence.split()) for sentence in sentences) < words:
            sentences.append(self.sentence())
        return " ".join(sentences)

    def sentence(self) -> str:
        """Return a sentence with other numbers and some other words."""
        return self._retold(self._chance.choice(self._sentences))

    def _retold(self, sentence: str) -> str:
        words = [
            self._blend() if self._chance.random() < _NEW_WORDS else word
            for word in sentence.split()
        ]
        return _NUMBER.sub(self._other_number, " ".join(words))

    def _blend(self) -> str:
        head, tail = self._chance.sample(self._words, 2)
        return head[: (len(head) + 1) // 2] + tail[len(tail) // 2 :].lower()

    def _other_number(self, number: re.Match[str]) -> str:
        zero = ord(number[0][0]) - unicodedata.decimal(number[0][0])
        return "".join(chr(zero + self._chance.randrange(10)) for _ in number[0])


def _sentences(language: Language) -> Iterator[str]:
    """Yield the sentences of six words or more of the texts that are there in this language."""
    for path in (_TEXTS / f"{language}.md", DEMO_DIRECTORY / f"manual.{language}.md"):
        for block in path.read_text(encoding="utf-8").split("\n\n"):
            if block.startswith(("#", "|", "-")):
                continue
            plain = _MARKS.sub(" ", " ".join(block.split()))
            yield from (one for one in split_sentences(plain) if len(one.split()) >= 6)
