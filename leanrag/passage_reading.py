"""A passage's words, as ranking, the evidence's guard and the budget look for them."""

from __future__ import annotations

from leanrag.text.question_match import PassageWords, read_passage
from leanrag.types import Passage


def words_of(passage: Passage) -> PassageWords:
    """Return the words of a passage, its title and headings; kept for whoever asks next."""
    return read_passage(f"{passage.title} {passage.heading}", passage.text, passage.language)
