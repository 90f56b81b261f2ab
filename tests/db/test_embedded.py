"""The embedded server, for real: processes that start it, share it, are killed, and leave."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from db import embedded
from db.embedded import EmbeddedServer, start_embedded
from db.errors import EmbeddedServerError

REPOSITORY = Path(__file__).parents[2]
SECONDS = 60

# A process of its own that says "up" and then obeys one line of its standard input.
APPLICATION = """
import sys
from pathlib import Path
from db.embedded import start_embedded
server = start_embedded(Path(sys.argv[1]))
print("up", flush=True)
sys.stdin.readline()
"""
Application = subprocess.Popen[str]


@pytest.fixture
def data_directory() -> Iterator[Path]:
    # Not tmp_path: a unix socket's path must stay short.
    parent = Path(tempfile.mkdtemp(prefix="lr"))
    yield parent / "pgdata"
    record = postmaster(parent / "pgdata")
    if record is not None:
        record.send_signal(signal.SIGQUIT)
        record.wait(SECONDS)
    shutil.rmtree(parent)


@pytest.fixture
def launch(data_directory: Path) -> Iterator[Callable[..., Application]]:
    applications: list[Application] = []

    def start(script: str = APPLICATION) -> Application:
        application = subprocess.Popen(
            [sys.executable, "-c", script, str(data_directory)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        applications.append(application)
        return application

    yield start
    for application in applications:
        with application:
            application.kill()


def says(application: Application) -> str:
    assert application.stdout is not None
    return application.stdout.readline().strip()


def exits(application: Application) -> int:
    application.communicate("leave\n", timeout=SECONDS)
    return application.returncode


def postmaster(directory: Path) -> psutil.Process | None:
    """The process recorded by PostgreSQL itself, or None when there is none alive."""
    try:
        process = psutil.Process(int((directory / "postmaster.pid").read_text().split("\n")[0]))
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None
    alive = process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
    return process if alive else None


def running(directory: Path) -> psutil.Process:
    process = postmaster(directory)
    assert process is not None
    return process


def query(server: EmbeddedServer, sql: str) -> object:
    connection = psycopg2.connect(server.url().replace("+psycopg2", ""), connect_timeout=5)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone() if cursor.description else None
    connection.close()
    return row[0] if row else None


def test_first_start_serves_vectors_privately_durably_and_out_of_the_terminals_reach(
    data_directory: Path,
) -> None:
    server = start_embedded(data_directory)
    query(server, "CREATE EXTENSION vector")
    assert query(server, "SELECT '[3,4]'::vector <-> '[0,0]'") == 5.0
    assert query(server, "SELECT lower('ÇİĞ')") == "çiğ"
    settings = "fsync", "full_page_writes", "data_checksums", "jit", "listen_addresses"
    assert [query(server, f"SHOW {name}") for name in settings] == ["on", "on", "on", "off", ""]
    assert query(server, "SHOW shared_buffers") == "128MB"
    directory = data_directory.stat()
    assert directory.st_mode & 0o777 == 0o700
    started = running(data_directory)
    assert directory.st_uid == started.uids().effective != 0
    assert os.getsid(started.pid) != os.getsid(0)  # Ctrl-C in our terminal does not reach it
    server.close()
    assert postmaster(data_directory) is None


def test_every_use_in_a_process_counts_and_closes_once(data_directory: Path) -> None:
    first, second = start_embedded(data_directory), start_embedded(data_directory)
    first.close()
    first.close()
    assert query(second, "SELECT 1") == 1
    second.close()
    assert postmaster(data_directory) is None


def test_threads_share_one_server(data_directory: Path) -> None:
    servers: list[EmbeddedServer] = []
    threads = [
        threading.Thread(target=lambda: servers.append(start_embedded(data_directory)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert [query(server, "SELECT 1") for server in servers] == [1, 1, 1, 1]
    for server in servers:
        server.close()
    assert postmaster(data_directory) is None


def test_server_outlives_the_first_process_and_stops_with_the_last(
    data_directory: Path, launch: Callable[..., Application]
) -> None:
    first = launch()
    assert says(first) == "up"
    started = running(data_directory)
    second = launch()
    assert says(second) == "up"
    assert exits(first) == 0
    assert running(data_directory) == started
    assert exits(second) == 0
    assert postmaster(data_directory) is None


def test_two_processes_starting_at_once_get_one_server(
    data_directory: Path, launch: Callable[..., Application]
) -> None:
    both = [launch(), launch()]
    assert [says(application) for application in both] == ["up", "up"]
    name = f"cluster_name={embedded._Cluster(data_directory, -1).tag}"
    servers = [
        each for each in psutil.process_iter(["cmdline"]) if name in (each.info["cmdline"] or [])
    ]
    assert servers == [running(data_directory)]
    assert [exits(application) for application in both] == [0, 0]
    assert postmaster(data_directory) is None


def test_processes_that_come_and_go_never_lose_the_server(
    data_directory: Path, launch: Callable[..., Application]
) -> None:
    # Each leaves at once, so that stops and starts meet.
    script = APPLICATION.replace("sys.stdin.readline()", "")
    crowd = [launch(script) for _ in range(4)]
    assert [exits(application) for application in crowd] == [0, 0, 0, 0]
    assert postmaster(data_directory) is None


def test_start_after_the_application_was_killed_attaches_and_later_stops(
    data_directory: Path, launch: Callable[..., Application]
) -> None:
    killed = launch()
    assert says(killed) == "up"
    started = running(data_directory)
    killed.kill()
    killed.wait(SECONDS)
    server = start_embedded(data_directory)
    assert running(data_directory) == started
    assert query(server, "SELECT 1") == 1
    server.close()
    assert postmaster(data_directory) is None


def test_committed_row_is_there_after_the_postmaster_was_killed(data_directory: Path) -> None:
    server = start_embedded(data_directory)
    query(server, "CREATE TABLE kept AS SELECT 42 AS n")
    killed = running(data_directory)
    killed.kill()
    # At once: its children have not all noticed yet.
    again = start_embedded(data_directory)
    assert query(again, "SELECT n FROM kept") == 42
    assert running(data_directory) != killed
    server.close()
    assert query(again, "SELECT n FROM kept") == 42
    again.close()
    assert postmaster(data_directory) is None


def test_backend_too_busy_to_miss_its_postmaster_does_not_prevent_the_start(
    data_directory: Path,
) -> None:
    server = start_embedded(data_directory)

    def spin() -> None:
        with pytest.raises(psycopg2.OperationalError):
            query(server, "DO $$ BEGIN LOOP END LOOP; END $$")

    thread = threading.Thread(target=spin)
    thread.start()
    while query(server, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO%'") != 1:
        time.sleep(0.01)
    running(data_directory).kill()
    again = start_embedded(data_directory)
    thread.join(SECONDS)
    assert query(again, "SELECT 1") == 1
    server.close()
    again.close()


@pytest.mark.parametrize("zombie", [False, True], ids=["a stranger", "a zombie"])
def test_start_when_the_recorded_process_id_is_now(data_directory: Path, zombie: bool) -> None:
    server = start_embedded(data_directory)
    killed = running(data_directory)
    killed.kill()
    killed.wait(SECONDS)
    # Of the server's own account: PostgreSQL sees through the processes of others by itself.
    owner = data_directory.stat().st_uid if os.geteuid() == 0 else None
    stranger = subprocess.Popen(["sleep", "0" if zombie else "60"], user=owner)
    with stranger:
        while zombie and psutil.Process(stranger.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            lines = (data_directory / name).read_text().split("\n")
            (data_directory / name).write_text("\n".join([str(stranger.pid), *lines[1:]]))
        again = start_embedded(data_directory)
        assert query(again, "SELECT 1") == 1
        assert zombie or stranger.poll() is None
        stranger.kill()
    server.close()
    again.close()
    assert postmaster(data_directory) is None


def test_forked_child_leaves_its_parents_server_running(
    data_directory: Path, launch: Callable[..., Application]
) -> None:
    script = APPLICATION.replace(
        'print("up", flush=True)',
        """
