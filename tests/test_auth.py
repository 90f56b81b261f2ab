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


# ---- where people sign in -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded() -> Settings:
    return Settings(auth="sign-in", allowed_hosts="Console.Example, shop.example", _env_file=None)  # type: ignore[call-arg,arg-type]


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8501", "http://127.0.0.1:8501"),
        ("console.example", None),
        ("console.example:8501", "http://console.example:8501"),
        ("console.example", "https://console.example"),  # behind a proxy that ends TLS
        ("console.example:443", "https://console.example"),
        ("shop.example", "http://shop.example"),
    ],
)
def test_the_console_s_own_names_and_pages_come_in(
    guarded: Settings, host: str, origin: str | None
):
    assert is_local_request(host, origin, settings=guarded)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("evil.example", None),
        ("console.example.evil.example", None),
        ("sub.console.example", None),
        ("", None),
        ("console.example", "https://evil.example"),
        ("console.example", "https://shop.example"),
        ("console.example", "https://sub.console.example"),
        ("console.example", "https://console.example:8443"),
        ("console.example:8501", "http://console.example"),
        ("console.example", "null"),
        ("console.example", ""),
    ],
)
def test_other_names_and_pages_stay_out_also_where_people_sign_in(
    guarded: Settings, host: str, origin: str | None
):
    assert not is_local_request(host, origin, settings=guarded)


def test_without_sign_in_no_other_name_is_ours():
    open_to_all = Settings(allowed_hosts="console.example", _env_file=None)  # type: ignore[call-arg,arg-type]
    assert not is_local_request("console.example", None, settings=open_to_all)


@pytest.mark.parametrize(
    ("address", "values"),
    [
        ("127.0.0.1", {}),
        (None, {"smtp_host": "mail.example"}),
        ("0.0.0.0", {"sign_in_codes_to_log": True}),
        ("127.0.0.1", {"allowed_hosts": ("console.example",), "smtp_host": "mail.example"}),
    ],
)
def test_where_people_get_their_codes_others_may_be_served(
    address: str | None, values: dict[str, object]
):
    check_exposure(Settings(auth="sign-in", _env_file=None, **values), address)  # type: ignore[arg-type,call-arg]


@pytest.mark.parametrize(
    ("address", "values"),
    [(None, {}), ("0.0.0.0", {}), ("127.0.0.1", {"allowed_hosts": ("console.example",)})],
)
def test_where_nobody_could_get_a_code_nothing_starts(
    address: str | None, values: dict[str, object]
):
    with pytest.raises(ConfigurationError, match="LEANRAG_SMTP_HOST"):
        check_exposure(Settings(auth="sign-in", _env_file=None, **values), address)  # type: ignore[arg-type,call-arg]
