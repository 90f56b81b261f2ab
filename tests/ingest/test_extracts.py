"""TL;DRs without a model: 40 words, and 80 to 120 of long instructions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.demo.loader import DEMO_DIRECTORY
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.extracts import extracted, long_extract
from leanrag.ingest.manual import cut_manual
from leanrag.ingest.passage import make_chunk
from leanrag.ingest.reading import ReadSource
from leanrag.text.tokens import load_counter
from leanrag.types import LANGUAGES, Language

COUNTER = load_counter()


def passage(text: str, language: Language = "en") -> Chunk:
    return make_chunk(0, title="R", text=text, tldr="", language=language, counter=COUNTER)


def demo_manual(language: Language) -> tuple[Chunk, ...]:
    text = (DEMO_DIRECTORY / f"manual.{language}.md").read_text("utf-8")
    text = "\n\n".join(part for part in text.split("\n\n") if not part.startswith("#"))
    return cut_manual(text, title="Manual", counter=COUNTER)


@pytest.mark.parametrize("language", LANGUAGES)
def test_passages_of_a_long_manual_get_80_to_120_words(language: Language) -> None:
    chunks = demo_manual(language)
    made = extracted(ReadSource(chunks, has_long_tldrs=True))
    long = [chunk for chunk in made if len(chunk.text.split()) >= 80]
    assert len(long) >= 5
    assert all(80 <= len(chunk.tldr.split()) <= 120 for chunk in long)
    assert any(len(chunk.text.split()) > 120 for chunk in long)


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_others_keep_40_words(language: Language) -> None:
    made = extracted(ReadSource(demo_manual(language)))
    assert all(0 < len(chunk.tldr.split()) <= 40 for chunk in made)


def test_a_short_passage_is_its_own_tldr() -> None:
    text = "We never promise a day.\n\n- We write\n- in plain words."
    assert long_extract(passage(text)) == "We never promise a day. - We write - in plain words."


def test_a_tldr_that_is_there_stays() -> None:
    chunk = replace(passage("Is it free? It is."), tldr="Is it free?")
    assert extracted(ReadSource((chunk,)))[0].tldr == "Is it free?"


def test_progress_counts_the_passages() -> None:
    for has_long_tldrs in (True, False):
        told: list[int] = []
        chunks = (passage("One."), passage("Two."), passage("Three."))
        extracted(ReadSource(chunks, has_long_tldrs=has_long_tldrs), told.append)
        assert told == [0, 1, 2]


WORDS = st.sampled_from(["tea", "glass", "refund", "day", "چای", "قهوه", "مرتجع", "çay"])
SENTENCES = st.lists(st.lists(WORDS, min_size=1, max_size=150).map(" ".join), max_size=120)


@given(SENTENCES, st.sampled_from([". ", ".\n", "\n", "؟ "]))
def test_whatever_its_sentences_are_80_words_give_80_to_120(
    sentences: list[str], joiner: str
) -> None:
    text = joiner.join(sentences)
    extract = long_extract(passage(text))
    words = len(text.split())
    if words <= 120:
        assert extract.split() == text.split()
    else:
        assert 80 <= len(extract.split()) <= 120
        assert {word.strip(".…؟") for word in extract.split()} <= {
            word.strip(".؟") for word in text.split()
        }
