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
from leanrag.embedding_models import EmbeddingModels
from leanrag.errors import EmbeddingUnavailable

_NO_VECTOR: Vectors = np.zeros(1, dtype=np.float32)  # nothing is like a vector of one number


@dataclass(frozen=True, slots=True)
class QuestionVectors:
    """Vectors float32 (dim,) in the order of the questions, of which `missing` have none.

    `model` is that of the tenant, whose vectors they are.
    """

    vectors: tuple[Vectors, ...]
    missing: int
    model: str


class QuestionVectorReader:
    """Reads the vectors of past questions in one piece."""

    def __init__(self, models: EmbeddingModels) -> None:
        self._models = models

    def read(
        self, tenant_id: UUID, questions: Sequence[str], *, session: Session
    ) -> QuestionVectors:
        """Return a vector for each question by the tenant's model, in two statements at most.

        A remote embedder is not called: a question that the cache does not know is searched by
        words alone, as in a turn whose embedder is away.
        """
        model = self._models.read(tenant_id, session=session).model
        if not self._models.uses_dense(model):
            return QuestionVectors((_NO_VECTOR,) * len(questions), 0, model)
        known = self._known(tenant_id, questions, model, session=session)
        vectors = tuple(known.get(question, _NO_VECTOR) for question in questions)
        missing = sum(question not in known for question in questions)
        return QuestionVectors(vectors, missing, model)

    def _known(
        self, tenant_id: UUID, questions: Sequence[str], model: str, *, session: Session
    ) -> dict[str, Vectors]:
        if not self._models.has(model):
            return {}
        embedder = self._models.get(model)
        if embedder.is_remote:
            return _read_cache(tenant_id, questions, model, session=session)
        return _make(questions, embedder)


def _make(questions: Sequence[str], embedder: Embedder) -> dict[str, Vectors]:
    made: dict[str, Vectors] = {}
    try:
        for question in questions:
            embedded = embedder.embed_question(question)
            made[question] = np.asarray(embedded.vectors[0], dtype=np.float32)
    except EmbeddingUnavailable:
        return made  # the rest counts as missing, and the result says so
    return made


def _read_cache(
    tenant_id: UUID, questions: Sequence[str], model: str, *, session: Session
) -> dict[str, Vectors]:
    text_of = {_content_hash(question): question for question in questions}
    query = select(EmbeddingCache.content_hash, EmbeddingCache.dense).where(
        EmbeddingCache.tenant_id == tenant_id,
        EmbeddingCache.model == model,
        EmbeddingCache.content_hash.in_(text_of),
    )
    return {
        text_of[key]: np.asarray(dense, dtype=np.float32) for key, dense in session.execute(query)
    }


def _content_hash(text: str) -> str:
    """Return what leanrag/embedding_cache.py keeps a text's vector under."""
    return hashlib.sha256(encodable(text).encode()).hexdigest()
