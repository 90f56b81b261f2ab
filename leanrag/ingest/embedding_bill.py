"""What the embedding of a source costs, written batch by batch, together with what it bought."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from db.models import Source, UsageEvent
from db.models.base import new_id
from leanrag.embedding_cache import CachedEmbedding, embedding_event
from leanrag.embedding_limits import read_identity
from leanrag.pricing import cost_usd

_DECIMALS = 8  # of the columns


class EmbeddingBill:
    """One usage row that grows with every batch: what was paid is known wherever a job dies."""

    def __init__(
        self,
        tenant_id: UUID,
        source_id: UUID | None,
        bot_id: UUID | None,
        *,
        model: str,
        base_url: str,
    ) -> None:
        """Without `source_id` the passages are of many sources, and no source is charged."""
        self._tenant_id = tenant_id
        self._source_id = source_id
        self._bot_id = bot_id
        self._model = model
        self._base_url = base_url
        self._usage_id = new_id()

    def add(self, batch: CachedEmbedding, session: Session) -> None:
        """Add what a batch took to the usage row and to the source's cost."""
        if not batch.prompt_tokens:
            return
        row = session.get(UsageEvent, (self._tenant_id, self._usage_id))
        before = row.cost_usd if row is not None else None
        if row is None:
            row = self._row(batch)
            session.add(row)
        else:
            row.prompt_tokens += batch.prompt_tokens
            row.latency_ms += batch.latency_ms
            row.is_reported = row.is_reported and batch.reported
        row.cost_usd = self._cost(row.prompt_tokens)
        if self._source_id is None:
            return
        grown = (row.cost_usd or Decimal(0)) - (before or Decimal(0))
        session.execute(
            update(Source)
            .where(Source.tenant_id == self._tenant_id, Source.source_id == self._source_id)
            .values(embedding_cost_usd=Source.embedding_cost_usd + grown)
        )

    def _row(self, batch: CachedEmbedding) -> UsageEvent:
        row = embedding_event(
            self._tenant_id, self._model, batch, base_url=self._base_url, bot_id=self._bot_id
        )
        row.usage_id = self._usage_id
        return row

    def _cost(self, prompt_tokens: int) -> Decimal | None:
        """Return the price of all tokens so far, rounded once."""
        name, _ = read_identity(self._model)
        cost = cost_usd(name, prompt_tokens=prompt_tokens, base_url=self._base_url)
        return None if cost is None else round(Decimal(cost), _DECIMALS)
