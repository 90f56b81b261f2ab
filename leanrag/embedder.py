"""What every embedder is: texts in, vectors of one model out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


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
        """Name of the model: the identity stored beside every vector that it made."""

    @property
    def dimensions(self) -> int:
        """Length of every vector; finding it may load or ask the model, once.

        Raises EmbeddingUnavailable where that fails.
        """

    @property
    def is_remote(self) -> bool:
        """Whether the texts are sent to a provider, which costs time and may cost money."""

    @property
    def base_url(self) -> str:
        """Address that the texts are sent to, which decides their price; empty on this machine."""

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed passages in order, however long the limits of a provider make it wait.

        Thread-safe. Raises EmbeddingUnavailable.
        """

    def embed_question(self, question: str) -> Embedded:
        """Embed one question, for which a person waits. Thread-safe. Raises EmbeddingUnavailable.

        Some models embed questions in another way than the passages that answer them.
        """

    def split(self, texts: Sequence[str]) -> Iterator[Sequence[str]]:
        """Cut texts, in order, into what `embed` asks for in one piece: paid or failed as one."""

    def close(self) -> None:
        """Release connections and memory; the embedder may be used again."""


def unit_length(vectors: Vectors) -> Vectors:
    """Scale every row to length 1, in place; a zero row, which has no cosine, becomes axis 0."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[lengths[:, 0] == 0, 0] = 1.0
    lengths[lengths == 0] = 1.0
    return cast("Vectors", vectors / lengths)


def encodable(text: str) -> str:
    """Return `text` as it can be sent: half of a surrogate pair becomes a question mark."""
    return text.encode("utf-8", "replace").decode()
