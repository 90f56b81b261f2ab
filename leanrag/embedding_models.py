"""Which embedding model a tenant uses now, and an embedder for every model that is in use.

A tenant goes on with the model that its passages were embedded with, whatever the settings name,
until another one's embeddings are complete (`leanrag/embedding_switch.py`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from leanrag.embedder import Embedder
from leanrag.errors import ConfigurationError

# Of `:tenant`: the model whose embeddings its questions use. NULL where nothing is embedded yet.
MODEL_IN_USE = """
    SELECT coalesce(
        (SELECT model FROM embedding_switches WHERE tenant_id = :tenant),
        (SELECT model FROM chunk_embeddings WHERE tenant_id = :tenant ORDER BY chunk_id LIMIT 1))"""
_READ = text(
    f"""
    SELECT ({MODEL_IN_USE}) AS model,
           (SELECT next_model FROM embedding_switches WHERE tenant_id = :tenant) AS next_model
    """  # noqa: S608 - a constant of this file
)
_HOLD = text("SELECT model, next_model FROM embedding_switches WHERE tenant_id = :tenant FOR SHARE")
# Passages of several models are left from a change of models before there were switches.
_ADD = text(
    """
    INSERT INTO embedding_switches (tenant_id, model)
    SELECT :tenant, coalesce(
        (SELECT model FROM chunk_embeddings WHERE tenant_id = :tenant
         GROUP BY model ORDER BY count(*) DESC, model LIMIT 1), :own)
    ON CONFLICT (tenant_id) DO NOTHING
    """
)


@dataclass(frozen=True, slots=True)
class TenantModels:
    """The model in use, and the one whose embeddings are made beside it (empty: none)."""

    model: str
    next_model: str = ""

    @property
    def target(self) -> str:
        """The model that is to stay."""
        return self.next_model or self.model

    @property
    def wanted(self) -> tuple[str, ...]:
        """The models that a passage is to have a vector of, the one that is to stay first."""
        return tuple(dict.fromkeys((self.target, self.model)))


def _no_other(model: str) -> Embedder:
    raise ConfigurationError(f"The embedding model {model!r} cannot be used here.")


def _always(_model: str) -> bool:
    return True


class EmbeddingModels:
    """The embedders of this process: the settings' own, and others as tenants need them.

    Thread-safe.
    """

    def __init__(
        self,
        own: Embedder,
        make: Callable[[str], Embedder] = _no_other,
        *,
        uses_dense: Callable[[str], bool] = _always,
    ) -> None:
        """`make` returns a model's embedder or raises ConfigurationError.

        `uses_dense` tells whether ranking looks at a model's vectors at all.
        """
        self.own = own
        self.uses_dense = uses_dense
        self._make = make
        self._made = {own.model: own}
        self._lock = threading.Lock()

    def get(self, model: str) -> Embedder:
        """Return the embedder of a model; "" names the settings' own.

        Raises ConfigurationError where it cannot be made here: its key or package is gone.
        """
        if not model:
            return self.own
        with self._lock:
            if model not in self._made:
                self._made[model] = self._make(model)
            return self._made[model]

    def has(self, model: str) -> bool:
        """Tell whether this process can embed with a model."""
        try:
            self.get(model)
        except ConfigurationError:
            return False
        return True

    def read(self, tenant_id: UUID, *, session: Session) -> TenantModels:
        """Return a tenant's models; the settings' own where nothing is embedded yet."""
        row = session.execute(_READ, {"tenant": tenant_id}).one()
        return TenantModels(row.model or self.own.model, row.next_model or "")

    def hold(self, tenant_id: UUID, *, session: Session) -> TenantModels:
        """Return a tenant's models, which stay so until this transaction ends.

        To be called after the lock of a source is taken, and before passages are written.
        """
        row = session.execute(_HOLD, {"tenant": tenant_id}).one_or_none()
        if row is None:
            session.execute(_ADD, {"tenant": tenant_id, "own": self.own.model})
            row = session.execute(_HOLD, {"tenant": tenant_id}).one()
        return TenantModels(row.model, row.next_model)

    def close(self) -> None:
        """Release what the embedders hold; they may be used again."""
        with self._lock:
            made = tuple(self._made.values())
        for embedder in made:
            embedder.close()
