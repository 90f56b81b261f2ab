from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.isolation.wall import Wall, two_shops


@pytest.fixture(scope="package")
def wall() -> Iterator[Wall]:
    directory = Path(tempfile.mkdtemp(prefix="lrw"))  # short: it holds the server's socket
    with two_shops(directory) as made:
        yield made
    shutil.rmtree(directory, ignore_errors=True)
