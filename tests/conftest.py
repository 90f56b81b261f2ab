"""Fixtures that all tests share: one embedded server, a template database, running services."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from db.embedded import EmbeddedServer, start_embedded
from db.engine import APPLICATION_ROLE, make_admin_engine, make_engine, with_driver
from db.migrate import migrate
from leanrag.bootstrap import Services, start_services
from leanrag.guarded_database import GuardedDatabase
from leanrag.routing_defaults import default_keywords, default_routings
from leanrag.settings import Settings
from leanrag.tuning import seed_defaults
from tests.provider_server import ProviderServer
from tests.speaking_services import KEY, settings_for

TEMPLATE = "leanrag_template"


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A data directory with a short path: a socket's path has 107 letters at most."""
    directory = Path(tempfile.mkdtemp(prefix="lr"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def server(home: Path) -> Iterator[EmbeddedServer]:
    running = start_embedded(home / "pgdata")
    # These databases need not outlive a power cut, and are made and dropped all the time.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        _execute(running, f"ALTER SYSTEM SET {setting} = off")
    _execute(running, "SELECT pg_reload_conf()")
    yield running
    running.close()


@pytest.fixture(scope="session")
def template(server: EmbeddedServer) -> str:
    """The name of a migrated database with the default keywords, to be copied."""
    _execute(server, f"CREATE DATABASE {TEMPLATE}")
    database = _connect(server, TEMPLATE)
    migrate(database.admin_engine)
    with database.administration() as session:
        seed_defaults(default_keywords(), default_routings(), session=session)
    database.dispose()
    return TEMPLATE


@pytest.fixture
def database(server: EmbeddedServer, template: str) -> Iterator[GuardedDatabase]:
    """A fresh copy of the template, dropped afterwards."""
    with _copied(server, template) as copy:
        yield copy


@pytest.fixture(scope="module")
def shared_database(server: EmbeddedServer, template: str) -> Iterator[GuardedDatabase]:
    """A copy of the template for all tests of a file: each uses tenants of its own."""
    with _copied(server, template) as copy:
        yield copy


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """The whole product on a data directory of its own, with the demo tenant and a worker.

    Without the response cache: tests ask the same question again and again, and mean it.
    """
    directory = Path(tempfile.mkdtemp(prefix="lr"))
    settings = Settings(
        home=directory, openai_api_key=None, response_cache_seconds=0, _env_file=None
    )
    running = start_services(settings, worker=True)
    yield running
    running.close()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def provider() -> Iterator[ProviderServer]:
    with ProviderServer(api_key=KEY) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_reply_is_left_over(request: pytest.FixtureRequest) -> Iterator[None]:
    """A reply that one test scripted and did not use must not answer the next."""
    if "provider" not in request.fixturenames:
        yield
        return
    provider: ProviderServer = request.getfixturevalue("provider")
    yield
    provider.forget_script()


@pytest.fixture(scope="module")
def speaking(services: Services, provider: ProviderServer) -> Iterator[Services]:
    """Services with a model, on the database of those without."""
    running = start_services(settings_for(services.settings.home, provider), worker=False)
    yield running
    running.close()


@contextmanager
def _copied(server: EmbeddedServer, template: str) -> Iterator[GuardedDatabase]:
    name = f"test_{uuid.uuid4().hex}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    copy = _connect(server, name)
    yield copy
    copy.dispose()
    _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def _connect(server: EmbeddedServer, name: str) -> GuardedDatabase:
    return GuardedDatabase(
        make_engine(with_driver(server.url(user=APPLICATION_ROLE, database=name))),
        make_admin_engine(with_driver(server.url(database=name))),
    )


def _execute(server: EmbeddedServer, statement: str) -> None:
    engine = make_admin_engine(with_driver(server.url()))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    engine.dispose()
