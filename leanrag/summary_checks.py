"""What a summary must not be: reasons to refuse what a model wrote, checked without a model.

A wrong summary stands in every later prompt of its conversation, so a doubt is enough: the
extractive one, which is already in force, loses nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from leanrag.customer_secrets import holds_secret
from leanrag.privacy import LearnOnlyGuard
from leanrag.statements import compile_cues, find_codes, folded_words, read_statement
from leanrag.text.analyzers import analyze
from leanrag.text.language import detect_language
from leanrag.text.sentences import split_sentences
from leanrag.text.tokens import TokenCounter

CUES_FILE = Path(__file__).with_name("summary_cues.toml")
OPENING_WORDS = 6
# Of a summary's words, so many must have been said. A choice, not a measurement: the summaries of
# the tests share 0.7 and more with their talk, an answer to something else or a translation none.
MIN_SAID_SHARE = 0.4
SHORTEST_STEM = 3  # letters that two words must share: stemmers leave spoken endings on
KEPT_SLOTS = frozenset({"order", "contact"})  # a summary that loses their codes is refused

_JUNK = re.compile(
    r"```|[<＜]\s*[/|a-zA-Z]|^\s*[{\[]|[}\]]\s*$|\"\w+\"\s*:|\btool_calls?\b|\bfunction_call\b"
    r"|^\s*#{1,6}\s|^\s*\|.*\|\s*$|https?://",
    re.MULTILINE,
)
_ASKS = re.compile(r"[?؟]\W*$")


@dataclass(frozen=True, slots=True)
class SummaryMaterial:
    """What a summary is checked against.

    `said`: old summary and messages; `extractive`: the summary without a model; `private_texts` and
    `private_names`: learn-only passages and titles; `own_texts`: the bot's instructions.
    """

    said: tuple[str, ...]
    extractive: str = ""
    private_texts: tuple[str, ...] = ()
    private_names: tuple[str, ...] = ()
    own_texts: tuple[str, ...] = ()


def reason_to_refuse(
    summary: str, material: SummaryMaterial, counter: TokenCounter, max_tokens: int
) -> str | None:
    """Return why `summary` must not be remembered, in a few words; None where it may."""
    if not any(letter.isalnum() for letter in summary):
        return "empty"
    tokens = counter.count(summary)
    if tokens > max_tokens:
        return f"too long: {tokens} tokens of {max_tokens}"
    for check in _CHECKS:
        reason = check(summary, material)
        if reason:
            return reason
    return None


def _form(summary: str, _: SummaryMaterial) -> str:
    if _JUNK.search(summary):
        return "no plain text: markup, JSON or a tool call"
    words = folded_words(summary)
    whole = f" {' '.join(words)} "
    opening = f" {' '.join(words[:OPENING_WORDS])} "
    cues = load_form_cues()
    for name, reason in _FORMS.items():
        if (name in cues.opening and cues.opening[name].match(opening)) or (
            name in cues.anywhere and cues.anywhere[name].search(whole)
        ):
            return reason
    return "it asks the customer a question" if _ASKS.search(summary) else ""


_FORMS = {
    "refusal": "a refusal, no summary",
    "reasoning": "reasoning about the task, no summary",
    "answer": "it speaks to the customer",
}


def _instruction(summary: str, _: SummaryMaterial) -> str:
    carried = any(
        read_statement(sentence, is_customers=True).is_instruction
        for sentence in split_sentences(summary)
    )
    return "it carries an order to the bot" if carried else ""


def _secret(summary: str, _: SummaryMaterial) -> str:
    return "it holds a card number, an account or a password" if holds_secret(summary) else ""


def _leak(summary: str, material: SummaryMaterial) -> str:
    """Hold a summary to the rule of answers: learn-only words unless the conversation has them."""
    if repeats(summary, material.own_texts):
        return "it repeats the bot's instructions"
    guard = LearnOnlyGuard(
        material.private_texts, material.said, forbidden_phrases=material.private_names
    )
    guard.feed(summary)
    guard.finish()
    return "it leaks learn-only knowledge" if guard.findings else ""


def repeats(written: str, texts: tuple[str, ...], allowed: tuple[str, ...] = ()) -> bool:
    """Tell whether more than 7 words in a row are those of `texts` and of nothing `allowed`."""
    guard = LearnOnlyGuard(texts, allowed)
    guard.feed(written)
    guard.finish()
    return bool(guard.findings)


def _invention(summary: str, material: SummaryMaterial) -> str:
    said = {_bare(code) for text in material.said for code in find_codes(text)}
    invented = [code for code in find_codes(summary) if _bare(code) not in said]
    return f"it invents {invented[0]!r}, which nobody said" if invented else ""


def _other_matter(summary: str, material: SummaryMaterial) -> str:
    if not tells_of(summary, material.said):
        return "it tells of something else than the conversation"
    return ""


def tells_of(written: str, said: tuple[str, ...]) -> bool:
    """Tell whether at least 40 % of its words, stemmed, stand in what was said."""
    language = detect_language(" ".join(said))
    words = {word for word in analyze(written, language) if not word.isdigit()}
    known = {word for text in said for word in analyze(text, language)}
    return sum(_is_said(word, known) for word in words) >= MIN_SAID_SHARE * len(words)


def _is_said(word: str, said: set[str]) -> bool:
    return word in said or any(
        min(len(word), len(other)) >= SHORTEST_STEM
        and (word.startswith(other) or other.startswith(word))
        for other in said
    )


def _forgetting(summary: str, material: SummaryMaterial) -> str:
    kept = {_bare(code) for code in find_codes(summary)}
    pieces = re.split(r" · |(?<=[.!])\s", material.extractive)
    for statement in (read_statement(piece, is_customers=True) for piece in pieces):
        if statement.slots & KEPT_SLOTS and statement.share == 1:
            lost = [c for c in statement.codes if len(_bare(c)) >= 4 and _bare(c) not in kept]
            if lost:
                return f"it forgets {lost[0]!r}"
    return ""


_CHECKS: tuple[Callable[[str, SummaryMaterial], str], ...] = (
    _form,
    _instruction,
    _secret,
    _leak,
    _invention,
    _other_matter,
    _forgetting,
)


def _bare(code: str) -> str:
    """Return a code without what writers put between its signs: 9,500 and 9500 are one."""
    return "".join(letter for letter in code if letter.isalnum())


@dataclass(frozen=True, slots=True)
class FormCues:
    """Patterns by the form that they betray: of a text's first 6 words, and of any place."""

    opening: dict[str, re.Pattern[str]]
    anywhere: dict[str, re.Pattern[str]]


@lru_cache(maxsize=1)
def load_form_cues() -> FormCues:
    """Load the cues of the file beside this module (cached)."""
    with CUES_FILE.open("rb") as file:
        data: dict[str, Any] = tomllib.load(file)
    return FormCues(
        *(
            {name: compile_cues(own.values()) for name, own in data[part].items()}
            for part in ("opening", "anywhere")
        )
    )
