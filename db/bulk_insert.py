"""Many rows at once into tables with row-level security.

PostgreSQL takes no COPY into a table whose policies bind the role. So the rows are copied, in
binary, into a temporary table of this transaction, and one INSERT takes them from there: policies,
foreign keys and triggers see them as any others. Vectors travel as bytes: where statements with
literals stored 500 passages a second, this stores more than 5,000.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, cast

import psycopg2
from pgvector.sqlalchemy import HALFVEC, SPARSEVEC
from sqlalchemy import Boolean, Integer, String, Uuid, column, select, table, text
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from db.models.base import Base

Row = Mapping[str, Any]

FEW_ROWS = 32  # so many are inserted sooner than a temporary table is made
_COPIED_ROWS = 1_000  # held in memory at a time: about 8 MB of passages' vectors
_HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)  # PostgreSQL's COPY, binary format
_TRAILER = struct.pack(">h", -1)
_NULL = struct.pack(">i", -1)
_LENGTH = struct.Struct(">i")
_ENCODERS: tuple[tuple[type, Callable[[Any], bytes]], ...] = (
    (Uuid, lambda value: value.bytes),
    (String, str.encode),
    (Integer, struct.Struct(">i").pack),
    (Boolean, struct.Struct(">?").pack),
    (HALFVEC, lambda value: value.to_binary()),
    (SPARSEVEC, lambda value: value.to_binary()),
)


def insert_rows(
    model: type[Base], rows: Iterable[Row], *, session: Session, replaced: Sequence[str] = ()
) -> None:
    """Insert rows that all name the same columns, in order; vectors are pgvector's objects.

    `replaced` names the columns that a row which is there already (by its primary key) takes from
    the new one; without any, such a row raises IntegrityError. Columns may be UUIDs, texts, 32-bit
    integers, truth values and vectors. Where the role may make no temporary tables, and for a few
    rows, plain statements do the same.
    """
    session.flush()
    waiting = iter(rows)
    first = list(islice(waiting, FEW_ROWS))
    if len(first) < FEW_ROWS or not _may_copy(session):
        _insert_plainly(model, chain(first, waiting), replaced, session)
    else:
        _insert_copied(model, list(first[0]), chain(first, waiting), replaced, session)


def _may_copy(session: Session) -> bool:
    query = text("SELECT has_database_privilege(current_database(), 'TEMPORARY')")
    return bool(session.execute(query).scalar_one())


def _insert_plainly(
    model: type[Base], rows: Iterator[Row], replaced: Sequence[str], session: Session
) -> None:
    statement = _upsert(model, replaced)
    while page := list(islice(rows, 8 * FEW_ROWS)):
        session.execute(statement, page)


def _insert_copied(
    model: type[Base],
    columns: Sequence[str],
    rows: Iterator[Row],
    replaced: Sequence[str],
    session: Session,
) -> None:
    incoming = table(f"incoming_{model.__tablename__}", *map(column, columns))
    session.execute(
        text(
            f"CREATE TEMPORARY TABLE {incoming.name}"
            f" (LIKE {model.__tablename__} INCLUDING DEFAULTS INCLUDING STORAGE) ON COMMIT DROP"
        )
    )
    encoders = [(name, _encoder(model.__table__.columns[name].type)) for name in columns]
    statement = f"COPY {incoming.name} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    while page := list(islice(rows, _COPIED_ROWS)):
        data = b"".join((_HEADER, *(_encode(row, encoders) for row in page), _TRAILER))
        _copy(statement, data, session)
    taken = _upsert(model, replaced).from_select(columns, select(incoming), include_defaults=False)
    session.execute(taken)
    session.execute(text(f"DROP TABLE {incoming.name}"))


def _upsert(model: type[Base], replaced: Sequence[str]) -> Insert:
    statement = insert(model)
    if not replaced:
        return statement
    return statement.on_conflict_do_update(
        index_elements=list(model.__table__.primary_key),
        set_={name: statement.excluded[name] for name in replaced},
    )


def _encoder(kind: TypeEngine[Any]) -> Callable[[Any], bytes]:
    for known, encode in _ENCODERS:
        if isinstance(kind, known):
            return encode
    raise TypeError(f"Values of {kind} cannot be copied.")


def _encode(row: Row, encoders: Sequence[tuple[str, Callable[[Any], bytes]]]) -> bytes:
    parts = [struct.pack(">h", len(encoders))]
    for name, encode in encoders:
        value = row[name]
        if value is None:
            parts.append(_NULL)
        else:
            data = encode(value)
            parts += (_LENGTH.pack(len(data)), data)
    return b"".join(parts)


def _copy(statement: str, data: bytes, session: Session) -> None:
    """Run COPY on the session's own connection; the driver's errors become SQLAlchemy's."""
    connection = session.connection()
    driver: Any = connection.connection
    try:
        with driver.cursor() as cursor:
            cursor.copy_expert(statement, io.BytesIO(data))
    except psycopg2.Error as exc:
        is_lost = connection.dialect.is_disconnect(cast("Any", exc), driver, None)
        if is_lost:
            connection.invalidate(exc)
        raised = DBAPIError.instance(
            statement, None, exc, psycopg2.Error, connection_invalidated=is_lost
        )
        raise raised from exc
