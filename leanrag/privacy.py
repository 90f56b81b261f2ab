"""Learn-only knowledge: kept apart from what may be cited, and held back from what is said."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby

from leanrag.text.confusables import latin_skeleton
from leanrag.text.normalize import fold
from leanrag.types import Evidence

MASK = "[…]"
MAX_RUN_WORDS = 7

_UNIT = re.compile(r"[^\W_]+")
# Scripts without spaces between words: each letter counts as a word.
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_FILE_ENDING = re.compile(r"\.\w{2,5}$")
_OPENING_BRACKETS = frozenset("[［【")
_CLOSING_BRACKETS = frozenset("]］】")

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeakFinding:
    """A run of learn-only words that was withheld: how many, and the SHA-256 of their folded text.

    `passage_index` counts the guard's learn-only texts from 0; None for a forbidden phrase.
    """

    words: int
    sha256: str
    passage_index: int | None


def split(evidence: Evidence) -> tuple[Evidence, Evidence]:
    """Return the citable and the learn-only part of `evidence`, each in its order."""
    return _only(evidence, is_citable=True), _only(evidence, is_citable=False)


def _only(evidence: Evidence, *, is_citable: bool) -> Evidence:
    return replace(
        evidence,
        primary=tuple(p for p in evidence.primary if p.is_citable is is_citable),
        secondary=tuple(p for p in evidence.secondary if p.is_citable is is_citable),
    )


@dataclass(slots=True)
class _HeldWord:
    """A complete word of the stream, its folded words and the separators after it."""

    text: str
    units: Words
    after: str = ""
    is_withheld: bool = False
    passage_index: int | None = None


class LearnOnlyGuard:
    """Withholds learn-only text from a stream before it is emitted.

    A run of more than `max_run_words` words of a learn-only text that no allowed text holds, and
    every forbidden phrase, becomes `MASK`. Words are compared folded: letter variants, case, marks,
    hidden characters and look-alikes make no difference. Text waits only while its last words
    begin such a run, and a word waits until a separator completes it. Serves one stream.
    """

    def __init__(
        self,
        learn_only_texts: Sequence[str],
        allowed_texts: Sequence[str],
        *,
        forbidden_phrases: Iterable[str] = (),
        max_run_words: int = MAX_RUN_WORDS,
    ) -> None:
        """Prepare for one answer.

        `allowed_texts` are the citable texts, the question and the persona. `forbidden_phrases` are
        titles and file names of learn-only sources; a plain single word is no secret and passes.
        """
        self._withheld_runs = _withheld_runs(
            [_folded_words(text) for text in learn_only_texts],
            [_folded_words(text) for text in allowed_texts],
            _phrases(forbidden_phrases),
            max_run_words + 1,
        )
        self._sizes = sorted({len(run) for run in self._withheld_runs})
        self._beginnings = {
            run[:size] for run in self._withheld_runs for size in range(1, len(run))
        }
        self._word = ""
        self._last_separator = ""
        self._held: list[_HeldWord] = []
        self._tail: list[tuple[str, _HeldWord]] = []  # folded words that may begin a run
        self._leak: list[_HeldWord] = []  # the withheld run that is being replaced
        self._findings: list[LeakFinding] = []

    @property
    def findings(self) -> tuple[LeakFinding, ...]:
        """What has been withheld so far, in order."""
        return tuple(self._findings)

    def feed(self, delta: str) -> str:
        """Take the next piece of the stream; return the text that is safe to emit now."""
        if not self._withheld_runs:
            return delta
        emitted: list[str] = []
        for is_word, letters in groupby(delta, _is_word_letter):
            piece = "".join(letters)
            if is_word:
                self._word += piece
                continue
            self._complete_word(next_letter=piece[0])
            emitted.append(self._release())
            emitted.append(self._separate(piece))
        return "".join(emitted)

    def finish(self) -> str:
        """Return what was still held back, less what must be withheld, at the stream's end."""
        self._complete_word(next_letter="")
        self._tail.clear()
        return self._release() + self._end_leak()

    def _complete_word(self, next_letter: str) -> None:
        if not self._word:
            return
        is_marker = self._word.isdecimal() and (
            self._last_separator in _OPENING_BRACKETS or next_letter in _CLOSING_BRACKETS
        )
        # A citation inside a run must not break it.
        word = _HeldWord(self._word, () if is_marker else _fold_word(self._word))
        self._word = ""
        self._held.append(word)
        for unit in word.units:
            self._tail.append((unit, word))
            self._match()

    def _match(self) -> None:
        """Mark the runs that end at the tail's last word, and keep only what may begin one."""
        units = tuple(unit for unit, _ in self._tail)
        for size in self._sizes:
            run = units[-size:]
            if len(run) == size and run in self._withheld_runs:
                self._withhold(self._tail[-size][1], self._withheld_runs[run])
        keep = len(units)
        while keep and units[-keep:] not in self._beginnings:
            keep -= 1
        del self._tail[: len(units) - keep]

    def _withhold(self, first: _HeldWord, passage_index: int | None) -> None:
        start = next(i for i, held in enumerate(self._held) if held is first)
        for held in self._held[start:]:
            held.is_withheld = True
            held.passage_index = passage_index

    def _separate(self, separators: str) -> str:
        self._last_separator = separators[-1]
        if self._held:
            self._held[-1].after += separators
        elif self._leak:
            self._leak[-1].after += separators
        else:
            return separators
        return ""

    def _release(self) -> str:
        """Emit the held words before the tail, with one mark for each withheld run."""
        first = self._tail[0][1] if self._tail else None
        released: list[str] = []
        while self._held and self._held[0] is not first:
            word = self._held.pop(0)
            if not word.is_withheld:
                released.append(self._end_leak() + word.text + word.after)
                continue
            if not self._leak:
                released.append(MASK)
            self._leak.append(word)
        return "".join(released)

    def _end_leak(self) -> str:
        """Record the withheld run, and return the separators that followed it."""
        if not self._leak:
            return ""
        units = [unit for word in self._leak for unit in word.units]
        digest = hashlib.sha256(" ".join(units).encode()).hexdigest()
        self._findings.append(LeakFinding(len(units), digest, self._leak[0].passage_index))
        after = self._leak[-1].after
        self._leak = []
        return after


