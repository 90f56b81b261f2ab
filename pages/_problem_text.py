"""What the services say in English, which know no reader, told in the interface's language."""

from __future__ import annotations

import re

from leanrag.errors import LeanRagError
from pages._error_text import error_text
from pages._locale import number, t
from pages._safe_text import plain_text

_COUNTS = frozenset({"most", "version"})


class KnownSentences:
    """Sentences as patterns of a whole one, each with the key of its translation.

    The first that fits counts. `prefix` begins every key.
    """

    def __init__(
        self, *known: tuple[str, str], prefix: str = "", flags: re.RegexFlag = re.DOTALL
    ) -> None:
        self._known = [(re.compile(pattern, flags), f"{prefix}{key}") for pattern, key in known]

    def find(self, sentence: str) -> tuple[str, dict[str, str]] | None:
        """Return the key of its translation and the parts that this takes; None for another."""
        for pattern, key in self._known:
            matched = pattern.fullmatch(sentence)
            if matched:
                return key, matched.groupdict()
        return None


def translated_problem(error: LeanRagError, known: KnownSentences, **values: object) -> str:
    """Return for markdown what was wrong and what to do; in English where no translation is.

    `values` are of the error, and not of its sentence.
    """
    said = error_text(error)
    found = known.find(error.message) if said == error.message else None
    if found is None:
        return plain_text(said)
    key, parts = found
    return plain_text(t(key, **values, **{name: _part(name, parts[name]) for name in parts}))


def _part(name: str, text: str) -> str:
    return number(int(text.replace(",", ""))) if name in _COUNTS else text
