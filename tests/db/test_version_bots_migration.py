"""0012 carries what bots said into their first version, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from db.engine import APPLICATION_ROLE
from db.migrate import alembic_config

TENANT, PLAIN, BOT, OTHER = (UUID(int=number) for number in (7, 8, 9, 10))
GREETING = {"fa": "سلام", "en": 'Hi "you"'}


@pytest.fixture
def owner(own_database: Callable[[], AbstractContextManager[Engine]]) -> Iterator[Engine]:
    """A database whose owner is no superuser: the policies are forced on it as well."""
    with own_database() as engine:
        yield engine


def move(engine: Engine, step: Callable[[Config, str], None], revision: str) -> None:
    with engine.begin() as connection:
        step(alembic_config(connection), revision)


def as_tenant(connection: Connection, tenant_id: UUID) -> None:
    connection.execute(text(f"SET LOCAL ROLE {APPLICATION_ROLE}"))
    connection.execute(text(f"SET LOCAL app.tenant_id = '{tenant_id}'"))


def write_bots(engine: Engine) -> None:
    with engine.begin() as connection:
        for tenant_id in (TENANT, PLAIN):
            connection.execute(
                text("INSERT INTO tenants (tenant_id, slug, name) VALUES (:id, :slug, 'x')"),
                {"id": tenant_id, "slug": f"t{tenant_id.int}"},
            )
    for tenant_id, bot_id in ((TENANT, BOT), (PLAIN, OTHER)):
        with engine.begin() as connection:
            as_tenant(connection, tenant_id)
            connection.execute(
                text(
                    "INSERT INTO bots (tenant_id, bot_id, slug, name, persona, greeting)"
                    " VALUES (:tenant, :bot, 'b', 'B', :persona, CAST(:greeting AS jsonb))"
                ),
                {
                    "tenant": tenant_id,
                    "bot": bot_id,
                    "persona": f"Bot {bot_id.int}.",
                    "greeting": json.dumps(GREETING),
                },
            )
    with engine.begin() as connection:
        as_tenant(connection, TENANT)
        connection.execute(
            text(
                "INSERT INTO intent_keywords (tenant_id, intent, language, keyword, weight,"
                " enabled) VALUES (:tenant, 'shipping', 'en', 'parcel', 3, false)"
            ),
            {"tenant": TENANT},
        )
        connection.execute(
            text(
                "INSERT INTO intent_routings (tenant_id, intent, primary_kinds, primary_tokens,"
                " secondary_kinds, secondary_tokens)"
                " VALUES (:tenant, 'shipping', '{website}', 600, '{faq,manual}', 200)"
            ),
            {"tenant": TENANT},
        )


def test_what_bots_said_is_carried_over_with_their_tenants_routing_and_back(owner: Engine):
    move(owner, command.upgrade, "0011")
    write_bots(owner)
    move(owner, command.upgrade, "0012")
    expected = {
        TENANT: {
            "keywords": [
                {
                    "intent": "shipping",
                    "language": "en",
                    "keyword": "parcel",
                    "weight": 3,
                    "enabled": False,
                }
            ],
            "routings": [
                {
                    "intent": "shipping",
                    "primary_kinds": ["website"],
                    "primary_tokens": 600,
                    "secondary_kinds": ["faq", "manual"],
                    "secondary_tokens": 200,
                }
            ],
        },
        PLAIN: {"keywords": [], "routings": []},
    }
    for tenant_id, bot_id in ((TENANT, BOT), (PLAIN, OTHER)):
        with owner.begin() as connection:
            as_tenant(connection, tenant_id)
            (row,) = connection.execute(text("SELECT * FROM bot_versions")).all()
            assert (row.bot_id, row.version, row.state) == (bot_id, 1, "published")
            assert (row.persona, row.greeting) == (f"Bot {bot_id.int}.", GREETING)
            assert (row.instructions, row.fallback) == ("", {})
            assert row.routing == expected[tenant_id]
            assert row.published_at is not None
            connection.execute(
                text(
                    "UPDATE bot_versions SET state = 'retired'; INSERT INTO bot_versions"
                    " (tenant_id, bot_id, version, state, persona)"
                    " VALUES (:tenant, :bot, 2, 'published', 'Newer.')"
                ),
                {"tenant": tenant_id, "bot": bot_id},
            )
    move(owner, command.downgrade, "0011")
    for tenant_id in (TENANT, PLAIN):
        with owner.begin() as connection:
            as_tenant(connection, tenant_id)
            (bot,) = connection.execute(text("SELECT * FROM bots")).all()
            assert (bot.persona, bot.greeting) == ("Newer.", {})
    move(owner, command.upgrade, "0012")
    with owner.begin() as connection:
        as_tenant(connection, TENANT)
        (row,) = connection.execute(text("SELECT version, persona FROM bot_versions")).all()
        assert (row.version, row.persona) == (1, "Newer.")
