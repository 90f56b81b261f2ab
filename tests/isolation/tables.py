"""Attacks on every table that tenants own, by the application's role, with SQL of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pgvector.sqlalchemy import HALFVEC, SPARSEVEC
from sqlalchemy import Table, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.models import Base
from tests.db.tenant_rows import TENANT_TABLES, make_row
from tests.isolation.wall import Attempt, Wall

Attack = Callable[[Wall, Table, Session], str]


def attack_tables(wall: Wall) -> Iterator[Attempt]:
    """Try everything on every table."""
    for table in TENANT_TABLES:
        yield from attack_table(wall, table)


def attack_table(wall: Wall, table: Table, *, unguarded: bool = False) -> Iterator[Attempt]:
    """Try everything on one table; what an attack changes is undone.

    `unguarded` attacks with a role that no policy binds, which tells that the attacks are good.
    """
    database = wall.services.database
    before = _count_of_theirs(wall, table)
    for kind, attack in ATTACKS.items():
        opened = database.administration() if unguarded else database.tenant(wall.ours)
        with opened as session:
            try:
                leak = attack(wall, table, session)
            except DBAPIError as refused:
                leak = _said_too_much(wall, str(refused.orig))
            session.rollback()
        yield Attempt(table.name, kind, leak)
    changed = _count_of_theirs(wall, table) != before
    yield Attempt(table.name, "their rows afterwards", "they changed" if changed else "")


def _read(wall: Wall, table: Table, session: Session) -> str:
    found = session.execute(select(table).where(table.c.tenant_id == wall.theirs)).all()
    return f"{len(found)} rows" if found else ""


def _list(wall: Wall, table: Table, session: Session) -> str:
    query = text(f"SELECT t::text FROM {table.name} t ORDER BY 1")
    return wall.seen("\n".join(session.scalars(query)))


def _count(wall: Wall, table: Table, session: Session) -> str:
    everything = session.scalar(select(func.count()).select_from(table)) or 0
    visible = session.scalar(
        select(func.count()).select_from(table).where(table.c.tenant_id != wall.theirs)
    )
    return "" if everything == visible else f"counted {everything}"


def _search(wall: Wall, table: Table, session: Session) -> str:
    query = text(f"SELECT count(*) FROM {table.name} t WHERE t::text ILIKE ANY(:words)")
    words = [f"%{marker}%" for marker in wall.markers]
    found = session.scalar(query, {"words": words})
    return f"found {found}" if found else ""


def _nearest(wall: Wall, table: Table, session: Session) -> str:
    """Look for the rows next to their own vectors."""
    for column in table.columns:
        if isinstance(column.type, HALFVEC | SPARSEVEC):
            vector = wall.rows[table.name][column.name]
            query = select(table.c.tenant_id).order_by(column.op("<#>")(vector)).limit(5)
            if wall.theirs in set(session.scalars(query)):
                return "a neighbour"
    return ""


def _guess(wall: Wall, table: Table, session: Session) -> str:
    row = wall.rows[table.name]
    keys = [column == row[column.name] for column in table.primary_key]
    return "a row by its key" if session.execute(select(table).where(*keys)).all() else ""


def _cursor(wall: Wall, table: Table, session: Session) -> str:
    """Go on from their key, as a page of a list does."""
    row = wall.rows[table.name]
    keys = [column for column in table.primary_key if column.name != "tenant_id"] or [
        table.c.tenant_id
    ]
    query = select(table.c.tenant_id).where(keys[0] >= row[keys[0].name]).limit(500)
    return "a page" if wall.theirs in set(session.scalars(query)) else ""


def _lock(wall: Wall, table: Table, session: Session) -> str:
    query = select(table).where(table.c.tenant_id == wall.theirs).with_for_update()
    return "a lock" if session.execute(query).all() else ""


def _error(wall: Wall, table: Table, session: Session) -> str:
    """Let an expression fail on their rows alone, before or after the policy."""
    session.execute(
        text(
            f"SELECT count(*) FROM {table.name}"
            f" WHERE 1 / (CASE WHEN tenant_id = '{wall.theirs}' THEN 0 ELSE 1 END) > 0"
        )
    )
    return ""


def _copy(wall: Wall, table: Table, session: Session) -> str:
    driver: Any = session.connection().connection.driver_connection
    sent: list[bytes] = []
    with driver.cursor() as cursor:
        sink = type("Sink", (), {"write": lambda _self, data: sent.append(data)})()
        cursor.copy_expert(f"COPY (SELECT * FROM {table.name}) TO STDOUT", sink)
    return wall.seen(b"".join(sent).decode("utf-8", "replace"))


def _take(wall: Wall, table: Table, session: Session) -> str:
    """Copy their rows into ours by one statement."""
    names = ", ".join(c.name for c in table.columns if c.name != "tenant_id")
    taken = session.execute(
        text(
            f"INSERT INTO {table.name} (tenant_id{', ' if names else ''}{names})"
            f" SELECT '{wall.ours}'{', ' if names else ''}{names} FROM {table.name}"
            f" WHERE tenant_id = '{wall.theirs}'"
        )
    )
    return f"{taken.rowcount} rows" if taken.rowcount else ""  # type: ignore[attr-defined]


def _insert(wall: Wall, table: Table, session: Session) -> str:
    session.execute(insert(table), make_row(table, wall.theirs, wall.rows))
    return "a row of theirs"


def _update(wall: Wall, table: Table, session: Session) -> str:
    change = update(table).where(table.c.tenant_id == wall.theirs)
    return _rows(session.execute(change.values(tenant_id=wall.theirs)))


def _take_over(wall: Wall, table: Table, session: Session) -> str:
    change = update(table).where(table.c.tenant_id == wall.theirs).values(tenant_id=wall.ours)
    return _rows(session.execute(change))


def _give_away(wall: Wall, table: Table, session: Session) -> str:
    change = update(table).where(table.c.tenant_id == wall.ours).values(tenant_id=wall.theirs)
    return _rows(session.execute(change))


def _delete(wall: Wall, table: Table, session: Session) -> str:
    return _rows(session.execute(delete(table).where(table.c.tenant_id == wall.theirs)))


def _delete_all(wall: Wall, table: Table, session: Session) -> str:
    """Delete without a condition: at most what we may delete anyway goes."""
    session.execute(delete(table))
    return ""


def _refer(wall: Wall, table: Table, session: Session) -> str:
    """Make a row of ours that belongs to one of theirs."""
    if not any(len(key.elements) > 1 for key in table.foreign_key_constraints):
        return ""
    row = make_row(table, wall.ours, wall.rows)
    session.execute(insert(table), {**row, "tenant_id": wall.ours})
    return "a row that hangs on theirs"


def _collide(wall: Wall, table: Table, session: Session) -> str:
    """Use their keys ourselves: a refusal would tell that they are taken."""
    parents = {name: row for name, row in wall.our_rows.items() if name != table.name}
    row = make_row(table, wall.ours, parents)
    theirs = wall.rows[table.name]
    held = {key.parent.name for key in table.foreign_keys}
    keys = {c.name: theirs[c.name] for c in table.primary_key if c.name not in held}
    session.execute(delete(table).where(table.c.tenant_id == wall.ours))
    try:
        session.execute(insert(table), {**row, **keys, "tenant_id": wall.ours})
    except DBAPIError as refused:
        said = str(refused.orig)
        return "" if "permission denied" in said or "foreign key" in said else said.splitlines()[0]
    return ""


ATTACKS: dict[str, Attack] = {
    "read": _read,
    "list": _list,
    "count": _count,
    "search": _search,
    "nearest": _nearest,
    "guess an id": _guess,
    "cursor": _cursor,
    "lock": _lock,
    "error": _error,
    "export": _copy,
    "copy into ours": _take,
    "insert for them": _insert,
    "update": _update,
    "move to us": _take_over,
    "move to them": _give_away,
    "delete": _delete,
    "delete everything": _delete_all,
    "refer to theirs": _refer,
    "collide": _collide,
}


def _rows(result: Any) -> str:
    return f"{result.rowcount} rows" if result.rowcount else ""


def _said_too_much(wall: Wall, said: str) -> str:
    """Return what an error tells of theirs: nothing but a refusal may come."""
    words = ("row-level security", "permission denied", "foreign key", "division by zero")
    if "division by zero" in said:
        return "the error tells of a row"
    if not any(word in said for word in words):
        return f"unexpected: {said.splitlines()[0]}"
    return ""


def _count_of_theirs(wall: Wall, table: Table) -> int:
    query = select(func.count()).select_from(Base.metadata.tables[table.name])
    with wall.services.database.admin_engine.connect() as connection:
        return connection.scalar(query.where(table.c.tenant_id == wall.theirs)) or 0
