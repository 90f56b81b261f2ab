"""Exact token counts with OpenAI's own encodings, from the files shipped beside this module.

The files are named as tiktoken's cache names them (SHA-1 of their download address). Their SHA-256
is checked here before tiktoken reads them, because tiktoken deletes a file that fails its own check
and then downloads it: counting must never need a network.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import tiktoken

from leanrag.errors import ConfigurationError

ENCODINGS_DIRECTORY = Path(__file__).parent / "encodings"
DEFAULT_ENCODING = "o200k_base"

# name → (file, SHA-256), as in tiktoken_ext/openai_public.py of tiktoken 0.14.
ENCODING_FILES = {
    "o200k_base": (
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
    "cl100k_base": (
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
}
# A run of about a million blanks overflows the stack of tiktoken's regular expression.
_LONG_TEXT = 500_000
_BLANK_RUN = re.compile(r"(\s{100000})")
# A turn counts its passages in several renderings, and at last the whole prompt: the same
# sentences, of which an earlier turn counted many. At two bytes a letter a full cache takes 8 MB.
CACHED_TEXTS = 2_048
CACHED_LETTERS = 2_000
CACHED_PIECES = 8_192
CACHED_PIECE_LETTERS = 500
# The shipped encodings cut every text here before they look for tokens (pat_str in tiktoken_ext/
# openai_public.py): behind a line, unless white space or a slash follows, and before one space.
_PIECE_END = re.compile(r"[\n.!?؟۔…](?:(?<=\n)(?=[^\s/])|(?<!\n)(?= \S))")
_LONGEST_PROMPT = 20_000  # letters: a longer text is a file, whose sentences are counted once
_CACHE_VARIABLE = "TIKTOKEN_CACHE_DIR"
_LOADING = threading.Lock()


class TokenCounter:
    """Counts and cuts text in tokens of one encoding; remembers the last counts. Thread-safe."""

    def __init__(self, encoding: tiktoken.Encoding) -> None:
        self.encoding = encoding
        self.name = encoding.name
        self._is_shipped = encoding.name in ENCODING_FILES
        self._remembered = lru_cache(maxsize=CACHED_TEXTS)(self._count)
        self._remembered_piece = lru_cache(maxsize=CACHED_PIECES)(self._count_piece)

    def count(self, text: str) -> int:
        """Return the number of tokens of `text`; control tokens written in it count as text."""
        return self._remembered(text) if len(text) <= CACHED_LETTERS else self._count(text)

    def truncate(self, text: str, max_tokens: int) -> str:
        """Return a start of `text` of at most `max_tokens` tokens, cut where a token ends."""
        if len(text) * 4 <= max_tokens:  # a letter has at most four bytes, a token at least one
            return text
        size = max(0, max_tokens)
        tokens = self._encode(text)
        while len(tokens) > max(0, max_tokens):
            # A letter may be torn in two by the cut: its half is left out.
            text = self.encoding.decode(tokens[:size], errors="ignore")
            tokens = self._encode(text)
            size -= 1
        return text

    def _count(self, text: str) -> int:
        if not self._is_shipped or len(text) > _LONGEST_PROMPT:
            return self._count_piece(text)
        ends = [match.end() for match in _PIECE_END.finditer(text)]
        pieces = [text[start:end] for start, end in pairwise([0, *ends, len(text)])]
        return sum(
            [
                self._remembered_piece(piece)
                if len(piece) <= CACHED_PIECE_LETTERS
                else self._count_piece(piece)
                for piece in pieces
            ]
        )

    def _count_piece(self, piece: str) -> int:
        return len(self._encode(piece))

    def _encode(self, text: str) -> list[int]:
        if len(text) <= _LONG_TEXT:
            return self.encoding.encode_ordinary(text)
        pieces = _BLANK_RUN.split(text)
        return [token for piece in pieces for token in self.encoding.encode_ordinary(piece)]


def encoding_for_model(model: str) -> str:
    """Name the encoding that `model` bills in; o200k_base where tiktoken does not know it."""
    try:
        name = tiktoken.encoding_name_for_model(model.rpartition("/")[2])
    except KeyError:
        return DEFAULT_ENCODING
    return name if name in ENCODING_FILES else DEFAULT_ENCODING


@lru_cache(maxsize=len(ENCODING_FILES))
def load_counter(name: str = DEFAULT_ENCODING) -> TokenCounter:
    """Load a shipped encoding (about 0.2 s, once). Raises ConfigurationError for a broken file."""
    if name not in ENCODING_FILES:
        known = ", ".join(ENCODING_FILES)
        raise ConfigurationError(f"The encoding {name!r} is not shipped; choose one of {known}.")
    _check_file(name)
    with _LOADING, _shipped_cache():
        return TokenCounter(tiktoken.get_encoding(name))


def _check_file(name: str) -> None:
    file_name, expected = ENCODING_FILES[name]
    path = ENCODINGS_DIRECTORY / file_name
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != expected:
        raise ConfigurationError(
            f"The token file of {name} is missing or damaged; install LeanRAG again."
        )


@contextmanager
def _shipped_cache() -> Iterator[None]:
    """Point tiktoken's cache at the shipped files while it loads."""
    before = os.environ.get(_CACHE_VARIABLE)
    os.environ[_CACHE_VARIABLE] = str(ENCODINGS_DIRECTORY)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_CACHE_VARIABLE]
        else:
            os.environ[_CACHE_VARIABLE] = before
