"""What embedding every passage once ever has saved."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Numeric, cast, func, select
from sqlalchemy.orm import Session

from db.models import Source
from leanrag.pricing import cost_usd
from leanrag.sentence_embedder import MODEL_PREFIX
from leanrag.settings import Settings


@dataclass(frozen=True, slots=True)
class Savings:
    """Of `passage_count` passages, `reused_count` were embedded before when last processed.

    `repeated_count` of these stand more than once in their source. `saved_tokens` were not embedded
    again: estimated, every passage counting as much as the others of its source.
    """

    passage_count: int = 0
    reused_count: int = 0
    repeated_count: int = 0
    saved_tokens: int = 0


def source_savings(embedded: int, reused: int, repeated: int, tokens: int) -> Savings:
    """Return what a source of so many passages, embedded now and before, and tokens saved."""
    passages = embedded + reused
    return Savings(passages, reused, repeated, round(tokens * reused / passages) if passages else 0)


def read_savings(tenant_id: UUID, *, session: Session) -> Savings:
    """Return what all sources of a tenant saved when they were last processed."""
    passages = Source.embedded_count + Source.reused_count
    saved = cast(Source.token_count, Numeric) * Source.reused_count / func.nullif(passages, 0)
    sums = (passages, Source.reused_count, Source.repeated_count, saved)
    query = select(*(func.coalesce(func.sum(part), 0) for part in sums))
    row = session.execute(query.where(Source.tenant_id == tenant_id)).one()
    return Savings(*map(int, row))


def saved_usd(saved_tokens: int, settings: Settings) -> float | None:
    """Return what so many tokens cost at the embedding model's list price.

    None where embedding is free, as on this machine, or no price is known.
    """
    model = settings.embedding_model
    if model == "local" or model.startswith(MODEL_PREFIX):
        return None
    return cost_usd(model, prompt_tokens=saved_tokens, base_url=settings.openai_base_url) or None
