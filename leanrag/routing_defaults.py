"""The keywords and routings that a new tenant starts with, from the file beside this module."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from leanrag.router import IntentRouting, KeywordRule
from leanrag.types import DEFAULT_INTENTS, LANGUAGES

DEFAULTS_FILE = Path(__file__).with_name("routing_defaults.toml")


@lru_cache(maxsize=1)
def default_keywords() -> tuple[KeywordRule, ...]:
    """Return the default keywords of every intent and language, heaviest first."""
    keywords = _read()["keywords"]
    return tuple(
        KeywordRule(intent, language, keyword, weight)
        for intent in DEFAULT_INTENTS
        for language in LANGUAGES
        for weight in (3, 2, 1)
        for keyword in _split(keywords[intent][language].get(f"weight_{weight}", ""))
    )


@lru_cache(maxsize=1)
def default_routings() -> tuple[IntentRouting, ...]:
    """Return the default source shares of every intent, in the order that breaks ties."""
    routings = _read()["routings"]
    return tuple(
        IntentRouting(
            intent=intent,
            primary_kinds=tuple(routings[intent]["primary_kinds"]),
            primary_tokens=routings[intent]["primary_tokens"],
            secondary_kinds=tuple(routings[intent]["secondary_kinds"]),
            secondary_tokens=routings[intent]["secondary_tokens"],
        )
        for intent in DEFAULT_INTENTS
    )


def _read() -> dict[str, Any]:
    with DEFAULTS_FILE.open("rb") as file:
        return tomllib.load(file)


def _split(keywords: str) -> list[str]:
    return [" ".join(keyword.split()) for keyword in keywords.split(",") if keyword.strip()]