def _withheld_runs(
    learn_only: list[Words], allowed: list[Words], phrases: list[Words], run_words: int
) -> dict[Words, int | None]:
    """Return the word runs to withhold: windows of `run_words` with their text's index; phrases."""
    sizes = {run_words, *map(len, phrases)}
    spoken = {run for words in allowed for size in sizes for run in _windows(words, size)}
    runs: dict[Words, int | None] = {}
    for index, words in enumerate(learn_only):
        for run in _windows(words, run_words):
            if run not in spoken:
                runs.setdefault(run, index)
    runs.update({phrase: None for phrase in phrases if phrase not in spoken})
    return runs


def _windows(words: Words, size: int) -> Iterable[Words]:
    return (words[i : i + size] for i in range(len(words) - size + 1))


def _phrases(phrases: Iterable[str]) -> list[Words]:
    """Fold phrases, and file names also without their ending; leave plain single words out."""
    written = {form for phrase in phrases for form in (phrase, _FILE_ENDING.sub("", phrase))}
    folded = {_folded_words(form) for form in written}
    return sorted(
        words for words in folded if len(words) > 1 or any(not word.isalpha() for word in words)
    )


def _folded_words(text: str) -> Words:
    raw_words = ("".join(part) for is_word, part in groupby(text, _is_word_letter) if is_word)
    return tuple(unit for word in raw_words for unit in _fold_word(word))


def _fold_word(word: str) -> Words:
    units: list[str] = []
    for unit in _UNIT.findall(fold(latin_skeleton(word))):
        units.extend(unit if _UNSPACED.search(unit) else (unit,))
    return tuple(units)


@lru_cache(maxsize=4096)
def _is_word_letter(letter: str) -> bool:
    """Tell whether `letter` belongs to a word; marks and hidden characters never separate."""
    return letter.isalnum() or unicodedata.category(letter) in {"Mn", "Mc", "Me", "Cf"}
