"""A client's network address, behind proxies too."""

from __future__ import annotations

from collections.abc import Iterable

from leanrag.settings import Settings


def client_address(peer: str, forwarded: Iterable[str], settings: Settings) -> str:
    """Return the address that the last proxy which is no trusted one connected from.

    `forwarded` are the values of `X-Forwarded-For`: they are read from the end, and only as far as
    trusted proxies wrote them; what stands before is whatever the client says.
    """
    hops = [hop.strip() for hop in ",".join(forwarded).split(",") if hop.strip()]
    while peer in settings.trusted_proxies and hops:
        peer = hops.pop()
    return peer
