"""Access tokens: whatever is not exactly one of ours, or was ended, is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import func, update

from db.models import Person, SignIn
from leanrag.access import Credentials
from leanrag.access_tokens import AUDIENCE, ISSUER
from leanrag.errors import Unauthenticated
from leanrag.guarded_database import GuardedDatabase
from leanrag.identity import Identity
from leanrag.kept_secrets import derive_key
from leanrag.sessions import NewSession
from tests.access_parts import ROOT_KEY, Door

ADA = "ada@shop.example"
KEY = derive_key(ROOT_KEY.encode(), "access tokens")
RSA_KEY = rsa.generate_private_key(65537, 2048)
PUBLIC_PEM = RSA_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


@pytest.fixture(scope="module")
def door(
    shared_database: GuardedDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Door]:
    made = Door(
        shared_database,
        tmp_path_factory.mktemp("home"),
        sign_in_codes_per_address=100,
        sign_in_codes_per_address_a_day=1000,
    )
    yield made
    made.access.close()


@pytest.fixture
def made(door: Door) -> NewSession:
    return door.sign_in.verify_code(ADA, door.code(ADA), kind="token")


def claims_of(made: NewSession, **changed: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + timedelta(days=1),
        "sub": str(made.person_id),
        "jti": str(made.sign_in_id),
        "version": made.token_version,
        **changed,
    }
    return {name: value for name, value in claims.items() if value is not None}


def sign(made: NewSession, **changed: Any) -> str:
    return jwt.encode(claims_of(made, **changed), KEY, algorithm="HS256")


def ask(door: Door, token: str) -> Identity:
    return door.access.identify(Credentials(bearer=token))


def encode(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def unsigned(made: NewSession, algorithm: str) -> str:
    claims = claims_of(made)
    claims |= {name: int(claims[name].timestamp()) for name in ("iat", "exp")}
    return f"{encode({'alg': algorithm, 'typ': 'JWT'})}.{encode(claims)}."


def test_a_token_from_a_code_lets_in_for_seven_days(door: Door) -> None:
    token = door.access.issue_token(ADA, door.code(ADA), ip="203.0.113.7", agent="curl")
    assert abs(token.expires_in - 7 * 86_400) < 5
    found = ask(door, token.text)
    assert (found.email, found.role, found.tenant_id) == (ADA, "owner", door.tenant_id)


def test_a_token_that_is_written_here_as_the_others_are_is_taken(
    door: Door, made: NewSession
) -> None:
    assert ask(door, sign(made)).person_id == made.person_id


def _confused(made: NewSession) -> str:
    """Sign by HS256 with a public key, as if the verifier used RS256."""
    head = encode({"alg": "HS256", "typ": "JWT"})
    body = unsigned(made, "HS256").split(".")[1]
    signed = jwt.api_jws.PyJWS().get_algorithm_by_name("HS256")
    signature = signed.sign(f"{head}.{body}".encode(), PUBLIC_PEM)
    return f"{head}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _with_header(made: NewSession, **header: Any) -> str:
    return jwt.encode(claims_of(made), b"a" * 32, algorithm="HS256", headers=header)


def _tampered(made: NewSession) -> str:
    head, body, signature = sign(made).split(".")
    padded = body + "=" * (-len(body) % 4)
    claims = json.loads(base64.urlsafe_b64decode(padded))
    return f"{head}.{encode(claims | {'sub': str(uuid4())})}.{signature}"


NOW = datetime.now(UTC)
BAD: dict[str, Callable[[NewSession], str]] = {
    "algorithm none": lambda m: unsigned(m, "none"),
    "algorithm None": lambda m: unsigned(m, "None"),
    "no algorithm": lambda m: unsigned(m, ""),
    "another key": lambda m: jwt.encode(claims_of(m), b"k" * 32, algorithm="HS256"),
    "the root key itself": lambda m: jwt.encode(claims_of(m), ROOT_KEY, algorithm="HS256"),
    "HS384 with the right key": lambda m: jwt.encode(
        claims_of(m), KEY + b"\0" * 16, algorithm="HS384"
    ),
    "RS256": lambda m: jwt.encode(claims_of(m), RSA_KEY, algorithm="RS256"),
    "a public key as HMAC key": _confused,
    "expired": lambda m: sign(m, exp=NOW - timedelta(seconds=1)),
    "issued in the future": lambda m: sign(m, iat=datetime.now(UTC) + timedelta(minutes=5)),
    "not valid yet": lambda m: sign(m, nbf=datetime.now(UTC) + timedelta(minutes=5)),
    "another audience": lambda m: sign(m, aud="another"),
    "a list of other audiences": lambda m: sign(m, aud=["a", "b"]),
    "another issuer": lambda m: sign(m, iss="https://evil.example"),
    **{
        f"no {name}": (lambda m, name=name: sign(m, **{name: None}))
        for name in ("iss", "aud", "exp", "iat", "sub", "jti", "version")
    },
    "a jti that is no id": lambda m: sign(m, jti="1 OR 1=1"),
    "a sign-in that is not there": lambda m: sign(m, jti=str(uuid4())),
    "another person": lambda m: sign(m, sub=str(uuid4())),
    "a later version": lambda m: sign(m, version=m.token_version + 1),
    "a version as text": lambda m: sign(m, version=str(m.token_version)),
    "a version that is true": lambda m: sign(m, version=False),
    "exp as text": lambda m: sign(m, exp="tomorrow"),
    "changed after signing": _tampered,
    "signature cut off": lambda m: sign(m).rpartition(".")[0] + ".",
    "signature of another": lambda m: sign(m).rpartition(".")[0] + "." + sign(m, x=1).split(".")[2],
    "kid that is a path": lambda m: _with_header(m, kid="../../../dev/null"),
    "kid that is SQL": lambda m: _with_header(m, kid="x' UNION SELECT 'a"),
    "its own key in jwk": lambda m: _with_header(m, jwk={"kty": "oct", "k": encode("a" * 32)}),
    "a key's address in jku": lambda m: _with_header(m, jku="https://evil.example/keys"),
    "a critical extension": lambda m: jwt.encode(
        claims_of(m), KEY, algorithm="HS256", headers={"crit": ["x"], "x": 1}
    ),
    "garbage": lambda _: "garbage",
    "dots": lambda _: "..",
    "nothing but a scheme": lambda _: "lr",
    "not ASCII": lambda m: sign(m) + "é",
    "a megabyte": lambda m: sign(m) + "A" * 2**20,
    "a list for a body": lambda _: f"{encode({'alg': 'HS256'})}.{encode([1])}.AAAA",
    "five parts": lambda m: sign(m) + ".A.A",
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
def test_a_bad_token_is_refused(door: Door, made: NewSession, kind: str) -> None:
    with pytest.raises(Unauthenticated):
        ask(door, BAD[kind](made))


def test_a_revoked_token_is_refused(door: Door, made: NewSession) -> None:
    token = door.access.tokens.issue(made).text
    assert ask(door, token)
    door.access.sessions.revoke(made.person_id, made.sign_in_id)
    with pytest.raises(Unauthenticated):
        ask(door, token)


def test_a_token_whose_sign_in_ended_is_refused(door: Door, made: NewSession) -> None:
    token = door.access.tokens.issue(made).text
    ended = update(SignIn).where(SignIn.sign_in_id == made.sign_in_id)
    door.execute(ended.values(expires_at=func.now()))
    with pytest.raises(Unauthenticated):
        ask(door, token)


def test_a_browser_s_session_is_no_token(door: Door) -> None:
    browser = door.sign_in.verify_code(ADA, door.code(ADA))
    with pytest.raises(Unauthenticated):
        ask(door, sign(browser))


def test_counting_the_version_up_ends_every_token(door: Door, made: NewSession) -> None:
    token = door.access.tokens.issue(made).text
    door.execute(update(Person).values(token_version=Person.token_version + 1))
    with pytest.raises(Unauthenticated):
        ask(door, token)


def test_without_any_credential_nobody_is_let_in(door: Door, tmp_path: Path) -> None:
    for credentials in (Credentials(), Credentials(cookie="0.x"), Credentials(tenant="shop")):
        with pytest.raises(Unauthenticated):
            door.access.identify(credentials)
