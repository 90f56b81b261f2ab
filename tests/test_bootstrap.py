"""The composition root: what it starts, what it refuses, and on whose database."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from db.embedded import EmbeddedServer, start_embedded
from db.engine import make_admin_engine, with_driver
from db.models import ChunkRow
from leanrag import bootstrap
from leanrag.bootstrap import Services, start_services
from leanrag.demo import loader
from leanrag.errors import ConfigurationError, DatabaseUnavailable
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.pipeline import Ingest, Upload
from leanrag.settings import Settings
from leanrag.text.tokens import load_counter
from leanrag.types import TurnEnded
from tests.product_parts import DELIVERY, ask, make_parts

REPOSITORY = Path(__file__).parents[1]

START = """
import sys
from pathlib import Path
from leanrag.bootstrap import start_services
from leanrag.settings import Settings
services = start_services(
    Settings(home=Path(sys.argv[1]), openai_api_key=None, _env_file=None), worker=False
)
print(len(services.sources.list(services.local_tenant_id)), flush=True)
services.close()
"""


@pytest.fixture
def directory() -> Iterator[Path]:
    """A home with a short path."""
    made = Path(tempfile.mkdtemp(prefix="lr"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def settings(**values: Any) -> Settings:
    return Settings(openai_api_key=None, _env_file=None, **values)  # type: ignore[call-arg]


# ---- addresses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "not an address",
        "mysql://u:secret@h/d",
        "sqlite:///file.db",
        "postgresql+asyncpg://u:secret@h/d",
        "postgresql://u:secret@h:port/d",
        "://",
    ],
)
def test_a_bad_address_is_refused_in_one_sentence_that_does_not_show_it(address: str):
    with pytest.raises(ConfigurationError) as refusal:
        start_services(settings(database_url=address), worker=False)
    message = refusal.value.message
    assert message.startswith("DATABASE_URL")
    assert "secret" not in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "address", ["postgresql://u:secret@127.0.0.1:1/d", "postgresql:///d?host=/nonexistent"]
)
def test_a_server_that_does_not_answer_is_told_in_one_sentence(address: str):
    with pytest.raises(DatabaseUnavailable) as refusal:
        start_services(settings(database_url=address), worker=False)
    assert refusal.value.message == (
        "The database does not answer; check DATABASE_URL and that the server runs, or restart"
        " LeanRAG where it brings its own."
    )


def test_a_home_that_cannot_hold_a_database_is_told_in_one_sentence(directory: Path):
    with pytest.raises(DatabaseUnavailable, match="too long for a unix socket"):
        start_services(settings(home=directory / ("long" * 30)), worker=False)
    (directory / "file").write_text("")
    with pytest.raises(DatabaseUnavailable):
        start_services(settings(home=directory / "file"), worker=False)


# ---- an external database ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def external() -> Iterator[EmbeddedServer]:
    """A server of its own, with a database that belongs to an ordinary user."""
    directory = Path(tempfile.mkdtemp(prefix="lr"))
    server = start_embedded(directory / "pgdata")
    run(
        server,
        "postgres",
        "CREATE ROLE shop_owner LOGIN NOSUPERUSER CREATEROLE",
        "CREATE DATABASE shop OWNER shop_owner",
    )
    run(server, "shop", "CREATE EXTENSION vector")
    yield server
    server.close()
    shutil.rmtree(directory)


def run(server: EmbeddedServer, database: str, *statements: str) -> None:
    engine = make_admin_engine(with_driver(server.url(database=database)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_an_ordinary_owner_of_an_external_database_runs_the_whole_product(
    external: EmbeddedServer,
):
    address = external.url(user="shop_owner", database="shop")
    address = address.replace("postgresql+psycopg2://", "postgresql://")
    for _ in range(2):  # also where everything is there already
        services = start_services(settings(database_url=address), worker=True)
        try:
            use(services)
        finally:
            services.close()


def use(services: Services) -> None:
    checks = services.health.check()
    assert all(check.ok for check in checks), checks
    tenant_id = services.tenants.create(f"shop-{time.monotonic_ns()}", "Shop").tenant_id
    source = services.ingest.accept(tenant_id, Upload("a.txt", DELIVERY.encode())).source
    end = time.monotonic() + 15
    while services.sources.get(tenant_id, source.source_id).status != "processed":
        assert time.monotonic() < end
        time.sleep(0.05)
    last = ask(services.answerer, tenant_id, "How long does delivery take?")[-1]
    assert isinstance(last, TurnEnded)
    assert DELIVERY in last.text
    demo = services.local_tenant_id
    assert isinstance(ask(services.answerer, demo, "Is delivery free?")[-1], TurnEnded)
    with services.database.tenant(tenant_id) as session:  # the owner's address, yet policies bind
        assert len(session.scalars(select(ChunkRow.chunk_id)).all()) == 1


def test_an_owner_without_rights_is_told_what_is_missing(external: EmbeddedServer):
    run(
        external,
        "postgres",
        "CREATE ROLE poor LOGIN",
        "CREATE DATABASE poor OWNER poor",
    )
    address = external.url(user="poor", database="poor")
    with pytest.raises(ConfigurationError, match="right to create roles and extensions"):
        start_services(settings(database_url=address), worker=False)


# ---- the embedded database --------------------------------------------------------------------


def test_two_processes_that_start_at_once_share_one_whole_demo(directory: Path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", START, str(directory)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=90) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert said[0][0] == said[1][0] == "17\n"


def test_the_demo_tenant_is_made_once_by_many_who_start_together(database: GuardedDatabase):
    parts, starters = make_parts(database), 4
    together = threading.Barrier(starters)

    def start(_: int) -> UUID:
        together.wait()
        return loader.ensure_demo_tenant(
            parts.tenants, database, parts.ingest, load_counter(), fill=False
        )

    with ThreadPoolExecutor(starters) as pool:
        assert len(set(pool.map(start, range(starters)))) == 1
    assert len(parts.tenants.list()) == 1


def test_a_demo_whose_loading_was_interrupted_is_finished_by_the_next_start(
    directory: Path, monkeypatch: pytest.MonkeyPatch
):
    add, added = Ingest.add, []

    def interrupt(self: Ingest, tenant_id: Any, upload: Upload) -> Any:
        if len(added) == 3:
            raise KeyboardInterrupt
        added.append(upload.filename)
        return add(self, tenant_id, upload)

    with monkeypatch.context() as interrupted:
        interrupted.setattr(Ingest, "add", interrupt)
        with pytest.raises(KeyboardInterrupt):
            start_services(settings(home=directory), worker=False)
    services = start_services(settings(home=directory), worker=False)
    try:
        demo = services.local_tenant_id
        assert len(services.sources.list(demo)) == 17
        assert services.bots.find(demo).slug == "shop-assistant"
        for source in services.sources.list(demo)[:2]:
            services.sources.delete(demo, source.source_id)
    finally:
        services.close()
    again = start_services(settings(home=directory), worker=False)
    try:  # what an operator deleted does not come back
        assert len(again.sources.list(demo)) == 15
    finally:
        again.close()


def test_a_start_that_fails_leaves_no_server_behind(
    directory: Path, monkeypatch: pytest.MonkeyPatch
):
    def stumble(*_: object, **__: object) -> None:
        raise ConfigurationError("No.")

    monkeypatch.setattr(bootstrap, "_compose", stumble)
    with pytest.raises(ConfigurationError):
        start_services(settings(home=directory), worker=False)
    assert not (directory / "pgdata" / "postmaster.pid").exists()


def test_the_worker_is_started_as_asked(services: Services):
    assert services.settings.worker
    assert services.jobs.worker_is_alive()
    quiet = start_services(settings(home=services.settings.home), worker=False)
    try:
        assert not quiet.settings.worker
        assert not quiet.jobs.worker_is_alive()
        queue = next(check for check in quiet.health.check() if check.name == "queue")
        assert queue.ok  # it was not wanted
    finally:
        quiet.close()


def test_the_demo_can_be_left_out(directory: Path):
    services = start_services(settings(home=directory), worker=False, demo=False)
    try:
        assert services.sources.list(services.local_tenant_id) == ()
        assert services.tenants.find(loader.DEMO_SLUG).tenant_id == services.local_tenant_id
    finally:
        services.close()
