"""Health tells what works, and what to do about what does not."""

from __future__ import annotations

from typing import Any

import pytest

from db.engine import make_admin_engine, make_engine, with_driver
from leanrag.bootstrap import Services
from leanrag.embeddings import LocalEmbedder
from leanrag.errors import EmbeddingUnavailable
from leanrag.guarded_database import GuardedDatabase
from leanrag.health import Health, HealthCheck
from leanrag.ingest.jobs import JobQueue
from leanrag.settings import Settings
from tests.product_parts import CountingEmbedder


def checks(
    database: GuardedDatabase, embedder: Any = None, **settings: Any
) -> dict[str, HealthCheck]:
    chosen = Settings(openai_api_key=None, _env_file=None, **settings)  # type: ignore[call-arg]
    queue = JobQueue(database.engine.url)
    health = Health(database, embedder or LocalEmbedder(64), queue, chosen)
    return {check.name: check for check in health.check()}


def test_a_running_product_is_well(services: Services):
    found = {check.name: check for check in services.health.check()}
    assert list(found) == ["database", "migrations", "embedder", "queue", "model"]
    assert all(check.ok for check in found.values()), found
    assert "PostgreSQL 18" in found["database"].message
    assert "OPENAI_API_KEY" in found["model"].message


def test_a_database_that_is_gone_is_told_and_nothing_is_raised():
    address = with_driver("postgresql://127.0.0.1:1/none")
    gone = GuardedDatabase(
        make_engine(address, connect_timeout_seconds=1),
        make_admin_engine(address, connect_timeout_seconds=1),
    )
    found = checks(gone)
    assert not found["database"].ok
    assert "check DATABASE_URL" in found["database"].message
    assert not found["migrations"].ok
    assert found["embedder"].ok
    gone.dispose()


def test_missing_migrations_are_told(database: GuardedDatabase):
    from sqlalchemy import text

    with database.admin_engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    found = checks(database)["migrations"]
    assert not found.ok
    assert "Restart" in found.message


def test_a_worker_that_does_not_run_is_told_unless_it_was_not_wanted(
    shared_database: GuardedDatabase,
):
    assert not checks(shared_database, worker=True)["queue"].ok
    elsewhere = checks(shared_database, worker=False)["queue"]
    assert elsewhere.ok
    assert "LEANRAG_WORKER" in elsewhere.message


def test_an_embedder_that_fails_is_told(shared_database: GuardedDatabase):
    class Failing(LocalEmbedder):
        def embed(self, texts: Any) -> Any:
            raise EmbeddingUnavailable("Nothing can be embedded.")

    found = checks(shared_database, Failing(64))["embedder"]
    assert (found.ok, found.message) == (False, "Nothing can be embedded.")


def test_a_check_never_asks_a_provider(shared_database: GuardedDatabase):
    embedder = CountingEmbedder()
    assert checks(shared_database, embedder)["embedder"].ok
    assert embedder.asked == []


@pytest.mark.parametrize("name", ["database", "migrations", "embedder", "queue", "model"])
def test_every_message_is_one_plain_sentence_or_two(services: Services, name: str):
    message = next(c.message for c in services.health.check() if c.name == name)
    assert message.endswith(".")
    assert "\n" not in message
