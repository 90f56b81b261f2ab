"""A console that runs, and a way to run commands beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from leanrag.bootstrap import Services, start_services
from leanrag.cli.app import main
from leanrag.settings import Settings

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def console() -> Iterator[Services]:
    directory = Path(tempfile.mkdtemp(prefix="lrc"))  # short: it holds the server's socket
    running = start_services(Settings(home=directory, _env_file=None), worker=True)  # type: ignore[call-arg]
    yield running
    running.close()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No setting from outside, and no `.env`."""
    for name in list(os.environ):
        if name.startswith(("LEANRAG_", "OPENAI_", "STREAMLIT_")) or name in (
            "DATABASE_URL",
            "PORT",
        ):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.fixture
def run(
    clean_environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Run a command in this process, where no database runs yet."""
    clean_environment.setenv("LEANRAG_HOME", "/nonexistent/leanrag")

    def run_command(*words: str) -> Ran:
        code = main(words)
        written = capsys.readouterr()
        return Ran(code, written.out, written.err)

    return run_command


@pytest.fixture
def run_beside(
    run: Callable[..., Ran], console: Services, clean_environment: pytest.MonkeyPatch
) -> Callable[..., Ran]:
    """Run a command in this process while the console runs on the same data directory."""
    clean_environment.setenv("LEANRAG_HOME", str(console.settings.home))
    clean_environment.setenv("LEANRAG_RESPONSE_CACHE_SECONDS", "0")
    return run


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a command in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start_command(*words: str, environment: Mapping[str, str]) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "leanrag", *words],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start_command
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
