"""The keys by which an outer user system's tokens are verified: one that is shared, or its JWKS."""

from __future__ import annotations

import json
import logging
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import jwt
from jwt import PyJWKClient, PyJWKClientConnectionError, PyJWKClientError, PyJWKSet

from leanrag.auth import is_loopback_host
from leanrag.errors import ConfigurationError
from leanrag.kept_secrets import MIN_SECRET_BYTES
from leanrag.settings import Settings

_log = logging.getLogger(__name__)
SHARED_ALGORITHMS = ("HS256",)
PUBLIC_ALGORITHMS = ("RS256", "ES256")
_MAX_BYTES = 256 * 1024
_TIMEOUT_SECONDS = 5.0
_PAUSE_SECONDS = 30.0  # after a failed fetch, and between two for keys that are not known


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A key and the algorithms that it may be used by."""

    key: Any
    algorithms: tuple[str, ...]


class SharedKey:
    """One key that both systems hold (HS256)."""

    def __init__(self, key: bytes) -> None:
        self._key = VerifyingKey(key, SHARED_ALGORITHMS)

    def find(self, _token: str) -> VerifyingKey:
        """Return the key, whatever the token's header asks for."""
        return self._key


class PublicKeys:
    """The system's JWKS, chosen from by `kid`; a token's own keys and addresses are never read.

    Symmetric keys in it are refused by the list of algorithms.
    """

    def __init__(self, keys: PyJWKClient) -> None:
        self._keys = keys

    def find(self, token: str) -> VerifyingKey:
        """Return the key that a token's `kid` names. Raises jwt.PyJWTError."""
        kid = jwt.get_unverified_header(token).get("kid")
        if not isinstance(kid, str):
            raise PyJWKClientError("The token names no key.")
        return VerifyingKey(self._keys.get_signing_key(kid).key, PUBLIC_ALGORITHMS)


class _FetchedKeys(PyJWKClient):
    """PyJWKClient with a limit of bytes and a pause after a failure; redirects are refused."""

    def __init__(self, uri: str) -> None:
        super().__init__(uri, timeout=_TIMEOUT_SECONDS, cooldown_duration=_PAUSE_SECONDS)
        self._failed_at = -_PAUSE_SECONDS
        self._lock = threading.Lock()

    def fetch_data(self) -> Any:
        """Fetch the set, and cache it. Raises PyJWKClientConnectionError."""
        with self._lock:
            if time.monotonic() - self._failed_at < _PAUSE_SECONDS:
                raise PyJWKClientConnectionError("The keys could not be fetched a moment ago.")
            try:
                data = self._as_jwk_set_payload(_fetch(self.uri))
                # Parsed before it is cached: a broken set leaves the one that was there.
                PyJWKSet.from_dict(data)
            except (OSError, HTTPException, ValueError, jwt.PyJWTError) as exc:
                self._failed_at = time.monotonic()
                _log.warning("The outer system's keys could not be fetched: %s", exc)
                raise PyJWKClientConnectionError("The keys could not be fetched.") from exc
        if self.jwk_set_cache is not None:
            self.jwk_set_cache.put(data)
        self._last_successful_fetch = time.monotonic()
        return data


class _FileKeys(PyJWKClient):
    """The set in a file, read again every five minutes."""

    def __init__(self, path: Path) -> None:
        super().__init__("https://file.invalid/", cooldown_duration=_PAUSE_SECONDS)
        self._path = path

    def fetch_data(self) -> Any:
        """Read the file. Raises PyJWKClientConnectionError."""
        try:
            return self._as_jwk_set_payload(json.loads(self._path.read_bytes()))
        except (OSError, ValueError) as exc:
            raise PyJWKClientConnectionError("The file of keys cannot be read.") from exc


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **_named: Any) -> None:
        """Follow none: the keys come from the address that was set, or from nowhere."""


def outer_keys_from(settings: Settings) -> SharedKey | PublicKeys | None:
    """Return the keys of the settings; None where no outer system is trusted.

    Raises ConfigurationError where they are unsafe or say two things.
    """
    shared, jwks = settings.outer_shared_key, settings.outer_jwks
    if shared is None and not jwks:
        return None
    if shared is not None and jwks:
        raise ConfigurationError(
            "Set LEANRAG_OUTER_SHARED_KEY or LEANRAG_OUTER_JWKS, not both of them."
        )
    if not settings.outer_issuer:
        raise ConfigurationError(
            "Set LEANRAG_OUTER_ISSUER to the `iss` of the outer system's tokens."
        )
    if shared is not None:
        return _shared_key(shared.get_secret_value().encode())
    if not settings.outer_audience:
        raise ConfigurationError(
            "Set LEANRAG_OUTER_AUDIENCE: by public keys, tokens made for other programs fit too."
        )
    return PublicKeys(_public_keys(jwks))


def _shared_key(key: bytes) -> SharedKey:
    if len(key) < MIN_SECRET_BYTES:
        raise ConfigurationError(
            f"LEANRAG_OUTER_SHARED_KEY is too short; it needs {MIN_SECRET_BYTES} bytes or more."
        )
    return SharedKey(key)


def _public_keys(jwks: str) -> PyJWKClient:
    parts = urlsplit(jwks)
    if parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback_host(parts.hostname or "")
    ):
        return _FetchedKeys(jwks)
    path = Path(jwks).expanduser()
    if parts.scheme or not path.is_file():
        raise ConfigurationError(
            "LEANRAG_OUTER_JWKS is neither an https address nor a file that is there."
        )
    return _FileKeys(path)


def _fetch(uri: str) -> Any:
    opener = urllib.request.build_opener(_NoRedirect)
    response: IO[bytes]
    with opener.open(uri, timeout=_TIMEOUT_SECONDS) as response:
        data = response.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise ValueError("The set of keys is too large.")
    return json.loads(data)
