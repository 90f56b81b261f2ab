"""Who may come in when nobody signs in: this machine alone, and no foreign web page."""

from __future__ import annotations

import pytest

from leanrag.auth import check_exposure, is_local_request, is_loopback_host
from leanrag.errors import ConfigurationError
from leanrag.settings import Settings


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings(_env_file=None)  # type: ignore[call-arg]


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1", "127.8.8.8", "LOCALHOST"])
def test_a_loopback_address_may_be_served_without_sign_in(settings: Settings, address: str):
    check_exposure(settings, address)


@pytest.mark.parametrize(
    "address", [None, "", "0.0.0.0", "::", "192.168.1.4", "shop.example", "localhost.evil.example"]
)
def test_any_other_address_is_refused_with_what_to_do(settings: Settings, address: str | None):
    with pytest.raises(ConfigurationError, match=r"set server\.address to 127\.0\.0\.1"):
        check_exposure(settings, address)


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("[::1]", True),
        ("::1", True),
        ("127.0.0.1", True),
        ("127.0.0.1.nip.io", False),
        ("10.0.0.1", False),
        ("2130706433", False),
        ("0", False),
        ("", False),
    ],
)
def test_only_names_that_can_be_nothing_else_are_loopback(host: str, is_loopback: bool):
    assert is_loopback_host(host) is is_loopback


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8501", None),
        ("localhost:8501", "http://localhost:8501"),
        ("[::1]:8501", "http://[::1]:8501"),
        ("127.0.0.1:8501", "http://127.0.0.1:8501"),
        ("LocalHost:8501", "http://localhost:8501"),
        ("localhost", "http://localhost"),
    ],
)
def test_this_machines_own_requests_come_in(settings: Settings, host: str, origin: str | None):
    assert is_local_request(host, origin, settings=settings)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("evil.example", None),  # DNS rebinding
        ("127.0.0.1.evil.example:8501", None),
        ("evil.example:8501", "http://evil.example:8501"),
        ("", None),
        ("127.0.0.1:8501@evil.example", None),
        ("127.0.0.1:99999", None),
        ("127.0.0.1:8501/path", None),
        ("127.0.0.1:8501", "http://evil.example"),
        ("127.0.0.1:8501", "http://127.0.0.1:3000"),  # another server on this machine
        ("127.0.0.1:8501", "http://localhost:8501"),
        ("127.0.0.1:8501", "null"),
        ("127.0.0.1:8501", ""),
        ("127.0.0.1:8501", "file://"),
        ("127.0.0.1:8501", "http://127.0.0.1:8501.evil.example"),
        ("127.0.0.1:8501", "http://127.0.0.1:8501@evil.example"),
    ],
)
def test_foreign_requests_and_pages_stay_out(settings: Settings, host: str, origin: str | None):
    assert not is_local_request(host, origin, settings=settings)
