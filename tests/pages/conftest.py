"""The shop that people sign in to, made once for the tests of roles and acts."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from leanrag.bootstrap import Services
from tests.documents_page import as_it_was
from tests.served_console import serve
from tests.signed_in_api import guarded_services
from tests.signed_in_pages import Console, Shop, open_shop


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    directory = Path(tempfile.mkdtemp(prefix="lrp"))  # short: it holds the server's socket
    with guarded_services(directory) as services:
        yield open_shop(services)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def console(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Console:
    return Console(shop.services, monkeypatch)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Services that people sign in to."""
    with guarded_services(tmp_path_factory.mktemp("lr")) as services:
        yield services


@pytest.fixture
def served_door(door: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let consoles show the services that people sign in to."""
    serve(door, monkeypatch)


@pytest.fixture
def real_product(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let pages use the running product; what a test adds is deleted afterwards."""
    with as_it_was(services, monkeypatch):
        yield
