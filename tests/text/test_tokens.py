from __future__ import annotations

import inspect
import os
import shutil
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st
from tiktoken_ext import openai_public

from leanrag.errors import ConfigurationError
from leanrag.text import tokens
from leanrag.text.tokens import (
    CACHED_LETTERS,
    CACHED_TEXTS,
    ENCODING_FILES,
    ENCODINGS_DIRECTORY,
    TokenCounter,
    encoding_for_model,
    load_counter,
)

# text → tokens in o200k_base and in cl100k_base, as tiktoken 0.14 counts them.
KNOWN_COUNTS = [
    ("What does delivery inside Turkey cost?", 7, 7),
    ("هزینهٔ ارسال داخل ترکیه چقدر است؟", 11, 28),
    ("كم تبلغ تكلفة التوصيل داخل تركيا؟", 9, 26),
    ("Türkiye içi teslimat ücreti ne kadar?", 11, 14),
    ("👩‍👩‍👧‍👦 tea", 12, 19),
    ("def add(a, b):\n    return a + b\n", 12, 12),
    ("", 0, 0),
]


@pytest.fixture
def copied_encodings(tmp_path, monkeypatch):
    """Point the module at a copy of the shipped files, and forget what it has loaded."""
    for file_name, _ in ENCODING_FILES.values():
        shutil.copy(ENCODINGS_DIRECTORY / file_name, tmp_path / file_name)
    monkeypatch.setattr(tokens, "ENCODINGS_DIRECTORY", tmp_path)
    load_counter.cache_clear()
    yield tmp_path
    load_counter.cache_clear()


@pytest.mark.parametrize(("text", "o200k", "cl100k"), KNOWN_COUNTS)
def test_counts_match_known_vectors_in_the_four_languages(text, o200k, cl100k):
    assert load_counter("o200k_base").count(text) == o200k
    assert load_counter("cl100k_base").count(text) == cl100k


@pytest.mark.parametrize("encoding", ENCODING_FILES)
@pytest.mark.parametrize("mark", ["<|endoftext|>", "<|endofprompt|>", "<|fim_prefix|>"])
def test_control_tokens_written_in_a_text_count_as_text(encoding, mark):
    assert load_counter(encoding).count(mark) > 1


@pytest.mark.parametrize("encoding", ENCODING_FILES)
@given(text=st.text())
def test_any_text_counts_as_tiktoken_counts_it(encoding, text):
    counter = load_counter(encoding)  # first, so that tiktoken finds the shipped file
    expected = len(tiktoken.get_encoding(encoding).encode(text, disallowed_special=()))
    assert counter.count(text) == expected


@pytest.mark.parametrize("blank", [" ", "\t", "\u3000"])
@pytest.mark.parametrize("encoding", ENCODING_FILES)
def test_a_million_blanks_are_counted_without_overflowing_the_stack(encoding, blank):
    counter = load_counter(encoding)
    assert counter.count(blank * 1_000_000 + "x") > 1
    assert counter.truncate(blank * 1_000_000, 10).strip() == ""


def test_a_long_text_without_long_blanks_keeps_its_exact_count():
    text = "Tea is served hot.  \n\n" * 30_000
    counter = load_counter()
    expected = len(tiktoken.get_encoding("o200k_base").encode_ordinary(text))
    assert counter.count(text) == expected


@pytest.mark.parametrize("encoding", ENCODING_FILES)
@given(text=st.text(max_size=200), limit=st.integers(min_value=-2, max_value=60))
def test_truncated_text_is_a_start_of_the_text_within_the_limit(encoding, text, limit):
    counter = load_counter(encoding)
    start = counter.truncate(text, limit)
    assert text.startswith(start)
    assert counter.count(start) <= max(0, limit)
    if counter.count(text) <= limit:
        assert start == text


def test_truncating_does_not_tear_a_letter_of_several_tokens():
    counter = load_counter()
    family = "👩‍👩‍👧‍👦" * 3
    starts = [counter.truncate(family, limit) for limit in range(counter.count(family))]
    assert all("\ufffd" not in start for start in starts)
    assert len(starts[-1]) > len(starts[4]) > 0


