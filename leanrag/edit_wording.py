"""What a person wants of a passage, and the passage that this makes of the source's own."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace

from leanrag.errors import InvalidInput
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.tldr import MAX_WORDS, summarize
from leanrag.sources import ChunkView
from leanrag.text.language import detect_language
from leanrag.text.normalize import clean
from leanrag.text.tokens import TokenCounter
from leanrag.types import Language

MAX_TEXT_LETTERS = 20_000
MAX_TLDR_LETTERS = 2_000
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class PassageChange:
    """What is to change about a passage; None leaves it as it is."""

    text: str | None = None
    tldr: str | None = None
    is_citable: bool | None = None
    enabled: bool | None = None

    @property
    def has_words(self) -> bool:
        """Tell whether it changes words, and not flags alone."""
        return self.text is not None or self.tldr is not None

    def checked(self) -> PassageChange:
        """Return it with its words as they are stored. Raises InvalidInput with one sentence."""
        return replace(
            self,
            text=_checked(self.text, "A passage", MAX_TEXT_LETTERS),
            tldr=_checked(self.tldr, "A TL;DR", MAX_TLDR_LETTERS),
        )


def passage_version(view: ChunkView) -> str:
    """Return a stamp (16 hex digits) that changes with all that a person may change of a passage.

    Whoever edits sends the stamp of what they saw, so that nobody's edit is overwritten unseen.
    """
    seen = [view.text, view.tldr, view.is_citable, view.enabled, str(view.edit_id)]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]


def reworded(own: Chunk, text: str | None, tldr: str | None, *, counter: TokenCounter) -> Chunk:
    """Return the source's own passage in a person's words; None leaves text or TL;DR.

    The TL;DR of changed words is made anew where nobody wrote one: the first line where it was the
    first line (a question with its answer), else an extract of the same length. `counter` counts
    in o200k_base.
    """
    if text is None or text == own.text:
        return replace(own, tldr=own.tldr if tldr is None else tldr)
    language = language_of(text, instead_of=own.text, language=own.language)
    return replace(
        own,
        text=text,
        tldr=_extract(own, text, language) if tldr is None else tldr,
        language=language,
        token_count=counter.count(text),
    )


def language_of(text: str, *, instead_of: str, language: Language) -> Language:
    """Return the language of words that come in place of others, which were in `language`.

    It stays unless both are seen to differ: of short texts a person's word on it is better.
    """
    found = detect_language(text, default=language)
    return language if found == detect_language(instead_of, default=language) else found


def _checked(words: str | None, name: str, max_letters: int) -> str | None:
    if words is None:
        return None
    if _UNSTORABLE.search(words):
        raise InvalidInput(f"{name} cannot hold NULs or halves of characters; take them out.")
    kept = clean(words).strip()
    if not kept:
        raise InvalidInput(f"{name} cannot be empty; switch the passage off to hide it.")
    if len(kept) > max_letters:
        raise InvalidInput(
            f"{name} has at most {max_letters:,} letters, not {len(kept):,}; shorten it."
        )
    return kept


def _extract(own: Chunk, text: str, language: Language) -> str:
    if _first_line(own.text) == " ".join(own.tldr.split()):
        return _first_line(text)
    return summarize(text, language, max_words=max(MAX_WORDS, len(own.tldr.split())))


def _first_line(text: str) -> str:
    return " ".join(text.strip().partition("\n")[0].split())
