"""Whole documents for peers' splitters, and the usual windows of 400 tokens with 40 overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import tiktoken

from bench._recall_data import read_objects
from leanrag.text.normalize import fold
from leanrag.text.tokens import DEFAULT_ENCODING, load_counter

WINDOW_TOKENS, OVERLAP_TOKENS = 400, 40
PARAGRAPH_BREAK = "\n\n"

DocumentKey = tuple[str, str]  # language, doc_id: translations of a document share its doc_id


@dataclass(frozen=True, slots=True)
class WholeDocument:
    """A document with its title as its first line and its passages as paragraphs."""

    key: DocumentKey
    text: str


def read_documents(path: Path) -> tuple[WholeDocument, ...]:
    """Join the passages of each `lang` and `doc_id`, in the order of the file."""
    paragraphs: dict[DocumentKey, list[str]] = {}
    for passage in read_objects(path):
        key = (passage["lang"], passage["doc_id"])
        if key not in paragraphs:
            paragraphs[key] = [passage["title"]] if passage["title"] else []
        paragraphs[key].append(passage["text"])
    return tuple(
        WholeDocument(key, PARAGRAPH_BREAK.join(parts)) for key, parts in paragraphs.items()
    )


def read_documents_of_questions(path: Path) -> dict[tuple[str, str], DocumentKey]:
    """Map the language and id of every question to the document that answers it."""
    return {(o["lang"], o["id"]): (o["lang"], o["doc_id"]) for o in read_objects(path)}


@lru_cache(maxsize=1)
def load_encoding() -> tiktoken.Encoding:
    """Return o200k_base. Raises ConfigurationError for a broken file."""
    load_counter(DEFAULT_ENCODING)  # from the shipped file; tiktoken then holds it in memory
    return tiktoken.get_encoding(DEFAULT_ENCODING)


def windows(documents: Sequence[WholeDocument]) -> list[str]:
    """Cut every document into windows of WINDOW_TOKENS, each with OVERLAP_TOKENS of the last."""
    encoding, step = load_encoding(), WINDOW_TOKENS - OVERLAP_TOKENS
    cut = []
    for document in documents:
        tokens = encoding.encode_ordinary(document.text)
        last_start = max(1, len(tokens) - OVERLAP_TOKENS)  # behind it stands nothing new
        for start in range(0, last_start, step):
            # A letter may be torn in two by the cut: its half is left out.
            window = encoding.decode(tokens[start : start + WINDOW_TOKENS], errors="ignore")
            cut.append(window)
    return cut


def folded(text: str) -> str:
    """Fold as for search, with single spaces: how a gold answer and a context are compared."""
    return " ".join(fold(text).split())
