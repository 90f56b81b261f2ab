"""Texts become vectors: locally by hashed character n-grams, or at a model provider."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from leanrag.errors import ConfigurationError, EmbeddingUnavailable, ProviderError
from leanrag.provider import ProviderConfig, open_client, provider_config
from leanrag.provider_errors import provider_errors, refused_parameter
from leanrag.settings import Settings
from leanrag.text.normalize import fold
from leanrag.text.tokens import encoding_for_model, load_counter

if TYPE_CHECKING:
    import openai
    from openai.types import CreateEmbeddingResponse

Vectors = NDArray[np.float32]

# OpenAI takes 8,192 tokens a text and 300,000 a request; both with room for other tokenizers.
MAX_TEXT_TOKENS = 8_000
MAX_REQUEST_TOKENS = 250_000
# The models that take a `dimensions` parameter.
_RESIZABLE_MODELS = "text-embedding-3"

_WORD = re.compile(r"[^\W_]+")
_GRAM_SIZES = (3, 4, 5)
# Odd 64-bit multipliers: MMIX's for the rolling hash; the finaliser is splitmix64's
# (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
_ROLLING = np.uint64(6364136223846793005)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SIGN_BIT = np.uint64(63)
_SPACE = np.uint64(ord(" "))


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors in the order of their texts: float32 (n, dimensions), each of unit length.

    `prompt_tokens` were billed; `reported` is false where they were counted here instead.
    """

    vectors: Vectors
    prompt_tokens: int
    reported: bool


class Embedder(Protocol):
    """Turns texts into vectors. `is_remote` tells whether the texts are sent to a provider."""

    @property
    def model(self) -> str:
        """Name of the model, stored beside every vector that it made."""

    @property
    def dimensions(self) -> int:
        """Length of every vector."""

    @property
    def is_remote(self) -> bool:
        """Whether the texts are sent to a provider, which costs time and may cost money."""

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed in order. Thread-safe. Raises EmbeddingUnavailable."""

    def close(self) -> None:
        """Release connections; the embedder may be used again."""


def embedder_from(settings: Settings) -> Embedder:
    """Return the embedder that `settings` name. Raises ConfigurationError without a usable key."""
    if settings.embedding_model == "local":
        return LocalEmbedder(settings.embedding_dimensions)
    if not settings.has_model():
        raise ConfigurationError(
            f"The embedding model {settings.embedding_model!r} needs a key: set OPENAI_API_KEY, "
            "or set LEANRAG_EMBEDDING_MODEL to 'local'."
        )
    return OpenAiEmbedder(
        replace(provider_config(settings), model=settings.embedding_model),
        dimensions=settings.embedding_dimensions,
        batch_texts=settings.embedding_batch_texts,
    )


# ---- without a model --------------------------------------------------------------------------


class LocalEmbedder:
    """Signed hashed character 3- to 5-grams of folded words, weighted 1 + ln(count).

    It finds shared spelling in any language, never shared meaning. The same text gives the same
    vector in every process and on every machine (feature hashing: Weinberger et al., 2009).
    """

    is_remote = False

    def __init__(self, dimensions: int = 1536) -> None:
        self.dimensions = dimensions
        self.model = f"local-chargram-3-5-d{dimensions}"

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed in order; no tokens are billed. A text without a word gets one fixed vector."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self._accumulate(text)
        return Embedded(_unit_length(vectors), prompt_tokens=0, reported=True)

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def _accumulate(self, text: str) -> NDArray[np.float64]:
        grams = np.sort(_hash_grams(text))
        starts = np.flatnonzero(np.r_[True, grams[1:] != grams[:-1]][: len(grams)])
        counts = np.diff(np.r_[starts, len(grams)])
        distinct = grams[starts]
        weights = 1.0 + np.log(counts)
        signed = np.where(distinct >> _SIGN_BIT, weights, -weights)
        buckets = (distinct % np.uint64(self.dimensions)).astype(np.intp)
        vector = np.bincount(buckets, weights=signed, minlength=self.dimensions)
        return vector.astype(np.float64, copy=False)


def _hash_grams(text: str) -> NDArray[np.uint64]:
    """Return a 64-bit hash of every n-gram of every word, each word between two spaces."""
    padded = f" {' '.join(_WORD.findall(fold(text)))} "
    letters = np.frombuffer(padded.encode("utf-32-le"), dtype="<u4").astype(np.uint64)
    is_space = letters == _SPACE
    hashes, crosses_words = letters, np.zeros(len(letters), dtype=bool)
    found = []
    for size in range(2, _GRAM_SIZES[-1] + 1):
        if len(letters) < size:
            break
        # A gram of `size` is the one before it and one more letter; a space inside crosses words.
        hashes = hashes[:-1] * _ROLLING + letters[size - 1 :]
        crosses_words = crosses_words[:-1]
        if size > 2:
            crosses_words = crosses_words | is_space[size - 2 : -1]
        if size in _GRAM_SIZES:
            found.append(hashes[~crosses_words])
    return _mix(np.concatenate(found)) if found else np.zeros(0, dtype=np.uint64)


def _mix(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    hashes = (hashes ^ (hashes >> np.uint64(30))) * _MIX_1
    hashes = (hashes ^ (hashes >> np.uint64(27))) * _MIX_2
    return cast("NDArray[np.uint64]", hashes ^ (hashes >> np.uint64(31)))


def _unit_length(vectors: Vectors) -> Vectors:
    """Scale every row to length 1; a zero row, which has no cosine, becomes the first axis."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[lengths[:, 0] == 0, 0] = 1.0
    lengths[lengths == 0] = 1.0
    return cast("Vectors", vectors / lengths)


