"""A text far longer than passages are cut is weighed by its parts, so that all of it is found."""

from __future__ import annotations

import pytest

from leanrag.demo.loader import DEMO_DIRECTORY
from leanrag.text import lexical
from leanrag.text.analyzers import analyze, analyze_with_ngrams, term_id
from leanrag.text.lexical import AVERAGE_NGRAMS, MAX_TERMS, MOST_NGRAMS, document_weights
from leanrag.types import LANGUAGES, Language


def manual(language: Language, count: int = 999) -> str:
    """Return the first words of the demo's manual."""
    text = (DEMO_DIRECTORY / f"manual.{language}.md").read_text("utf-8")
    return " ".join(text.split()[:count])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_a_manual_of_999_words_is_kept(language: Language) -> None:
    text = manual(language)
    weights = document_weights("House rules", "", text, language)
    assert len(weights) == MAX_TERMS
    assert {term_id(word) for word in analyze(text, language)} <= weights.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_of_a_long_text_weighs_about_what_it_does_in_a_passage(language: Language) -> None:
    text = manual(language)
    ending = " ".join(text.split()[-60:])  # the last part, as a passage of its own
    long = document_weights("", "", text, language)
    short = document_weights("", "", ending, language)
    for word in set(analyze(ending, language)):
        assert long[term_id(word)] > 0.5 * short[term_id(word)]


def test_a_text_as_long_as_passages_are_is_weighed_as_a_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = " ".join(f"{chr(97 + n % 26)}kettle" for n in range(150))
    assert MOST_NGRAMS * 0.8 < len(analyze_with_ngrams(words, "en")[1]) <= MOST_NGRAMS
    weights = document_weights("", "", words, "en")
    monkeypatch.setattr(lexical, "MOST_NGRAMS", 10**9)
    assert document_weights("", "", words, "en") == weights


def test_long_headings_alone_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    heading = " > ".join(f"{chr(97 + n % 26)}department" for n in range(150))
    weights = document_weights("", heading, "Tea is sold by weight.", "en")
    monkeypatch.setattr(lexical, "MOST_NGRAMS", 10**9)
    assert document_weights("", heading, "Tea is sold by weight.", "en") == weights


def test_a_text_of_one_endless_word_has_terms() -> None:
    weights = document_weights("", "", "ab" * 5_000, "en")
    assert 0 < len(weights) < AVERAGE_NGRAMS
