from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leanrag.bootstrap import Services
from leanrag.cli.terminal import amount

ROOT = Path(__file__).parents[2]
GREEN, RED = "\x1b[32m", "\x1b[31m"


@pytest.fixture
def on_terminal(console: Services) -> Callable[..., str]:
    """Run a command on a terminal of its own and return all that it wrote there."""

    def run(*words: str, **environment: str) -> str:
        ours, theirs = pty.openpty()
        given = {"PATH": os.environ["PATH"], "LEANRAG_HOME": str(console.settings.home)}
        with subprocess.Popen(
            [sys.executable, "-m", "leanrag", *words],
            cwd=ROOT,
            env={"TERM": "xterm", "LANG": "C.UTF-8", **given, **environment},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        ):
            os.close(theirs)
            written = _read(ours)
        os.close(ours)
        return written

    return run


def test_marks_are_coloured_and_keep_clear_of_the_progress_bar(
    on_terminal: Callable[..., str], tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text("The lid of the samovar is sold alone for 120 lira.")
    bad.touch()
    written = on_terminal("index", str(good), str(bad), "--tenant", "demo")
    assert re.search(re.escape(GREEN) + r"(\x1b\[1m)?✓|\x1b\[1;32m✓", written)
    assert re.search(re.escape(RED) + r"(\x1b\[1m)?✗|\x1b\[1;31m✗", written)
    assert "Indexing" in written
    assert not re.search(r"\d/2(\x1b\[0m)?(\x1b\[[0-9;]*m)*[✓✗]", written)


def test_no_color_leaves_the_colours_out(on_terminal: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("A short note.")
    written = on_terminal("index", str(path), "--dry-run", NO_COLOR="1")
    assert "✓ " in written
    assert "\x1b" not in written


def test_one_thing_is_singular() -> None:
    assert (amount(1, "token"), amount(0, "token"), amount(2000, "token")) == (
        "1 token",
        "0 tokens",
        "2,000 tokens",
    )


def _read(descriptor: int) -> str:
    pieces = []
    while True:
        try:
            piece = os.read(descriptor, 4096)
        except OSError:  # Linux says so when the other end is closed
            break
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces).decode("utf-8")