@pytest.mark.parametrize("encoding", ENCODING_FILES)
def test_shipped_hashes_are_those_in_the_source_of_tiktoken(encoding):
    file_name, sha256 = ENCODING_FILES[encoding]
    assert sha256 in inspect.getsource(openai_public)
    assert (ENCODINGS_DIRECTORY / file_name).is_file()


@pytest.mark.parametrize("encoding", ENCODING_FILES)
def test_a_damaged_file_is_refused_and_not_deleted(copied_encodings: Path, encoding):
    file = copied_encodings / ENCODING_FILES[encoding][0]
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(ConfigurationError, match=f"{encoding} is missing or damaged"):
        load_counter(encoding)
    assert file.is_file()


def test_a_missing_file_is_refused_instead_of_downloaded(copied_encodings: Path):
    (copied_encodings / ENCODING_FILES["o200k_base"][0]).unlink()
    with pytest.raises(ConfigurationError, match="install LeanRAG again"):
        load_counter()


def test_an_encoding_that_is_not_shipped_is_refused_by_name():
    with pytest.raises(ConfigurationError, match="'p50k_base' is not shipped"):
        load_counter("p50k_base")


@pytest.mark.parametrize("before", [None, "/somewhere/else"])
def test_loading_leaves_the_environment_as_it_was(copied_encodings: Path, monkeypatch, before):
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR", raising=False)
    if before:
        monkeypatch.setenv("TIKTOKEN_CACHE_DIR", before)
    load_counter()
    assert os.environ.get("TIKTOKEN_CACHE_DIR") == before


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4o-mini", "o200k_base"),
        ("openai/gpt-4o", "o200k_base"),
        ("gpt-4-turbo", "cl100k_base"),
        ("gemini-2.0-flash", "o200k_base"),
        ("text-davinci-003", "o200k_base"),
    ],
)
def test_a_model_is_billed_in_its_own_encoding(model, encoding):
    assert encoding_for_model(model) == encoding


@pytest.mark.parametrize("encoding", ["o200k_base", "cl100k_base"])
@given(
    pieces=st.lists(
        st.one_of(
            st.sampled_from([*" \n\r\t/.!?؟۔…'\"[](-", "\u0301", "\u200c", "\u00a0", "'s", "🙂"]),
            st.sampled_from(["tea", "Çay", "چای", "الشاي", "号码", "2024", ". ", ".\n", "?\n["]),
        ),
        max_size=40,
    )
)
def test_sentences_that_are_counted_one_by_one_add_up(encoding, pieces):
    text = "".join(pieces)
    counter = load_counter(encoding)
    assert counter.count(text) == len(counter.encoding.encode_ordinary(text))


def test_a_sentence_is_encoded_once_however_often_its_passage_is_counted(monkeypatch):
    counter = TokenCounter(load_counter().encoding)
    encoded = []
    encode = counter._encode
    monkeypatch.setattr(counter, "_encode", lambda text: encoded.append(text) or encode(text))
    counter.count("Tea is hot. Cups are red. Mugs")
    counter.count("[1] Tea\nTea is hot. Cups are red. Plates")
    assert encoded == ["Tea is hot.", " Cups are red.", " Mugs", "[1] Tea\n", " Plates"]


def test_a_text_is_encoded_once_and_its_count_remembered():
    encoding = load_counter().encoding
    encoded = []

    class Watched:
        name = "watched"

        def encode_ordinary(self, text):
            encoded.append(text)
            return encoding.encode_ordinary(text)

    counter = TokenCounter(Watched())
    assert counter.count("the same passage") == counter.count("the same passage") == 3
    assert encoded == ["the same passage"]


def test_a_long_text_is_counted_but_not_kept():
    counter = TokenCounter(load_counter().encoding)
    assert counter.count("tea " * CACHED_LETTERS) == counter.count("tea " * CACHED_LETTERS)
    assert counter._remembered.cache_info().currsize == 0


def test_only_so_many_counts_are_remembered():
    counter = TokenCounter(load_counter().encoding)
    for number in range(CACHED_TEXTS + 10):
        counter.count(f"passage {number}")
    assert counter._remembered.cache_info().currsize == CACHED_TEXTS
