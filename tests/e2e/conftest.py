"""The real console in a process of its own, and a real Chromium in front of it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.provider_server import ProviderServer

ROOT = Path(__file__).parents[2]
START_SECONDS = 90
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]


@dataclass(frozen=True)
class Console:
    """A running console: its address, and the stand-in provider that answers for it."""

    url: str
    provider: ProviderServer

    def files(self) -> list[dict[str, Any]]:
        reply = httpx.get(f"{self.url}/api/v1/files", timeout=10)
        return list(reply.raise_for_status().json()["files"])

    def wait_until_read(self, seconds: float = 90) -> None:
        """Wait until no source is waiting or being read."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            states = {file["status"] for file in self.files()}
            if states and states <= {"processed", "failed"}:
                return
            time.sleep(0.3)
        pytest.fail(f"Sources were not read within {seconds} seconds.")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; skips, saying why, where there is none."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = (os.environ.get("LEANRAG_CHROMIUM", ""), "chromium", "chromium-browser")
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine: install the distribution's chromium package")
    return found


@pytest.fixture(scope="session")
def console(chromium: str) -> Iterator[Console]:
    home = Path(tempfile.mkdtemp(prefix="lr"))
    with ProviderServer() as provider:
        port = _free_port()
        environment = {name: value for name, value in os.environ.items() if name[:5] != "LEANR"}
        environment |= {
            "LEANRAG_HOME": str(home),
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": provider.base_url,
        }
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(process, "LeanRAG is ready")
            running = Console(f"http://127.0.0.1:{port}", provider)
            running.wait_until_read()
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def make_page(chromium: str) -> Iterator[Any]:
    """Return a function that opens a page of the given locale and size in a fresh browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)

        def make(**options: Any) -> Any:
            context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}} | options)
            page = context.new_page()
            page.set_default_timeout(20_000)
            return page

        yield make
        browser.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], sentence: str) -> None:
    """Wait for a sentence of the process, and go on reading what it says afterwards."""
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
