"""Texts become vectors by a sentence-transformers model on this machine.

The package and its models are optional (requirements-models.txt). A model is named by a directory,
by an installed package that carries it, or by its name on the Hugging Face hub.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from leanrag.embedder import Embedded, Vectors, encodable, unit_length
from leanrag.errors import ConfigurationError, EmbeddingUnavailable

log = logging.getLogger(__name__)

MODEL_PREFIX = "sentence-transformers/"
LIBRARY = "sentence_transformers"
_INSTALL = "python -m pip install -r requirements-models.txt"
_MARKER = "modules.json"  # what every saved sentence-transformers model holds
_BATCH_TEXTS = 16


class SentenceEmbedder:
    """Embeds with one model, loaded at the first text; longer texts are cut to what it reads.

    Without `may_download` only what is on this machine is used, and no connection is opened.
    """

    is_remote = False
    base_url = ""

    def __init__(
        self, model: str, *, dimensions: int | None = None, may_download: bool = False
    ) -> None:
        """Take `model` with its prefix. Raises ConfigurationError where the package is missing."""
        if importlib.util.find_spec(LIBRARY) is None:
            raise ConfigurationError(
                f"The embedding model {model!r} needs the package sentence-transformers; run: "
                f"{_INSTALL}"
            )
        self.model = model
        self._wanted_dimensions = dimensions
        self._may_download = may_download
        self._loaded: Any = None
        self._length = 0
        self._failure = ""
        # One batch at a time: the tokenizers cannot be shared by threads that run at once.
        self._turn = threading.Condition()
        self._is_working = False
        self._waiting_questions = 0

    @property
    def dimensions(self) -> int:
        """Length of every vector, as the model says; loads it."""
        with self._working():
            self._load()
            return self._length

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed passages in order; no tokens are billed. Raises EmbeddingUnavailable.

        Questions get their turn between two batches, which hold texts of about the same length.
        """
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        by_length = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        for start in range(0, len(texts), _BATCH_TEXTS):
            rows = by_length[start : start + _BATCH_TEXTS]
            with self._working():
                encode = self._load().encode_document
                vectors[rows] = self._encode(encode, [texts[row] for row in rows])
        return Embedded(unit_length(vectors), prompt_tokens=0, reported=True)

    def embed_question(self, question: str) -> Embedded:
        """Embed a question, with the prompt that the model's makers gave it for questions."""
        with self._working(is_question=True):
            vectors = self._encode(self._load().encode_query, [question])
        return Embedded(unit_length(vectors), prompt_tokens=0, reported=True)

    def split(self, texts: Sequence[str]) -> Iterator[Sequence[str]]:
        """Keep the texts together: nothing is sent."""
        yield texts

    def close(self) -> None:
        """Let go of the model; the next call loads it again."""
        with self._working():
            self._loaded, self._failure = None, ""

    @contextmanager
    def _working(self, *, is_question: bool = False) -> Iterator[None]:
        """Wait for the model; a question goes before passages, which a plain lock would not see to.

        A thread that gives a lock back and wants it again at once mostly gets it.
        """
        with self._turn:
            self._waiting_questions += is_question
            try:
                self._turn.wait_for(
                    lambda: not self._is_working and (is_question or not self._waiting_questions)
                )
            finally:
                self._waiting_questions -= is_question
            self._is_working = True
        try:
            yield
        finally:
            with self._turn:
                self._is_working = False
                self._turn.notify_all()

    def _encode(self, encode: Any, texts: Sequence[str]) -> Vectors:
        clean = [encodable(text) for text in texts]
        try:
            made = encode(clean, batch_size=_BATCH_TEXTS, show_progress_bar=False)
        except Exception as exc:
            log.exception("Embedding with %s failed.", self.model)
            raise EmbeddingUnavailable(
                f"The embedding model {self.model} failed on a text; the log has the details."
            ) from exc
        return np.asarray(made, dtype=np.float32)

    def _load(self) -> Any:
        """Return the model. A failed load is not tried again at every question."""
        if self._failure:
            raise EmbeddingUnavailable(self._failure)
        if self._loaded is None:
            try:
                self._loaded = self._open()
            except EmbeddingUnavailable as exc:
                self._failure = exc.message
                raise
        return self._loaded

    def _open(self) -> Any:
        try:
            loaded = _load_model(self.model, may_download=self._may_download)
            # Not every model can tell its length before it has embedded something.
            length = int(loaded.encode_query(["length"], show_progress_bar=False).shape[1])
        except Exception as exc:
            log.exception("The embedding model %s cannot be loaded.", self.model)
            raise EmbeddingUnavailable(
                f"The embedding model {self.model} cannot be loaded; check that it is on this "
                "machine (or set LEANRAG_EMBEDDING_DOWNLOADS=true), then start LeanRAG again."
            ) from exc
        wanted = self._wanted_dimensions
        if wanted not in (None, length):
            raise EmbeddingUnavailable(
                f"The embedding model {self.model} makes vectors of {length} numbers, not of "
                f"{wanted}: set LEANRAG_EMBEDDING_DIMENSIONS to {length}, or leave it unset."
            )
        self._length = length
        return loaded


def find_model(model: str) -> str:
    """Return what the library loads for a setting: a directory, or a name on the hub.

    A name that starts with `.`, `/` or `~` is a directory; one of an installed package that carries
    a model is that package's; on the hub a name without its owner is sentence-transformers' own.
    """
    name = model.removeprefix(MODEL_PREFIX)
    if name.startswith((".", "/", "~")):
        return str(Path(name).expanduser().resolve())
    carried = None if "/" in name else _carried_by_package(name)
    if carried is not None:
        return str(carried)
    return name if "/" in name else MODEL_PREFIX + name


def _carried_by_package(name: str) -> Path | None:
    """Return the directory of the model inside the files of a package, which is not imported."""
    try:
        files = metadata.distribution(name).files or []
    except (metadata.PackageNotFoundError, ValueError):
        return None
    markers = (Path(str(file.locate())) for file in files if file.name == _MARKER)
    return next((marker.parent for marker in markers if marker.is_file()), None)


def _load_model(model: str, *, may_download: bool) -> Any:
    place = _on_disk(find_model(model), may_download=may_download)
    library: Any = importlib.import_module(LIBRARY)
    importlib.import_module("transformers.utils.logging").disable_progress_bar()
    return library.SentenceTransformer(place, local_files_only=not may_download)


def _on_disk(place: str, *, may_download: bool) -> str:
    """Return the directory of a model, or its name on the hub where it is still to be fetched.

    The library would contact the hub for a name even when told to use local files only.
    """
    if Path(place).is_absolute():
        if not (Path(place) / _MARKER).is_file():
            raise FileNotFoundError(f"{place} holds no {_MARKER}")
        return place
    hub: Any = importlib.import_module("huggingface_hub")
    marker = hub.try_to_load_from_cache(place, _MARKER)
    if isinstance(marker, str):
        return str(Path(marker).parent)
    if not may_download:
        raise FileNotFoundError(f"{place} is not in the cache of the hub")
    return place
