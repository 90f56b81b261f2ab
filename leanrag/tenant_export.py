"""Everything that a tenant owns as one ZIP: a JSONL file for each table, and its original files.

The tables are read in one snapshot, row by row, so that neither memory nor a change meanwhile
matters. The file appears under its name only when it is whole.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import Column, Row, Table, Text, cast, func, select, text
from sqlalchemy.orm import Session

from db.models import Base, NewerFile, Source, SourceFile, Tenant
from db.tenancy import Database
from leanrag.audit import Audit
from leanrag.errors import ConfigurationError, NotFound
from leanrag.tenant_tables import DERIVED, is_bytes, is_secret, is_vector, tenant_tables

FORMAT = "leanrag-tenant"
FORMAT_VERSION = 1
_READ_ROWS = 1_000
_PROGRESS_ROWS = 1_000
_MAX_NAME = 120
_SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
# The bytes of files stand beside the tables, under the source's own name.
_FILES = (("source_files", SourceFile, Source), ("newer_files", NewerFile, NewerFile))


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """How far an export is: the table at hand, and `done` of `total` rows and files."""

    table: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class ExportedTenant:
    """The file that was written, and what is in it."""

    path: Path
    byte_size: int
    rows: dict[str, int]
    files: int


OnExport = Callable[[ExportProgress], None]


class TenantExport:
    """Writes a tenant's export; secrets and hashes of keys never go into it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._audit = Audit(database)

    def write(
        self,
        tenant_id: UUID,
        path: Path,
        *,
        with_vectors: bool = False,
        on_progress: OnExport | None = None,
    ) -> ExportedTenant:
        """Write everything into the file `path`, which only this user may read; note it in the log.

        Embeddings and BM25 weights are left out unless asked for: they can be made again. Raises
        NotFound, and ConfigurationError where the file cannot be written.
        """
        part = path.with_name(f".{path.name}.part")
        try:
            with _private_file(part) as file:
                rows, files = self._fill(tenant_id, file, with_vectors, on_progress)
            part.replace(path)
        except OSError as exc:
            raise ConfigurationError(
                f"The export could not be written to {path}: {exc.strerror}; choose another place."
            ) from exc
        finally:
            part.unlink(missing_ok=True)
        exported = ExportedTenant(path, path.stat().st_size, rows, files)
        after = {"rows": sum(rows.values()), "files": files, "with_vectors": with_vectors}
        self._audit.record(tenant_id, "exported", "tenant", object_id=str(tenant_id), after=after)
        return exported

    def _fill(
        self, tenant_id: UUID, file: IO[bytes], with_vectors: bool, on_progress: OnExport | None
    ) -> tuple[dict[str, int], int]:
        with self._database.tenant(tenant_id) as session, ZipFile(file, "w", ZIP_DEFLATED) as pack:
            session.execute(_SNAPSHOT)
            tenant = session.get(Tenant, tenant_id)
            if tenant is None:
                raise NotFound("There is no such tenant; it may have been deleted.")
            writer = _Writer(tenant_id, session, pack, with_vectors, on_progress)
            rows, files = writer.write_tables(), writer.write_files()
            manifest = {
                "format": FORMAT,
                "version": FORMAT_VERSION,
                "exported_at": datetime.now(UTC).isoformat(),
                "tenant": _row_of(_columns(Tenant), tenant),
                "rows": rows,
                "files": files,
                "left_out": writer.left_out(),
            }
            pack.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=2))
            return rows, files


class _Writer:
    """One export under way."""

    def __init__(
        self,
        tenant_id: UUID,
        session: Session,
        pack: ZipFile,
        with_vectors: bool,
        on_progress: OnExport | None,
    ) -> None:
        self._tenant_id = tenant_id
        self._session = session
        self._pack = pack
        self._with_vectors = with_vectors
        self._on_progress = on_progress or (lambda _: None)
        self._tables = [table for table in tenant_tables() if self._is_wanted(table)]
        self._done = 0
        self._total = sum(self._count(table) for table in self._tables)

    def left_out(self) -> list[str]:
        """Name the tables and columns of which nothing is in the export."""
        tables = [t.name for t in tenant_tables() if t not in self._tables]
        columns = [
            f"{column.table.name}.{column.name}"
            for table in self._tables
            for column in table.columns
            if is_secret(column)
        ]
        return tables + columns

    def write_tables(self) -> dict[str, int]:
        """Write each table's rows; return how many."""
        return {table.name: self._write_table(table) for table in self._tables}

    def write_files(self) -> int:
        """Write the original files, and newer ones that wait to be read; return how many."""
        count = 0
        for folder, files, named in _FILES:
            query = select(files.source_id, named.filename, files.data)
            query = query.where(files.tenant_id == self._tenant_id)
            if named is not files:
                is_same = named.source_id == files.source_id
                query = query.where(named.tenant_id == self._tenant_id, is_same)
            for row in self._stream(query, rows=1):  # one file in memory at a time
                name = f"{folder}/{row.source_id}/{_safe_name(row.filename)}"
                self._pack.writestr(name, row.data)
                count += 1
                self._tell(folder)
        return count

    def _write_table(self, table: Table) -> int:
        columns = [c for c in table.columns if not is_secret(c) and not is_bytes(c)]
        # As pgvector writes them: reading thousands of numbers only to write them takes minutes.
        read = [cast(c, Text).label(c.name) if is_vector(c) else c for c in columns]
        query = select(*read).where(table.c.tenant_id == self._tenant_id)
        query = query.order_by(*table.primary_key.columns)
        count = 0
        with self._pack.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as file:
            for row in self._stream(query, rows=_READ_ROWS):
                line = json.dumps(_row_of(columns, row), ensure_ascii=False)
                file.write(line.encode() + b"\n")
                count += 1
                self._tell(table.name)
        return count

    def _stream(self, query: Any, *, rows: int) -> Iterator[Row[Any]]:
        return iter(self._session.execute(query, execution_options={"yield_per": rows}))

    def _is_wanted(self, table: Table) -> bool:
        """Tell whether a table holds more than what can be made again, or it was asked for."""
        vectors = any(is_vector(column) for column in table.columns)
        return table.name not in DERIVED and (self._with_vectors or not vectors)

    def _count(self, table: Table) -> int:
        query = select(func.count()).select_from(table).where(table.c.tenant_id == self._tenant_id)
        rows = self._session.scalar(query) or 0
        return 2 * rows if any(is_bytes(column) for column in table.columns) else rows

    def _tell(self, table: str) -> None:
        self._done += 1
        if self._done % _PROGRESS_ROWS == 0 or self._done == self._total:
            self._on_progress(ExportProgress(table, self._done, self._total))


@contextlib.contextmanager
def _private_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a new file that nobody else may read; on the disk when it is closed."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w+b") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _columns(model: type[Base]) -> list[Column[Any]]:
    return list(Base.metadata.tables[model.__tablename__].columns)


def _row_of(columns: Iterable[Column[Any]], row: Any) -> dict[str, Any]:
    return {column.name: _plain(getattr(row, column.name)) for column in columns}


def _plain(value: object) -> Any:
    """Return a value as JSON has it; times in ISO 8601, amounts of money as text."""
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def _safe_name(filename: str) -> str:
    """Return the last part of a file's name, so that unpacking cannot leave its folder."""
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(letter for letter in last if letter.isprintable())[-_MAX_NAME:]
    return name if name.strip(". ") else "file"
