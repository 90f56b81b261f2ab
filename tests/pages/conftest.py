"""The shop that people sign in to, made once for the tests of roles and acts."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

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
