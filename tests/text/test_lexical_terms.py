"""Weights are those of the formula, term by term, on real text in every language."""

from __future__ import annotations

import zlib
from collections import Counter

import pytest

from leanrag.demo.loader import DEMO_DIRECTORY
from leanrag.text.analyzers import analyze, analyze_words, character_ngrams, load_stopwords
from leanrag.text.language import detect_language
from leanrag.text.lexical import (
    AVERAGE_NGRAMS,
    AVERAGE_WORDS,
    K1,
    NGRAM_FACTOR,
    B,
    document_weights,
)
from leanrag.types import LANGUAGES, Language


def weights_by_the_formula(text: str, language: Language) -> dict[int, float]:
    kept = [w for w in analyze_words(text, language) if w.folded not in load_stopwords(language)]
    ngrams = [gram for word in kept for gram in character_ngrams(word.folded)]
    weights: dict[int, float] = {}
    for terms, average, factor in (
        (list(analyze(text, language)), AVERAGE_WORDS, 1.0),
        (ngrams, AVERAGE_NGRAMS, NGRAM_FACTOR),
    ):
        norm = K1 * (1 - B + B * len(terms) / average)
        for term, count in Counter(terms).items():
            dimension = zlib.crc32(term.encode()) % 10**9
            weight = factor * count * (K1 + 1) / (count + norm)
            weights[dimension] = max(weight, weights.get(dimension, 0.0))
    return weights


@pytest.mark.parametrize("language", LANGUAGES)
def test_weights_of_real_paragraphs_are_those_of_the_formula(language: Language):
    manual = (DEMO_DIRECTORY / f"manual.{language}.md").read_text("utf-8")
    paragraphs = [block for block in manual.split("\n\n") if len(block) > 200][:40]
    assert len(paragraphs) > 20
    for _ in range(2):  # the second time from what was kept of the first
        for paragraph in paragraphs:
            weights = document_weights("", "", paragraph, language)
            assert weights == weights_by_the_formula(paragraph, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_of_one_script_is_told_as_with_a_word_of_the_other(language: Language):
    manual = (DEMO_DIRECTORY / f"manual.{language}.md").read_text("utf-8")
    foreign = "XJ-9" if language in ("fa", "ar") else "قیمت"
    for paragraph in [block for block in manual.split("\n\n") if len(block) > 200][:20]:
        assert detect_language(paragraph) == language
        assert detect_language(f"{paragraph} {foreign}") == language
