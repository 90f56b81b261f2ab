"""Every table that tenants own, as the models tell it, and what each column may be used for."""

from __future__ import annotations

from typing import Any

from pgvector.sqlalchemy import HALFVEC, SPARSEVEC, VECTOR
from sqlalchemy import Column, LargeBinary, Table

from db.models import Base

# What would let somebody in, or is compared with what does; it never leaves the database.
SECRETS = frozenset({"api_keys.key_hash"})
# Counted from the passages; worthless anywhere else.
DERIVED = frozenset({"lexical_statistics"})
AUDIT_LOG = "audit_log"


def tenant_tables() -> tuple[Table, ...]:
    """Return the tables with a `tenant_id`, parents before children, without `tenants` itself."""
    return tuple(
        table
        for table in Base.metadata.sorted_tables
        if "tenant_id" in table.c and table.name != "tenants"
    )


def is_secret(column: Column[Any]) -> bool:
    """Tell whether a column is never shown nor exported."""
    return f"{column.table.name}.{column.name}" in SECRETS


def is_vector(column: Column[Any]) -> bool:
    """Tell whether a column holds an embedding or BM25 weights."""
    return isinstance(column.type, HALFVEC | SPARSEVEC | VECTOR)


def is_bytes(column: Column[Any]) -> bool:
    """Tell whether a column holds the bytes of a file."""
    return isinstance(column.type, LargeBinary)