# ---- at a provider ----------------------------------------------------------------------------


class OpenAiEmbedder:
    """Embeds through POST /embeddings of an OpenAI-compatible provider, in batches.

    Texts over MAX_TEXT_TOKENS are cut; an empty text, which the API refuses, is sent as a space.
    """

    is_remote = True

    def __init__(self, config: ProviderConfig, *, dimensions: int, batch_texts: int = 128) -> None:
        self.model = config.model
        self.dimensions = dimensions
        self._config = config
        self._batch_texts = batch_texts
        self._client: openai.OpenAI | None = None
        self._opening = threading.Lock()
        self._sends_base64 = True

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed in order. Raises EmbeddingUnavailable when any batch fails after the retries."""
        vectors = [np.zeros((0, self.dimensions), dtype=np.float32)]
        total_tokens, all_reported = 0, True
        for batch, counted_tokens in self._batches(texts):
            reply = self._request(batch)
            vectors.append(self._vectors_of(reply, len(batch)))
            reported = getattr(reply.usage, "prompt_tokens", None)
            total_tokens += counted_tokens if reported is None else int(reported)
            all_reported = all_reported and reported is not None
        return Embedded(_unit_length(np.concatenate(vectors)), total_tokens, all_reported)

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        with self._opening:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _batches(self, texts: Sequence[str]) -> Iterator[tuple[list[str], int]]:
        """Yield batches within both limits, each with its tokens as counted here."""
        counter = load_counter(encoding_for_model(self.model))
        batch: list[str] = []
        batch_tokens = 0
        for text in texts:
            sent = counter.truncate(text, MAX_TEXT_TOKENS) or " "
            tokens = counter.count(sent)
            is_full = len(batch) == self._batch_texts
            if batch and (is_full or batch_tokens + tokens > MAX_REQUEST_TOKENS):
                yield batch, batch_tokens
                batch, batch_tokens = [], 0
            batch.append(sent)
            batch_tokens += tokens
        if batch:
            yield batch, batch_tokens

    def _request(self, batch: list[str]) -> CreateEmbeddingResponse:
        try:
            with provider_errors(model=self.model, api_key=self._config.api_key):
                return self._create(batch)
        except ProviderError as error:
            raise EmbeddingUnavailable(error.message, reason=error.code, **error.details) from error

    def _create(self, batch: list[str]) -> CreateEmbeddingResponse:
        import openai

        # Left out, the client asks for base64 (a quarter of the bytes) and decodes it.
        encoding: Literal["float"] | openai.Omit = openai.omit if self._sends_base64 else "float"
        resizable = self.model.rpartition("/")[2].startswith(_RESIZABLE_MODELS)
        try:
            return self._open().embeddings.create(
                model=self.model,
                input=batch,
                dimensions=self.dimensions if resizable else openai.omit,
                encoding_format=encoding,
            )
        except openai.APIStatusError as error:
            if encoding == "float" or not refused_parameter(error, ("encoding_format",)):
                raise
        self._sends_base64 = False
        return self._create(batch)

    def _open(self) -> openai.OpenAI:
        with self._opening:
            if self._client is None:
                self._client = open_client(self._config)
            return self._client

    def _vectors_of(self, reply: CreateEmbeddingResponse, expected: int) -> Vectors:
        """Return the vectors of a reply in the order of its texts, checked for number and length.

        The client does not validate: any field may be missing or of another type.
        """
        try:
            in_order = sorted(reply.data, key=lambda item: item.index)
            vectors = np.array([item.embedding for item in in_order], dtype=np.float32)
        except (AttributeError, TypeError, ValueError):
            vectors = np.zeros((0, 0), dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != expected or not np.isfinite(vectors).all():
            raise EmbeddingUnavailable(
                "The model provider sent embeddings that cannot be read; try again in a moment."
            )
        if vectors.shape[1] != self.dimensions:
            raise EmbeddingUnavailable(
                f"The model {self.model} makes vectors of {vectors.shape[1]} numbers; set "
                f"LEANRAG_EMBEDDING_DIMENSIONS to {vectors.shape[1]} and index again."
            )
        return vectors
