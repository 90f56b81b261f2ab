"""One row of every table for a tenant, made from the models alone: for attacks on all of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from pgvector import HalfVector, SparseVector
from pgvector.sqlalchemy import HALFVEC, SPARSEVEC
from sqlalchemy import Column, ForeignKeyConstraint, Table, insert
from sqlalchemy.orm import Session

from db.models import Base
from db.tenancy import Database
from leanrag.tenants import Tenants

# What check constraints ask for, where the type alone does not tell.
CHECKED: dict[str, Any] = {
    "messages.role": "user",
    "members.role": "owner",
    "state": "published",
    "weight": 2,
    "primary_tokens": 100,
    "secondary_tokens": 100,
}
TENANT_TABLES = [
    table
    for table in Base.metadata.sorted_tables
    if "tenant_id" in table.c and table.name != "tenants"
]
GLOBAL_TABLES = {"intent_keywords", "intent_routings"}
Row = dict[str, Any]


def value_of(column: Column[Any]) -> Any:
    for name in (f"{column.table.name}.{column.name}", column.name):
        if name in CHECKED:
            return CHECKED[name]
    if isinstance(column.type, HALFVEC):
        return HalfVector([1.0, 0.5])
    if isinstance(column.type, SPARSEVEC) and column.type.dim:
        return SparseVector({1: 1.0}, column.type.dim)
    samples: dict[type, Any] = {
        UUID: uuid.uuid4(),
        str: f"own {uuid.uuid4().hex[:8]}",
        bytes: b"own",
        bool: True,
        int: 1,
        float: 1.0,
        datetime: datetime.now(UTC),
        date: datetime.now(UTC).date(),
        list: [],
        dict: {},
    }
    return samples[column.type.python_type]


def make_row(table: Table, tenant_id: UUID, parents: dict[str, Row]) -> Row:
    """Return a row that refers to the tenant's rows in `parents` (by table)."""
    row = {
        column.name: value_of(column)
        for column in table.columns
        if not column.nullable and column.server_default is None
    }
    for key in table.constraints:
        if isinstance(key, ForeignKeyConstraint):
            target = parents.get(key.referred_table.name)
            for element in key.elements:
                if target is not None and element.column.name in target:
                    row[element.parent.name] = target[element.column.name]
    return {**row, "tenant_id": tenant_id}


def fill(tenant_id: UUID, session: Session) -> dict[str, Row]:
    """Insert one row into every tenant-owned table; return them by table."""
    rows: dict[str, Row] = {}
    for table in TENANT_TABLES:
        rows[table.name] = make_row(table, tenant_id, rows)
        session.execute(insert(table), rows[table.name])
    return rows


@dataclass(frozen=True)
class Two:
    """Two tenants with a row in every table each."""

    database: Database
    ours: UUID
    theirs: UUID
    our_rows: dict[str, Row]
    their_rows: dict[str, Row]

    def open(self) -> Any:
        return self.database.tenant(self.ours)


def two_tenants(database: Database) -> Two:
    tenants = Tenants(database)
    ours, theirs = (tenants.create(slug, slug).tenant_id for slug in ("ours", "theirs"))
    with database.tenant(ours) as session:
        our_rows = fill(ours, session)
    with database.tenant(theirs) as session:
        their_rows = fill(theirs, session)
    return Two(database, ours, theirs, our_rows, their_rows)
