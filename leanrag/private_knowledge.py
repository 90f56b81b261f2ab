"""The learn-only passages that a text could have been made from, for the check of summaries."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from pgvector import SparseVector
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.models.knowledge import LEXICAL_DIMENSIONS
from leanrag.text.language import detect_language
from leanrag.text.lexical import question_terms

# A passage that shares eight words in a row with a text shares most of the terms that it is ranked
# by; the first twenty leave room for tenants that say the same in many places.
NEAREST_PASSAGES = 20
_NEAREST = text(
    """
    SELECT c.full_text FROM chunk_terms t
    JOIN chunks c ON c.tenant_id = :tenant AND c.chunk_id = t.chunk_id
    WHERE t.tenant_id = :tenant AND NOT c.is_citable
    ORDER BY t.lexical <#> CAST(:lexical AS sparsevec), t.chunk_id LIMIT :passages
    """
)
_NAMES = text("SELECT title FROM sources WHERE tenant_id = :tenant AND NOT is_citable")


@dataclass(frozen=True, slots=True)
class PrivateKnowledge:
    """Texts of learn-only passages, the nearest first, and the titles of learn-only sources."""

    texts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def read_private_knowledge(tenant_id: UUID, near: str, *, session: Session) -> PrivateKnowledge:
    """Return the tenant's learn-only passages that share most words with `near`."""
    names = tuple(session.scalars(_NAMES, {"tenant": tenant_id}))
    weights = question_terms(near, detect_language(near))
    if not weights:  # no names is no reason: a single passage may be learn-only
        return PrivateKnowledge(names=names)
    parameters = {
        "tenant": tenant_id,
        "lexical": SparseVector(weights, LEXICAL_DIMENSIONS).to_text(),
        "passages": NEAREST_PASSAGES,
    }
    return PrivateKnowledge(tuple(session.scalars(_NEAREST, parameters)), names)
