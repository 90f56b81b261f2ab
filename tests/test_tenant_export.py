"""A tenant's export: everything that it owns, nothing of another's, and no secret."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from uuid import UUID
from zipfile import ZipFile

import pytest
from sqlalchemy import func, select, text

from db.models import Base
from leanrag.audit import Audit
from leanrag.bootstrap import Services
from leanrag.errors import ConfigurationError, NotFound
from leanrag.guarded_database import GuardedDatabase
from leanrag.tenant_export import ExportProgress, TenantExport
from leanrag.tenant_tables import DERIVED, SECRETS, is_secret, is_vector, tenant_tables
from tests.db.tenant_rows import Two, two_tenants
from tests.product_parts import DELIVERY, RETURNS, add_text, ask, new_tenant

LOOKS_SECRET = ("secret", "password", "key_hash", "ticket_hash", "code_hash", "token_hash")


@pytest.fixture(scope="module")
def two(shared_database: GuardedDatabase) -> Two:
    return two_tenants(shared_database)


def read(pack: ZipFile, table: str) -> list[dict]:
    return [json.loads(line) for line in pack.read(f"tables/{table}.jsonl").decode().splitlines()]


@pytest.mark.parametrize("with_vectors", [False, True])
def test_every_row_of_every_table_is_there_and_none_of_another_tenant(
    two: Two, tmp_path: Path, with_vectors: bool
) -> None:
    written = TenantExport(two.database).write(
        two.ours, tmp_path / "ours.zip", with_vectors=with_vectors
    )
    assert str(two.theirs).encode() not in written.path.read_bytes()
    with ZipFile(written.path) as pack, two.open() as session:
        assert pack.testzip() is None
        manifest = json.loads(pack.read("manifest.json"))
        assert manifest["tenant"]["tenant_id"] == str(two.ours)
        everything = b"".join(pack.read(name) for name in pack.namelist())
        for table in tenant_tables():
            count = select(func.count()).where(table.c.tenant_id == two.ours)
            left_out = table.name in DERIVED or (
                not with_vectors and any(is_vector(column) for column in table.columns)
            )
            assert (table.name in manifest["left_out"]) == left_out
            if left_out:
                continue
            rows = read(pack, table.name)
            # Its own export is noted in the log when it is written.
            assert len(rows) == session.scalar(count) - (table.name == "audit_log" and _noted(two))
            assert {row["tenant_id"] for row in rows} == {str(two.ours)}
            expected = {c.name for c in table.columns if not is_secret(c)} - {"data"}
            assert set(rows[0]) == expected, table.name
    assert str(two.theirs).encode() not in everything
    for rows in two.their_rows.values():  # every text of theirs is marked by its own digits
        for value in rows.values():
            if isinstance(value, str) and value.startswith("own "):
                assert value.encode() not in everything
    assert two.our_rows["api_keys"]["key_hash"].encode() not in everything


def _noted(two: Two) -> int:
    log = Audit(two.database).find(two.ours, limit=500).events
    newest_export = log[0]
    assert (newest_export.action, newest_export.object_kind) == ("exported", "tenant")
    return 1


def test_original_files_are_there_byte_by_byte(services: Services, tmp_path: Path) -> None:
    tenant_id = new_tenant(services.database)
    add_text(services.ingest, tenant_id, DELIVERY, name="../../etc/cron.d/delivery.txt")
    add_text(services.ingest, tenant_id, RETURNS, name="iade şartları.txt")
    ask(services.answerer, tenant_id, "How long does delivery take?")
    heard: list[ExportProgress] = []
    written = services.tenant_export.write(
        tenant_id, tmp_path / "shop.zip", on_progress=heard.append
    )
    with ZipFile(written.path) as pack:
        files = {name: pack.read(name) for name in pack.namelist() if "files/" in name}
        assert len(read(pack, "messages")) == 2
        texts = {row["full_text"] for row in read(pack, "chunks")}
    assert sorted(files.values()) == sorted((DELIVERY.encode(), RETURNS.encode()))
    assert all(".." not in name.split("/") and name.count("/") == 2 for name in files)
    assert any(name.endswith("/iade şartları.txt") for name in files)
    assert texts == {DELIVERY, RETURNS}
    assert written.files == 2
    assert heard[-1].done == heard[-1].total == sum(written.rows.values()) + written.files
    assert stat.S_IMODE(written.path.stat().st_mode) == 0o600


def test_a_column_that_looks_like_a_secret_is_named_as_one() -> None:
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if "tenant_id" in table.c and any(part in column.name for part in LOOKS_SECRET):
                assert f"{table.name}.{column.name}" in SECRETS


def test_what_changes_meanwhile_is_not_in_the_snapshot(two: Two, tmp_path: Path) -> None:
    def change(_: ExportProgress) -> None:
        with two.open() as session:
            session.execute(text("UPDATE bots SET name = 'renamed meanwhile'"))

    written = TenantExport(two.database).write(two.ours, tmp_path / "o.zip", on_progress=change)
    with ZipFile(written.path) as pack:
        assert "renamed meanwhile" not in {row["name"] for row in read(pack, "bots")}


def test_a_failed_export_leaves_no_file(two: Two, tmp_path: Path) -> None:
    export = TenantExport(two.database)
    with pytest.raises(ConfigurationError, match="could not be written"):
        export.write(two.ours, tmp_path / "nowhere" / "o.zip")
    with pytest.raises(NotFound):
        export.write(UUID(int=7), tmp_path / "o.zip")
    assert list(tmp_path.iterdir()) == []
