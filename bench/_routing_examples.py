"""What the shipped intent model learns from: messages of our own, none of the held-out half.

They are the development half of the routing benchmark and the messages beside this file that were
written to learn from.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from bench._routing_messages import RoutingMessage
from leanrag.intent_learning import IntentExample
from leanrag.text.language import detect_language
from leanrag.types import LANGUAGES

EXAMPLES_DIRECTORY = Path(__file__).with_name("routing_examples")


def read_examples(directory: Path = EXAMPLES_DIRECTORY) -> tuple[IntentExample, ...]:
    """Read the messages that were written to learn from, by language and intent."""
    return tuple(
        IntentExample(text, detect_language(text, default=language), intent)
        for language in LANGUAGES
        for intent, texts in tomllib.loads(
            (directory / f"{language}.toml").read_text(encoding="utf-8")
        ).items()
        for text in texts.strip().splitlines()
    )


def as_example(message: RoutingMessage) -> IntentExample:
    """Return a message of the benchmark as one to learn from, in the language the router sees."""
    return IntentExample(
        message.text, detect_language(message.text, default=message.language), message.intent
    )
