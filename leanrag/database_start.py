"""The database at the start: found or started, checked, migrated and seeded with the defaults."""

from __future__ import annotations

import logging

from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from db.embedded import EmbeddedServer, start_embedded
from db.engine import (
    APPLICATION_ROLE,
    DatabaseUnreachable,
    DatabaseUnsuitable,
    check_server,
    with_driver,
)
from db.errors import DatabaseError
from db.migrate import migrate
from db.tenancy import Database
from leanrag.errors import ConfigurationError, DatabaseUnavailable
from leanrag.routing_defaults import default_keywords, default_routings
from leanrag.settings import Settings
from leanrag.tuning import seed_defaults

log = logging.getLogger(__name__)

_BAD_ADDRESS = (
    "DATABASE_URL is no address of a PostgreSQL database; write it as"
    " postgresql://user:password@host:5432/database."
)


def open_database(settings: Settings) -> tuple[URL, URL, EmbeddedServer | None]:
    """Return the owner's address, the application's, and the embedded server if it is used."""
    if settings.database_url is not None:
        url = _read_address(settings.database_url.get_secret_value())
        return url, url, None
    try:
        server = start_embedded(settings.data_directory() / "pgdata")
    except DatabaseError as exc:
        raise DatabaseUnavailable(str(exc)) from exc
    # Before the first migration the limited role is not there yet: the engine connects later.
    return with_driver(server.url()), with_driver(server.url(user=APPLICATION_ROLE)), server


def _read_address(address: str) -> URL:
    """Read DATABASE_URL. Raises ConfigurationError, which does not show it: it holds a password."""
    try:
        url = with_driver(address.strip())
    except (SQLAlchemyError, ValueError):
        raise ConfigurationError(_BAD_ADDRESS) from None
    if url.drivername != "postgresql+psycopg2":
        raise ConfigurationError(_BAD_ADDRESS)
    return url


def prepare(database: Database) -> None:
    """Check the server, migrate and seed. Raises ConfigurationError and DatabaseUnavailable."""
    try:
        check_server(database.admin_engine)
        migrate(database.admin_engine)
    except DatabaseUnreachable as exc:
        raise DatabaseUnavailable(str(exc)) from exc
    except DatabaseUnsuitable as exc:
        raise ConfigurationError(str(exc)) from exc
    except SQLAlchemyError as exc:
        log.exception("The migration failed.")
        raise ConfigurationError(
            "The database's tables could not be brought up to date; its user must own them and may"
            " need the right to create roles and extensions. The log has the details."
        ) from exc
    with database.administration() as session:
        seed_defaults(default_keywords(), default_routings(), session=session)
