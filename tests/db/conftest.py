from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from sqlalchemy import Engine, text

from db.embedded import EmbeddedServer
from db.engine import APPLICATION_ROLE, make_admin_engine, with_driver
from leanrag.guarded_database import GuardedDatabase
from tests.db.tenant_rows import Two, two_tenants


@pytest.fixture(scope="module")
def two(shared_database: GuardedDatabase) -> Two:
    """For all tests of this file: what is refused changes nothing."""
    return two_tenants(shared_database)


@pytest.fixture(scope="session")
def own_database(
    server: EmbeddedServer, template: str
) -> Callable[[], AbstractContextManager[Engine]]:
    """Make empty databases whose owner is no superuser: the policies are forced on it as well.

    The template was migrated before, so the application's role is there.
    """

    @contextmanager
    def make() -> Iterator[Engine]:
        name = f"test_{uuid.uuid4().hex}"
        maintenance = make_admin_engine(with_driver(server.url())).execution_options(
            isolation_level="AUTOCOMMIT"
        )
        with maintenance.connect() as connection:
            connection.execute(text(f"CREATE ROLE {name} LOGIN CREATEROLE"))
            connection.execute(text(f"GRANT {APPLICATION_ROLE} TO {name} WITH ADMIN OPTION"))
            connection.execute(text(f"CREATE DATABASE {name} OWNER {name}"))
        superuser = make_admin_engine(with_driver(server.url(database=name)))
        with superuser.begin() as connection:
            connection.execute(text("CREATE EXTENSION vector"))
            connection.execute(text(f"ALTER SCHEMA public OWNER TO {name}"))
        superuser.dispose()
        engine = make_admin_engine(with_driver(server.url(user=name, database=name)))
        yield engine
        engine.dispose()
        with maintenance.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            connection.execute(text(f"DROP ROLE {name}"))
        maintenance.dispose()

    return make
