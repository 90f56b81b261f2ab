"""The vectors of questions that were asked before: looked up, or made here; never bought."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import EmbeddingCache
from leanrag.embedder import Embedder, Vectors, encodable
from leanrag.errors import EmbeddingUnavailable

_NO_VECTOR: Vectors = np.zeros(1, dtype=np.float32)  # nothing is like a vector of one number


@dataclass(frozen=True, slots=True)
class QuestionVectors:
    """Vectors float32 (dim,) in the order of the questions, of which `missing` have none."""

    vectors: tuple[Vectors, ...]
    missing: int


class QuestionVectorReader:
    """Reads the vectors of past questions in one piece."""

    def __init__(self, embedder: Embedder, *, is_used: bool) -> None:
        """`is_used`: ranking looks at these vectors; where it does not, none is read."""
        self._embedder = embedder
        self._is_used = is_used

    def read(
        self, tenant_id: UUID, questions: Sequence[str], *, session: Session
    ) -> QuestionVectors:
        """Return a vector for each question, in one statement at most.

        A remote embedder is not called: a question that the cache does not know is searched by
        words alone, as in a turn whose embedder is away.
        """
        if not self._is_used:
            return QuestionVectors((_NO_VECTOR,) * len(questions), 0)
        known = (
            self._read_cache(tenant_id, questions, session=session)
            if self._embedder.is_remote
            else self._make(questions)
        )
        vectors = tuple(known.get(question, _NO_VECTOR) for question in questions)
        return QuestionVectors(vectors, sum(question not in known for question in questions))

    def _make(self, questions: Sequence[str]) -> dict[str, Vectors]:
        made: dict[str, Vectors] = {}
        try:
            for question in questions:
                embedded = self._embedder.embed_question(question)
                made[question] = np.asarray(embedded.vectors[0], dtype=np.float32)
        except EmbeddingUnavailable:
            return made  # the rest counts as missing, and the result says so
        return made

    def _read_cache(
        self, tenant_id: UUID, questions: Sequence[str], *, session: Session
    ) -> dict[str, Vectors]:
        text_of = {_content_hash(question): question for question in questions}
        query = select(EmbeddingCache.content_hash, EmbeddingCache.dense).where(
            EmbeddingCache.tenant_id == tenant_id,
            EmbeddingCache.model == self._embedder.model,
            EmbeddingCache.content_hash.in_(text_of),
        )
        return {
            text_of[key]: np.asarray(dense, dtype=np.float32)
            for key, dense in session.execute(query)
        }


def _content_hash(text: str) -> str:
    """Return what leanrag/embedding_cache.py keeps a text's vector under."""
    return hashlib.sha256(encodable(text).encode()).hexdigest()