import os
child = os.fork()
if child == 0:
    server.close()
    sys.exit(0)  # with the exit hooks
os.waitpid(child, 0)
print("up", flush=True)
""",
    )
    parent = launch(script)
    assert says(parent) == "up"
    assert running(data_directory).is_running()
    assert exits(parent) == 0
    assert postmaster(data_directory) is None


@pytest.mark.parametrize("seconds", [0.1, 0.25, 0.4, 0.55])
def test_start_after_an_application_was_killed_while_starting(
    data_directory: Path, launch: Callable[..., Application], seconds: float
) -> None:
    killed = launch()
    time.sleep(seconds)
    killed.kill()
    server = start_embedded(data_directory)
    assert query(server, "SELECT 1") == 1
    server.close()
    assert postmaster(data_directory) is None


def test_too_long_path_is_refused_and_named(tmp_path: Path) -> None:
    directory = tmp_path / ("long" * 25) / "pgdata"
    with pytest.raises(EmbeddedServerError, match=r"too long for a unix socket.*longlong"):
        start_embedded(directory)
    assert not directory.parent.exists()


def test_full_disk_is_refused_before_anything_is_written(
    data_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "MIN_FREE_BYTES", shutil.disk_usage("/tmp").total + 1)
    with pytest.raises(EmbeddedServerError, match="MB free"):
        start_embedded(data_directory)
    assert not data_directory.exists()


def test_directory_with_other_files_is_refused_and_left_alone(data_directory: Path) -> None:
    data_directory.mkdir()
    (data_directory / "holiday.jpg").write_text("not a database")
    with pytest.raises(EmbeddedServerError, match="holds no database"):
        start_embedded(data_directory)
    assert [path.name for path in data_directory.iterdir()] == ["holiday.jpg"]


def test_server_that_cannot_start_says_what_to_read(data_directory: Path) -> None:
    start_embedded(data_directory).close()
    with (data_directory / "postgresql.conf").open("a") as configuration:
        configuration.write("shared_buffers = plenty\n")
    with pytest.raises(EmbeddedServerError, match=r"pg_ctl failed.*server\.log"):
        start_embedded(data_directory)


def test_waiting_for_another_process_ends(data_directory: Path) -> None:
    with (
        embedded._exclusive(data_directory, time.monotonic()),
        pytest.raises(EmbeddedServerError, match="still starting or stopping"),
    ):
        start_embedded(data_directory, wait_seconds=0.1)


def test_url_quotes_names_and_is_deaf_to_the_environment(
    data_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nonexistent")
    server = start_embedded(data_directory.with_name("a b%c"))
    assert query(server, "SELECT 1") == 1
    assert server.url(user="a@b", database="c/d").startswith("postgresql+psycopg2://a%40b@/c%2Fd?")
    server.close()
