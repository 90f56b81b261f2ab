"""The root secret: given, or made once and readable for its owner alone."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from leanrag.errors import ConfigurationError
from leanrag.kept_secrets import derive_key, root_secret
from tests.access_parts import settings_with


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    settings = settings_with(tmp_path / "home", root_key=None)
    first = root_secret(settings)
    assert len(first) >= 32
    assert root_secret(settings) == first
    (kept,) = (tmp_path / "home").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_processes_that_start_together_get_the_same(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, root_key=None)
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: root_secret(settings), range(16)))) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_the_setting_stands_before_the_file(tmp_path: Path) -> None:
    assert root_secret(settings_with(tmp_path, root_key="k" * 40)) == b"k" * 40
    assert list(tmp_path.iterdir()) == []


def test_a_short_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="LEANRAG_ROOT_KEY is too short"):
        root_secret(settings_with(tmp_path, root_key="k" * 31))


def test_a_shared_database_needs_a_shared_secret(tmp_path: Path) -> None:
    shared = settings_with(tmp_path, root_key=None, database_url="postgresql://u:p@h/d")
    with pytest.raises(ConfigurationError, match="set LEANRAG_ROOT_KEY"):
        root_secret(shared)
    local = settings_with(tmp_path, root_key=None, auth="none", database_url="postgresql://u:p@h/d")
    assert len(root_secret(local)) == 32


def test_a_damaged_file_is_not_used(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, root_key=None)
    root_secret(settings)
    (kept,) = tmp_path.iterdir()
    kept.write_text("")
    with pytest.raises(ConfigurationError, match="damaged"):
        root_secret(settings)


def test_every_purpose_has_its_own_key() -> None:
    root = b"r" * 32
    keys = {derive_key(root, "a"), derive_key(root, "b"), derive_key(b"s" * 32, "a")}
    assert len(keys) == 3
    assert {len(key) for key in keys} == {32}
