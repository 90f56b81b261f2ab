"""Connections to addresses that were checked, and to no others, within one deadline."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpcore2

Resolver = Callable[[str, int], Sequence[str]]

_MAX_ATTEMPTS = 3  # addresses tried of a host that has many


def resolve_addresses(host: str, port: int) -> tuple[str, ...]:
    """Return the IP addresses of a host as the system finds them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class Deadline:
    """The moment at which a fetch ends, however slowly the other side sends."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left; raises httpcore2.ReadTimeout when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("the time allowed is over")
        return left

    def within(self, seconds: float | None) -> float:
        """Return `seconds`, or what is left where that is less. Raises as `remaining`."""
        left = self.remaining()
        return left if seconds is None else min(seconds, left)


def resolve_within(resolver: Resolver, host: str, port: int, deadline: Deadline) -> Sequence[str]:
    """Run a resolver, which cannot be interrupted, beside this thread, and leave it when late.

    Raises OSError (TimeoutError where it took too long).
    """
    outcome: list[Sequence[str] | OSError] = []

    def resolve() -> None:
        try:
            outcome.append(resolver(host, port))
        except (OSError, UnicodeError) as error:  # the standard codec refuses some names
            outcome.append(error if isinstance(error, OSError) else OSError(str(error)))

    thread = threading.Thread(target=resolve, name="resolver", daemon=True)
    thread.start()
    thread.join(deadline.remaining())
    if not outcome:
        raise TimeoutError(f"{host} was not resolved in time")
    if isinstance(outcome[0], OSError):
        raise outcome[0]
    return outcome[0]


class PinnedBackend(httpcore2.NetworkBackend):
    """Connects to the first of `addresses` that accepts, whatever host the request names.

    The request keeps its name, and with it the Host header, SNI and the certificate's check.
    """

    def __init__(self, addresses: Sequence[str], deadline: Deadline) -> None:
        self._addresses = tuple(addresses)
        self._deadline = deadline
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect. Raises httpcore2.ConnectError or a timeout."""
        failure: Exception = httpcore2.ConnectError("no address to connect to")
        for address in self._addresses[:_MAX_ATTEMPTS]:
            try:
                stream = self._sockets.connect_tcp(
                    address, port, self._deadline.within(timeout), local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _DeadlineStream(stream, self._deadline)
        raise failure

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Refuse: a website is never behind a local socket."""
        raise httpcore2.ConnectError("local sockets are not fetched")


class _DeadlineStream(httpcore2.NetworkStream):
    """A connection on which no wait outlasts the deadline: not of headers, of a body, of TLS."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.within(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        secured = self._stream.start_tls(
            ssl_context, server_hostname, self._deadline.within(timeout)
        )
        return _DeadlineStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
