"""An error's sentence in the interface's language."""

from __future__ import annotations

from leanrag.errors import LeanRagError
from pages._locale import t


def error_text(error: LeanRagError) -> str:
    """Return what was wrong and what to do; in English where no translation says as much."""
    return text_of_code(error.code, error.message, error.details)


def text_of_code(code: str, message: str, details: dict[str, object]) -> str:
    """Return the translated sentence of an error code, else its own `message`."""
    try:
        return t(f"errors.{code}", **details)
    except KeyError:  # no translation, or one that needs a detail which this error lacks
        return message
