"""Settings and services for one command: opened when it starts, closed when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from leanrag.cli.terminal import waiting
from leanrag.errors import ConfigurationError

if TYPE_CHECKING:
    from leanrag.bootstrap import Services
    from leanrag.settings import Settings

_DATABASE_SCHEMES = {"postgres", "postgresql", "postgresql+psycopg2"}


@contextmanager
def open_services() -> Iterator[Services]:
    """Start or attach to the database; no worker. Raises ConfigurationError, DatabaseUnavailable.

    Beside a running console the embedded server is shared; whoever leaves last stops it.
    """
    settings = read_settings()
    with waiting("Opening the database"):
        from leanrag.bootstrap import start_services

        services = start_services(settings, worker=False)
    try:
        yield services
    finally:
        services.close()


def read_settings() -> Settings:
    """Read the settings. Raises ConfigurationError that names what is wrong, never its value."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from leanrag.settings import Settings

    try:
        settings = Settings()
    except ValidationError as exc:
        wrong = "; ".join(
            f"{_variable(str(error['loc'][0]))}: {error['msg']}"
            for error in exc.errors(include_input=False, include_url=False)
        )
        raise ConfigurationError(f"The settings cannot be used: {wrong}.") from None
    except (SettingsError, UnicodeDecodeError):
        raise ConfigurationError(
            "The settings cannot be read; .env must be UTF-8 text with NAME=value on each line."
        ) from None
    _check_database_address(settings)
    return settings


def _variable(name: str) -> str:
    """Return the environment variable of a field, or of its alias."""
    return name.upper() if name.lower() != name else f"LEANRAG_{name.upper()}"


def _check_database_address(settings: Settings) -> None:
    if settings.database_url is None:
        return
    try:
        parts = urlsplit(settings.database_url.get_secret_value())
        is_good = parts.scheme in _DATABASE_SCHEMES and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise ConfigurationError(
            "DATABASE_URL is no PostgreSQL address; write"
            " postgresql://user:password@host:5432/database."
        )
