"""Tokens of an outer user system, and the keys that sign them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from leanrag.guarded_database import GuardedDatabase
from tests.access_parts import Door

SHARED = "an outer system's shared key 0123456789"
OUTER = "https://users.example"
RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_RSA_KEY = rsa.generate_private_key(65537, 2048)
PUBLIC_PEM = RSA_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def as_jwk(key: Any, kid: str, algorithm: Any) -> dict[str, Any]:
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"}


JWKS = {
    "keys": [
        as_jwk(RSA_KEY, "rsa", RSAAlgorithm),
        as_jwk(EC_KEY, "ec", ECAlgorithm),
        {"kty": "oct", "kid": "oct", "k": "YQ" * 22, "alg": "HS256"},
    ]
}


def claims(**changed: Any) -> dict[str, Any]:
    made = {
        "iss": OUTER,
        "sub": "42",
        "username": "Cleo",
        "email": "cleo@users.example",
        "tier": "gold",
        "exp": datetime.now(UTC) + timedelta(minutes=5),
        **changed,
    }
    return {name: value for name, value in made.items() if value is not None}


def token(**changed: Any) -> str:
    return jwt.encode(claims(**changed), SHARED, algorithm="HS256")


@contextmanager
def outer_doors(database: GuardedDatabase, home: Path) -> Iterator[Callable[..., Door]]:
    """Give what makes doors that take these tokens, and close them afterwards."""
    opened: list[Door] = []

    def make(**values: Any) -> Door:
        chosen = {"outer_shared_key": SHARED, "outer_issuer": OUTER, "outer_tenant": "shop"}
        opened.append(Door(database, home, **{**chosen, **values}))
        return opened[-1]

    yield make
    for door in opened:
        door.access.close()
