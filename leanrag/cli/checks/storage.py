"""Can the data directory be written, and does the disk have room?"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from db.embedded import MAX_SOCKET_PATH_BYTES, MIN_FREE_BYTES
from leanrag.cli.checks.finding import Finding, broken, ok, warning
from leanrag.settings import Settings

_CHOOSE = "Name another directory in LEANRAG_HOME."
_COMFORTABLE_FREE_BYTES = 2 * 2**30
_SOCKET = "pgdata/.s.PGSQL.5432"


def check_storage(settings: Settings) -> Iterator[Finding]:
    """Check the data directory by writing beside what is there, and the free space."""
    directory = settings.data_directory()
    excess = len(os.fsencode(directory / _SOCKET)) - MAX_SOCKET_PATH_BYTES
    if settings.database_url is None and excess > 0:
        message = f"The path {directory} is {excess} bytes too long for the database's socket."
        yield broken("data directory", message, _CHOOSE)
    else:
        yield _check_writable(directory)
    yield _check_space(_nearest(directory))


def _check_writable(directory: Path) -> Finding:
    existing = _nearest(directory)
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as exc:
        message = f"{existing} cannot be written ({exc.strerror})."
        return broken("data directory", message, _CHOOSE)
    note = "" if existing == directory else "; it will be made at the first start"
    return ok("data directory", f"{directory} can be written{note}.")


def _check_space(existing: Path) -> Finding:
    free = shutil.disk_usage(existing).free
    message = f"{free / 2**30:.1f} GB are free on the disk of {existing}."
    if free < MIN_FREE_BYTES:
        needed = MIN_FREE_BYTES // 2**20
        return broken("free space", message, f"Free at least {needed} MB: the database needs them.")
    if free < _COMFORTABLE_FREE_BYTES:
        return warning("free space", message, "Free some space before uploading much.")
    return ok("free space", message)


def _nearest(directory: Path) -> Path:
    """Return the directory, or the nearest one above it that exists."""
    return next(path for path in (directory, *directory.parents) if path.exists())
