"""The console in a process of its own, as `make run` starts it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
START_SECONDS = 90


@contextmanager
def started(
    home: Path, port: int, *options: str, **settings: str
) -> Iterator[tuple[str, list[str]]]:
    """Run a console of its own, and give its address and the growing list of what it says."""
    environment = {name: value for name, value in os.environ.items() if name[:5] != "LEANR"}
    environment |= {"LEANRAG_HOME": str(home), **settings}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    process = subprocess.Popen(
        [*command, *options],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield f"http://127.0.0.1:{port}", _wait_for(process, "LeanRAG is ready")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], sentence: str) -> list[str]:
    """Wait for a sentence of the process, and go on reading what it says into what is returned."""
    said: list[str] = []
    seen = threading.Event()

    def read() -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                said.append(line.decode(errors="replace"))
                if re.search(sentence, said[-1]):
                    seen.set()
        seen.set()

    threading.Thread(target=read, daemon=True).start()
    if not seen.wait(START_SECONDS) or process.poll() is not None:
        pytest.fail("The console did not start:\n" + "".join(said))
    return said
