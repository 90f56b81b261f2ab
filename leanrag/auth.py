"""Who may come in: in local mode, whoever sits at this machine, and no web page."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from leanrag.errors import ConfigurationError
from leanrag.settings import Settings

_DEFAULT_PORTS = {"http": 80, "https": 443}


def check_exposure(settings: Settings, address: str | None) -> None:
    """Refuse to serve others without sign-in. Raises ConfigurationError, saying why.

    `address` is what the server listens on; none means every interface.
    """
    if settings.auth == "none" and not is_loopback_host(address or ""):
        shown = address or "every network interface"
        raise ConfigurationError(
            "LEANRAG_AUTH=none lets anyone in as the owner, and the server would listen on"
            f" {shown}: set server.address to 127.0.0.1, and reach it from elsewhere through a"
            " tunnel."
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
    """Tell whether a request comes from this machine and from no foreign web page.

    The Host must be a loopback name, or DNS rebinding could aim a foreign page at us; the Origin,
    where a browser sends one, must be that same host and port.
    """
    if settings.auth != "none":
        return True
    named = _split(f"http://{host}")
    if named is None or not is_loopback_host(named[1]):
        return False
    return origin is None or _split(origin) == named


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
