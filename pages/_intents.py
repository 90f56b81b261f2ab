"""Names of intents and languages for people."""

from __future__ import annotations

from leanrag.types import DEFAULT_INTENTS, LANGUAGES, Intent
from pages._locale import t
from pages._safe_text import plain_text


def intent_name(intent: Intent) -> str:
    """Return a built-in intent's name in the interface's language, a tenant's own as it is."""
    return t(f"shell.intent.{intent}") if intent in DEFAULT_INTENTS else plain_text(intent)


def language_name(language: str) -> str:
    """Return a language's name in the interface's language."""
    return t(f"shell.languages.{language}") if language in LANGUAGES else language
