"""What a version of a bot holds: checked, compared, and merged with what others published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from leanrag.errors import Conflict, InvalidInput
from leanrag.router import IntentRouting, KeywordRule
from leanrag.routing_rows import RoutingOverlay, has_controls, keyword_key, overlay
from leanrag.text.normalize import clean
from leanrag.types import LANGUAGES

MAX_PROMPT_CHARACTERS = 8_000  # of persona and of instructions; their tokens are limited besides
MAX_MESSAGE_CHARACTERS = 1_000  # of a greeting or a fallback in one language
MAX_NOTE_CHARACTERS = 500
MAX_NAME_CHARACTERS = 100
FIELDS = ("persona", "instructions", "greeting", "fallback", "routing")


@dataclass(frozen=True, slots=True)
class BotContent:
    """All that is versioned of a bot.

    `persona` and `instructions` open the system prompt, in this order; `greeting` opens an empty
    conversation and `fallback` stands for an answer that the sources do not hold, both by
    language; `routing` is the tenant's own, the same in the published version of all its bots.
    """

    persona: str = ""
    instructions: str = ""
    greeting: Mapping[str, str] = field(default_factory=dict)
    fallback: Mapping[str, str] = field(default_factory=dict)
    routing: RoutingOverlay = field(default_factory=RoutingOverlay)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of which two versions differ, and its text in each; empty where it is not there."""

    field: str
    before: str
    after: str


def tidy(content: BotContent) -> BotContent:
    """Return what is stored of it: no control characters, no blank edges, no blank messages.

    Raises InvalidInput for a text that is too long, a language that no bot speaks, or a keyword or
    intent that stands there twice or has characters that no column takes.
    """
    tidied = replace(
        content,
        persona=clean(content.persona).strip(),
        instructions=clean(content.instructions).strip(),
        greeting=_messages("greeting", content.greeting),
        fallback=_messages("fallback", content.fallback),
        routing=overlay(content.routing.keywords, content.routing.routings),
    )
    _check_storable(tidied.routing)
    for name in ("persona", "instructions"):
        _check_length(name, getattr(tidied, name), MAX_PROMPT_CHARACTERS)
    return tidied


def tidy_line(name: str, text: str, max_characters: int) -> str:
    """Return a text on one line. Raises InvalidInput, naming it, when it is too long."""
    line = " ".join(clean(text).split())
    _check_length(name, line, max_characters)
    return line


def merge(
    base: BotContent, draft: BotContent, current: BotContent, *, current_version: int
) -> BotContent:
    """Return the draft's changes to `base` on top of `current`, which was published since.

    A field that the draft left alone is the current one's. Raises Conflict naming the fields that
    both changed, each in its way.
    """
    merged, clashing = {}, []
    for name in FIELDS:
        before, mine, theirs = (getattr(content, name) for content in (base, draft, current))
        merged[name] = theirs if mine == before else mine
        if theirs not in (before, mine) and mine != before:
            clashing.append(name)
    if clashing:
        raise Conflict(
            f"Version {current_version} was published meanwhile and changes the same as this draft:"
            f" {', '.join(clashing)}. Compare them, and save the draft on top of version"
            f" {current_version}.",
            fields=clashing,
            published=current_version,
        )
    return replace(draft, **merged)


def changes(before: BotContent, after: BotContent) -> tuple[FieldChange, ...]:
    """Return every field that differs: a text, a message's language, a keyword, a routing."""
    old, new = _flatten(before), _flatten(after)
    names = [*old, *(name for name in new if name not in old)]
    return tuple(
        FieldChange(name, old.get(name, ""), new.get(name, ""))
        for name in names
        if old.get(name, "") != new.get(name, "")
    )


def _check_storable(routing: RoutingOverlay) -> None:
    keys = [*map(keyword_key, routing.keywords), *((row.intent,) for row in routing.routings)]
    for key, count in Counter(keys).items():
        if any(map(has_controls, key)):
            raise InvalidInput(f"The routing's {key[-1]!r} cannot be stored; type it again.")
        if count > 1:
            raise InvalidInput(f"{' / '.join(key)!r} stands there twice; keep one of the rows.")


def _messages(name: str, messages: Mapping[str, str]) -> dict[str, str]:
    for language, message in messages.items():
        if language not in LANGUAGES:
            raise InvalidInput(
                f"The {name} names the language {language!r}; it may have fa, en, ar and tr."
            )
        _check_length(f"{name} ({language})", message, MAX_MESSAGE_CHARACTERS)
    tidied = {language: clean(messages.get(language, "")).strip() for language in LANGUAGES}
    return {language: message for language, message in tidied.items() if message}


def _check_length(name: str, text: str, max_characters: int) -> None:
    if len(text) > max_characters:
        raise InvalidInput(
            f"The {name} has {len(text):,} characters and may have {max_characters:,}; shorten it."
        )


def _flatten(content: BotContent) -> dict[str, str]:
    lines = {"persona": content.persona, "instructions": content.instructions}
    for name, messages in (("greeting", content.greeting), ("fallback", content.fallback)):
        lines |= {f"{name}.{language}": message for language, message in messages.items()}
    for rule in content.routing.keywords:
        lines[" / ".join(("keyword", *keyword_key(rule)))] = _keyword_text(rule)
    for routing in content.routing.routings:
        lines[f"routing / {routing.intent}"] = _routing_text(routing)
    return lines


def _keyword_text(rule: KeywordRule) -> str:
    return f"weight {rule.weight}" + ("" if rule.enabled else ", off")


def _routing_text(routing: IntentRouting) -> str:
    return " + ".join(
        f"{tokens} tokens of {', '.join(kinds) or 'nothing'}"
        for kinds, tokens in (
            (routing.primary_kinds, routing.primary_tokens),
            (routing.secondary_kinds, routing.secondary_tokens),
        )
    )
