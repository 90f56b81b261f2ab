"""An outer system's keys: chosen by their name, fetched with limits, never the token's own."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest

from leanrag.errors import ConfigurationError, Unauthenticated
from leanrag.guarded_database import GuardedDatabase
from leanrag.outer_keys import outer_keys_from
from tests.access_parts import Door, settings_with
from tests.outer_tokens import (
    EC_KEY,
    JWKS,
    OTHER_RSA_KEY,
    OUTER,
    PUBLIC_PEM,
    RSA_KEY,
    SHARED,
    claims,
    outer_doors,
    token,
)

OpenDoor = Callable[..., Door]


@pytest.fixture
def open_door(database: GuardedDatabase, tmp_path: Path) -> Iterator[OpenDoor]:
    with outer_doors(database, tmp_path) as make:
        yield make


def public(key: Any, algorithm: str, kid: str, **changed: Any) -> str:
    made = claims(aud="leanrag", **changed)
    return jwt.encode(made, key, algorithm=algorithm, headers={"kid": kid})


def confused(kid: str) -> str:
    """Sign by HS256 with the public key, as if the verifier would not tell the two apart."""
    header = {"alg": "HS256", "kid": kid}
    body = claims(aud="leanrag", exp=int(time.time()) + 300)
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, body)
    ]
    signature = hmac.digest(PUBLIC_PEM, b".".join(parts), "sha256")
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


@pytest.fixture(scope="module")
def with_file(
    shared_database: GuardedDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Door]:
    home = tmp_path_factory.mktemp("home")
    path = home / "jwks.json"
    path.write_text(json.dumps(JWKS))
    chosen = {"outer_issuer": OUTER, "outer_tenant": "shop", "outer_audience": "leanrag"}
    door = Door(shared_database, home, outer_jwks=str(path), **chosen)
    yield door
    door.access.close()


def test_public_keys_verify_by_kid(with_file: Door) -> None:
    assert with_file.access.outer_users.find(public(RSA_KEY, "RS256", "rsa")).name == "Cleo"
    assert with_file.access.outer_users.find(public(EC_KEY, "ES256", "ec")).name == "Cleo"


@pytest.mark.parametrize(
    "make",
    [
        lambda: public(OTHER_RSA_KEY, "RS256", "rsa"),
        lambda: public(RSA_KEY, "RS256", "ec"),
        lambda: public(RSA_KEY, "RS256", "nothing"),
        lambda: public(RSA_KEY, "RS512", "rsa"),
        lambda: public(RSA_KEY, "PS256", "rsa"),
        lambda: public("a" * 33, "HS256", "oct"),
        lambda: confused("rsa"),
        lambda: jwt.encode(claims(aud="leanrag"), RSA_KEY, algorithm="RS256"),
        lambda: public(RSA_KEY, "RS256", "rsa", iss="https://other.example"),
        lambda: jwt.encode(claims(), RSA_KEY, algorithm="RS256", headers={"kid": "rsa"}),
        lambda: jwt.encode(
            claims(aud="another"), RSA_KEY, algorithm="RS256", headers={"kid": "rsa"}
        ),
        lambda: token(aud="leanrag"),
    ],
    ids=[
        "key",
        "kid of another",
        "unknown kid",
        "RS512",
        "PS256",
        "oct key",
        "confusion",
        "no kid",
        "issuer",
        "no audience",
        "audience",
        "shared key",
    ],
)
def test_what_the_public_keys_did_not_sign_is_refused(
    with_file: Door, make: Callable[[], str]
) -> None:
    with pytest.raises(Unauthenticated):
        with_file.access.outer_users.find(make())


class KeyServer(ThreadingHTTPServer):
    """Serves a set of keys, and counts how often."""

    def __init__(self) -> None:
        self.body = json.dumps(JWKS).encode()
        self.moved_to = ""
        self.count = 0
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, KeyServer)
        self.server.count += 1
        self.send_response(302 if self.server.moved_to else 200)
        if self.server.moved_to:
            self.send_header("Location", self.server.moved_to)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@pytest.fixture
def keys() -> Iterator[KeyServer]:
    server = KeyServer()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def with_address(open_door: OpenDoor, keys: KeyServer) -> Door:
    address = f"http://127.0.0.1:{keys.server_port}/keys"
    return open_door(outer_shared_key=None, outer_jwks=address, outer_audience="leanrag")


def test_keys_are_fetched_once_and_cached(open_door: OpenDoor, keys: KeyServer) -> None:
    door = with_address(open_door, keys)
    for _ in range(3):
        assert door.access.outer_users.find(public(RSA_KEY, "RS256", "rsa"))
    for number in range(20):  # unknown kids do not make us ask again and again
        with pytest.raises(Unauthenticated):
            door.access.outer_users.find(public(RSA_KEY, "RS256", f"unknown {number}"))
    assert keys.count == 1


@pytest.mark.parametrize("body", [b"x" * 300_000, b"[]", b"nonsense", b'{"keys": []}'])
def test_what_is_no_set_of_keys_is_refused_and_asked_for_once_in_a_while(
    open_door: OpenDoor, keys: KeyServer, body: bytes
) -> None:
    keys.body = body
    door = with_address(open_door, keys)
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            door.access.outer_users.find(public(RSA_KEY, "RS256", "rsa"))
    assert keys.count == 1


def test_no_redirect_is_followed(open_door: OpenDoor, keys: KeyServer) -> None:
    keys.moved_to = f"http://127.0.0.1:{keys.server_port}/elsewhere"
    door = with_address(open_door, keys)
    with pytest.raises(Unauthenticated):
        door.access.outer_users.find(public(RSA_KEY, "RS256", "rsa"))
    assert keys.count == 1


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"outer_shared_key": "short", "outer_issuer": OUTER}, "too short"),
        ({"outer_shared_key": SHARED}, "LEANRAG_OUTER_ISSUER"),
        ({"outer_shared_key": SHARED, "outer_jwks": "https://x.example"}, "not both"),
        ({"outer_jwks": "https://x.example", "outer_issuer": OUTER}, "LEANRAG_OUTER_AUDIENCE"),
        (
            {"outer_jwks": "http://x.example", "outer_issuer": OUTER, "outer_audience": "a"},
            "neither an https address",
        ),
        (
            {"outer_jwks": "/nothing/there", "outer_issuer": OUTER, "outer_audience": "a"},
            "neither an https address",
        ),
    ],
)
def test_unsafe_settings_are_refused(tmp_path: Path, values: dict[str, str], wanted: str) -> None:
    with pytest.raises(ConfigurationError, match=wanted):
        outer_keys_from(settings_with(tmp_path, **values))
