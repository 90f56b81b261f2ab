"""The real console in a process of its own, and a real Chromium in front of it."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.provider_server import ProviderServer
from tests.running_console import free_port, started

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
        settings = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": provider.base_url}
        with started(home, free_port(), **settings) as (url, _said):
            running = Console(url, provider)
            running.wait_until_read()
            yield running
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
            page.set_default_timeout(60_000)  # of a machine that runs other tests beside
            return page

        yield make
        browser.close()
