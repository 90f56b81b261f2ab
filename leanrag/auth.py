"""Who may come in: in local mode, whoever sits at this machine, and no web page.

Where people sign in, the console also answers at the names that the settings allow, and no page of
another site may act for somebody who is signed in.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from leanrag.errors import ConfigurationError
from leanrag.settings import Settings

SESSION_COOKIE = "leanrag_session"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def check_exposure(settings: Settings, address: str | None) -> None:
    """Refuse to serve others without sign-in, or without a way to send them their codes.

    `address` is what the server listens on; none means every interface. Raises ConfigurationError,
    saying why.
    """
    is_local = is_loopback_host(address or "")
    if settings.auth == "none" and not is_local:
        shown = address or "every network interface"
        raise ConfigurationError(
            "LEANRAG_AUTH=none lets anyone in as the owner, and the server would listen on"
            f" {shown}: set server.address to 127.0.0.1, and reach it from elsewhere through a"
            " tunnel."
        )
    is_development = settings.sign_in_codes_to_log or (is_local and not settings.allowed_hosts)
    if settings.auth == "sign-in" and not settings.smtp_host and not is_development:
        raise ConfigurationError(
            "Nobody could get a sign-in code: set LEANRAG_SMTP_HOST and LEANRAG_MAIL_FROM, or, for"
            " development alone, LEANRAG_SIGN_IN_CODES_TO_LOG=true."
        )


def is_loopback_host(host: str) -> bool:
    """Tell whether a host name or address (without port) can only be this machine."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_local_request(host: str, origin: str | None, *, settings: Settings) -> bool:
    """Tell whether a request comes to this console by its name and from no foreign web page.

    The Host must be a loopback name, or one that the settings allow where people sign in: DNS
    rebinding could aim a foreign page at us. The Origin, where a browser sends one, must be that
    same host and port; of its scheme a proxy that ends TLS tells us nothing.
    """
    named = _split(f"http://{host}")
    if named is None or not _is_ours(named[1], settings):
        return False
    if origin is None:
        return True
    from_page = _split(origin)
    if settings.auth == "none" or from_page is None:
        return from_page == named
    return from_page[1] == named[1] and _is_same_port(from_page, named)


def _is_ours(name: str, settings: Settings) -> bool:
    if is_loopback_host(name):
        return True
    return settings.auth != "none" and name in {host.lower() for host in settings.allowed_hosts}


def _is_same_port(from_page: tuple[str, str, int], named: tuple[str, str, int]) -> bool:
    """Compare ports; a page's own default port is what a Host without port means."""
    default = _DEFAULT_PORTS[from_page[0]]
    return from_page[2] == named[2] or (from_page[2] == default and named[2] == 80)


def _split(address: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of an http address that names nothing else; else None."""
    try:
        parts = urlsplit(address)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    bare = not (parts.path or parts.query or parts.fragment or parts.username or parts.password)
    if not bare or parts.hostname is None or port is None:
        return None
    return parts.scheme, parts.hostname, port
