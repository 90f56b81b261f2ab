"""Signing in by an OpenID Connect provider: known people, verified addresses, fresh tokens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from db.models import SignInCode
from leanrag.errors import Forbidden, Unauthenticated
from leanrag.guarded_database import GuardedDatabase
from tests.access_parts import Door


@pytest.fixture
def door(database: GuardedDatabase, tmp_path: Path) -> Iterator[Door]:
    made = Door(database, tmp_path)
    yield made
    made.access.close()


def oidc(**changed: object) -> dict[str, object]:
    made: dict[str, object] = {
        "iss": "https://accounts.example",
        "sub": "abc",
        "iat": time.time(),
        "email": "ada@shop.example",
        "email_verified": True,
    }
    return {**made, **changed}


def test_a_provider_signs_in_whom_a_tenant_added(door: Door) -> None:
    made = door.access.oidc.sign_in(oidc(), ip="203.0.113.7", agent="Browser")
    assert made.person_id == door.owner.person_id
    found = door.access.sessions.find(door.access.sessions.claim(made.ticket).secret)
    assert found
    assert found.role == "owner"
    # From now on the subject counts, whatever address it has by then.
    again = door.access.oidc.sign_in(oidc(email="new@shop.example"))
    assert again.person_id == door.owner.person_id


@pytest.mark.parametrize(
    "changed",
    [
        {"email": "nobody@shop.example"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": None},
        {"email": "no address"},
    ],
)
def test_a_provider_adds_nobody_and_links_no_unverified_address(
    door: Door, changed: dict[str, object]
) -> None:
    with pytest.raises(Forbidden, match="No tenant has added"):
        door.access.oidc.sign_in(oidc(**changed))


def test_another_subject_does_not_take_a_linked_address(door: Door) -> None:
    door.access.oidc.sign_in(oidc())
    with pytest.raises(Forbidden):
        door.access.oidc.sign_in(oidc(sub="thief"))


@pytest.mark.parametrize("age", [601, 30 * 86_400, -3600])
def test_a_provider_s_old_cookie_opens_no_new_session(door: Door, age: int) -> None:
    with pytest.raises(Unauthenticated, match="too old"):
        door.access.oidc.sign_in(oidc(iat=time.time() - age))


def test_a_former_member_is_not_let_in(door: Door) -> None:
    made = door.access.members.add(door.owner, "ben@shop.example", "viewer")
    door.access.oidc.sign_in(oidc(email="ben@shop.example", sub="ben"))
    door.access.members.remove(door.owner, made.person_id)
    with pytest.raises(Forbidden):
        door.access.oidc.sign_in(oidc(email="ben@shop.example", sub="ben"))
    assert door.execute(select(func.count(SignInCode.code_id))) == [(0,)]
