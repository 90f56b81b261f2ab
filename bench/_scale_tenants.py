"""Tenants of a given size, written straight into the tables as the product stores them."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert, text

from bench._scale_passages import Prepared, copies
from db.models import LexicalStatistics, Source
from db.models.base import new_id
from leanrag.bootstrap import Services
from leanrag.text.term_statistics import TermSketch
from leanrag.types import SOURCE_KINDS

SOURCE_PASSAGES = 250
_TABLES = ("chunks", "chunk_terms", "chunk_embeddings", "lexical_statistics")


@dataclass(frozen=True, slots=True)
class Tenants:
    """Tenants with so many passages each."""

    ids: tuple[UUID, ...]
    passages_each: int


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes a passage takes in each table with its indexes and TOAST."""

    passages: int
    bytes_a_passage: dict[str, int]


def write(
    services: Services,
    prefix: str,
    *,
    count: int,
    passages_each: int,
    pool: Sequence[Prepared],
    model: str,
    seed: int,
) -> Tenants:
    """Make tenants of passages drawn from the pool; their sources come in turn, not together."""
    chance = random.Random(seed)
    ids = [services.tenants.create(f"{prefix}-{n}", prefix).tenant_id for n in range(count)]
    chosen = {tenant_id: chance.sample(pool, passages_each) for tenant_id in ids}
    connection = services.database.admin_engine.raw_connection()
    try:
        cursor = connection.cursor()
        # The rows are whole by construction: checking each reference again would take hours.
        cursor.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        for number, start in enumerate(range(0, passages_each, SOURCE_PASSAGES)):
            for tenant_id in ids:
                source_id = _add_source(services, tenant_id, number)
                batch = chosen[tenant_id][start : start + SOURCE_PASSAGES]
                kind = _kind(number)
                for statement, data in copies(tenant_id, source_id, kind, batch, model):
                    cursor.copy_expert(statement, io.BytesIO(data))
            connection.commit()
        cursor.execute("RESET ALL")
        connection.commit()
    finally:
        connection.close()
    for tenant_id in ids:
        _count(services, tenant_id, chosen[tenant_id])
    return Tenants(tuple(ids), passages_each)


def settle(services: Services) -> None:
    """Vacuum and analyze, as the server does by itself in time."""
    engine = services.database.admin_engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for table in (*_TABLES, "sources"):
            connection.execute(text(f"VACUUM (ANALYZE) {table}"))
        connection.execute(text("CHECKPOINT"))


def disk(services: Services) -> Disk:
    """Return what the passages take on the disk."""
    with services.database.admin_engine.connect() as connection:
        passages = connection.scalar(text("SELECT count(*) FROM chunk_terms")) or 1
        sizes = {
            table: connection.scalar(text(f"SELECT pg_total_relation_size('{table}')")) or 0
            for table in _TABLES
        }
    return Disk(passages, {table: round(size / passages) for table, size in sizes.items()})


def _kind(number: int) -> str:
    return SOURCE_KINDS[number % len(SOURCE_KINDS)]


def _add_source(services: Services, tenant_id: UUID, number: int) -> UUID:
    source_id = new_id()
    with services.database.tenant(tenant_id) as session:
        session.execute(
            insert(Source).values(
                tenant_id=tenant_id,
                source_id=source_id,
                kind=_kind(number),
                title=f"Part {number}",
                filename=f"part-{number}",
                media_type="text/plain",
                byte_size=1,
                content_hash=str(number),
                status="processed",
                passage_count=SOURCE_PASSAGES,
                indexed_version=1,
            )
        )
    return source_id


def _count(services: Services, tenant_id: UUID, passages: Sequence[Prepared]) -> None:
    sketch = TermSketch()
    for passage in passages:
        sketch.add(passage.terms)
    with services.database.tenant(tenant_id) as session:
        session.execute(
            insert(LexicalStatistics).values(
                tenant_id=tenant_id,
                passage_count=len(passages),
                version=1,
                sketch=sketch.to_bytes(),
            )
        )
