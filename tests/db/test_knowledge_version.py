"""The version of a tenant's knowledge counts up with every change, whoever owns the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, text

from db.engine import APPLICATION_ROLE
from db.migrate import alembic_config, migrate

OURS, THEIRS, SOURCE, OTHER = (UUID(int=number) for number in (7, 8, 9, 10))


@pytest.fixture(scope="module")
def owned(own_database: Callable[[], AbstractContextManager[Engine]]) -> Iterator[Engine]:
    """A migrated database whose owner is no superuser: the policies bind the owner as well."""
    with own_database() as engine:
        migrate(engine)
        yield engine


@pytest.fixture
def knowledge(owned: Engine) -> Iterator[Connection]:
    """A transaction of a tenant with two sources of two passages each; undone afterwards."""
    with owned.connect() as connection:
        for tenant_id in (OURS, THEIRS):
            connection.execute(
                text("INSERT INTO tenants (tenant_id, slug, name) VALUES (:id, :slug, 'T')"),
                {"id": tenant_id, "slug": f"t{tenant_id.int}"},
            )
            as_tenant(connection, tenant_id)
            connection.execute(
                text("INSERT INTO lexical_statistics (tenant_id, sketch) VALUES (:id, '')"),
                {"id": tenant_id},
            )
            connection.execute(text("RESET ROLE"))
        as_tenant(connection, OURS)
        for source_id in (SOURCE, OTHER):
            add_source(connection, source_id)
        yield connection
        connection.rollback()


def as_tenant(connection: Connection, tenant_id: UUID) -> None:
    connection.execute(text(f"SET LOCAL ROLE {APPLICATION_ROLE}"))
    connection.execute(text(f"SET LOCAL app.tenant_id = '{tenant_id}'"))


def add_source(connection: Connection, source_id: UUID) -> None:
    own = {"tenant": OURS, "source": source_id}
    connection.execute(
        text(
            "INSERT INTO sources (tenant_id, source_id, kind, title, filename, media_type,"
            " byte_size, content_hash) VALUES"
            " (:tenant, :source, 'faq', 'S', 's', 't', 1, CAST(:source AS text))"
        ),
        own,
    )
    for position in range(2):
        connection.execute(
            text(
                "INSERT INTO chunks (tenant_id, chunk_id, source_id, chunk_type, position,"
                " full_text, language, token_count, content_hash) VALUES"
                " (:tenant, gen_random_uuid(), :source, 'faq', :position, 'x', 'en', 1, 'h')"
            ),
            {**own, "position": position},
        )


def version(connection: Connection) -> int:
    return int(
        connection.execute(text("SELECT knowledge_version FROM lexical_statistics")).scalar_one()
    )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE sources SET is_citable = false",
        "UPDATE sources SET enabled = false WHERE source_id = '{source}'",
        "UPDATE sources SET title = 'Other'",
        "UPDATE chunks SET is_citable = false",
        "UPDATE chunks SET full_text = 'y'",
        "DELETE FROM chunks WHERE source_id = '{source}'",
        "DELETE FROM sources WHERE source_id = '{source}'",
    ],
)
def test_a_change_counts(knowledge: Connection, change: str):
    before = version(knowledge)
    knowledge.execute(text(change.format(source=SOURCE)))
    assert version(knowledge) > before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE sources SET progress = 50, status = 'processing'",
        "UPDATE sources SET is_citable = is_citable",
        "DELETE FROM chunks WHERE false",
        "UPDATE chunks SET enabled = false WHERE false",
    ],
)
def test_what_changes_nothing_does_not_count(knowledge: Connection, change: str):
    before = version(knowledge)
    knowledge.execute(text(change))
    assert version(knowledge) == before


def test_a_statement_counts_once_however_many_rows_it_changes(knowledge: Connection):
    before = version(knowledge)
    knowledge.execute(text("UPDATE chunks SET enabled = false"))
    assert version(knowledge) == before + 1


def test_a_change_that_is_undone_leaves_the_version_as_it_was(knowledge: Connection):
    before = version(knowledge)
    undo = knowledge.begin_nested()
    knowledge.execute(text("DELETE FROM chunks"))
    undo.rollback()
    assert version(knowledge) == before


def test_another_tenants_version_stays(knowledge: Connection):
    as_tenant(knowledge, THEIRS)
    before = version(knowledge)
    as_tenant(knowledge, OURS)
    knowledge.execute(text("DELETE FROM sources"))
    as_tenant(knowledge, THEIRS)
    assert version(knowledge) == before == 0


def test_a_tenant_with_knowledge_can_be_deleted(knowledge: Connection):
    knowledge.execute(text("RESET ROLE"))
    knowledge.execute(text("SET LOCAL app.tenant_id = ''"))
    knowledge.execute(text("DELETE FROM tenants WHERE tenant_id = :id"), {"id": OURS})
    as_tenant(knowledge, OURS)
    assert knowledge.execute(text("SELECT count(*) FROM chunks")).scalar_one() == 0


def test_the_triggers_go_with_the_migration(owned: Engine):
    triggers = text("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'count\\_%'")
    with owned.begin() as connection:
        assert connection.scalar(triggers) == 5
        command.downgrade(alembic_config(connection), "0012")
        assert connection.scalar(triggers) == 0
        command.upgrade(alembic_config(connection), "head")
        assert connection.scalar(triggers) == 5
