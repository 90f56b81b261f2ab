"""Settings and services for one command: opened when it starts, closed when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from leanrag.cli.terminal import waiting

if TYPE_CHECKING:
    from leanrag.bootstrap import Services
    from leanrag.settings import Settings


@contextmanager
def open_services(*, is_person: bool = True) -> Iterator[Services]:
    """Start or attach to the database; no worker. Raises ConfigurationError, DatabaseUnavailable.

    What is done goes into the audit log as done from the command line, unless nobody does it
    (`is_person`). Beside a running console the embedded server is shared; whoever leaves last stops
    it.
    """
    settings = read_settings()
    with waiting("Opening the database"):
        from db.tenancy import Actor, acting
        from leanrag.bootstrap import start_services

        services = start_services(settings, worker=False)
    try:
        with acting(Actor("local", name="command line")) if is_person else nullcontext():
            yield services
    finally:
        services.close()


def read_settings() -> Settings:
    """Read the settings. Raises ConfigurationError that names what is wrong, never its value."""
    from leanrag.settings import load_settings

    return load_settings()
