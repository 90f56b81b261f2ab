"""Where a request comes from: its network address, and whether one of our pages sent it."""

from __future__ import annotations

from fastapi import Request

from leanrag.client_address import client_address as address_behind
from leanrag.settings import Settings

OWN_PAGE_HEADER = "X-LeanRAG-Request"  # a foreign page cannot send it: browsers ask us before


def client_address(request: Request, settings: Settings) -> str:
    """Return the address of the client that a request comes from."""
    peer = request.client.host if request.client else ""
    return address_behind(peer, request.headers.getlist("x-forwarded-for"), settings)


def is_encrypted(request: Request, settings: Settings) -> bool:
    """Tell whether the browser's connection is https, at this server or at a trusted proxy."""
    if request.url.scheme == "https":
        return True
    peer = request.client.host if request.client else ""
    is_proxied = peer in settings.trusted_proxies
    return is_proxied and request.headers.get("x-forwarded-proto", "").lower() == "https"


def came_from_here(request: Request) -> bool:
    """Tell whether a page of ours, or no page at all, sent a request.

    An Origin that is not ours was refused by `LocalGuard` before; without one, only a program or
    a page that we allow can have added our own header.
    """
    return "origin" in request.headers or OWN_PAGE_HEADER in request.headers
