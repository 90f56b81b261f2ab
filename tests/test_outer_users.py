"""People of an outer user system: added at first sight, never as somebody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from sqlalchemy import func, select

from db.models import Member, Person
from leanrag.access import Credentials
from leanrag.access_tokens import ISSUER
from leanrag.errors import Forbidden, Unauthenticated
from leanrag.guarded_database import GuardedDatabase
from tests.access_parts import Door
from tests.outer_tokens import OUTER, RSA_KEY, SHARED, claims, outer_doors, token

OpenDoor = Callable[..., Door]


@pytest.fixture
def open_door(database: GuardedDatabase, tmp_path: Path) -> Iterator[OpenDoor]:
    with outer_doors(database, tmp_path) as make:
        yield make


def test_somebody_new_becomes_a_member_with_the_role_of_the_setting(open_door: OpenDoor) -> None:
    door = open_door()
    found = door.access.identify(Credentials(bearer=token(), ip="203.0.113.7"))
    assert (found.tenant_id, found.role, found.tier) == (door.tenant_id, "operator", "gold")
    assert (found.name, found.actor.name, found.actor.kind) == ("Cleo", "Cleo", "person")
    assert len(door.access.members.list(door.tenant_id)) == 2
    again = door.access.identify(Credentials(bearer=token()))
    assert again.person_id == found.person_id
    assert len(door.access.members.list(door.tenant_id)) == 2


def test_first_sights_at_once_make_one_person(open_door: OpenDoor) -> None:
    door = open_door(outer_emails_verified=True)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: door.access.outer_users.find(token()), range(12)))
    assert len({one.person_id for one in found}) == 1
    assert len(door.access.members.list(door.tenant_id)) == 2


def test_the_tier_follows(open_door: OpenDoor) -> None:
    door = open_door()
    for tier in ("gold", "silver", ""):
        assert door.access.outer_users.find(token(tier=tier)).tier == tier


def test_a_role_that_was_given_here_stays(open_door: OpenDoor) -> None:
    door = open_door()
    person = door.access.outer_users.find(token()).person_id
    assert person
    door.access.members.change_role(door.owner, person, "viewer")
    assert door.access.outer_users.find(token(tier="silver")).role == "viewer"


def test_who_was_removed_stays_out_until_added_again(open_door: OpenDoor) -> None:
    door = open_door()
    person = door.access.outer_users.find(token()).person_id
    assert person
    door.access.members.remove(door.owner, person)
    for tier in ("gold", "other"):
        with pytest.raises(Forbidden, match="no member of this tenant any more"):
            door.access.outer_users.find(token(tier=tier))
    with door.database.tenant(door.tenant_id) as session:
        session.add(Member(tenant_id=door.tenant_id, person_id=person, role="viewer"))
    assert door.access.outer_users.find(token()).role == "viewer"


def test_an_unverified_address_links_nobody(open_door: OpenDoor) -> None:
    door = open_door()
    found = door.access.outer_users.find(token(email="ada@shop.example"))
    assert found.person_id != door.owner.person_id
    assert found.role == "operator"
    assert found.email == ""


def test_an_unverified_address_cannot_be_taken_before_its_owner_comes(
    open_door: OpenDoor,
) -> None:
    door = open_door()
    squatter = door.access.outer_users.find(token(email="dan@shop.example"))
    made = door.access.members.add(door.owner, "dan@shop.example", "admin")
    assert made.person_id != squatter.person_id
    assert door.access.outer_users.find(token(email="dan@shop.example")).role == "operator"


@pytest.mark.parametrize("says", [None, True])
def test_a_verified_address_is_the_same_person(open_door: OpenDoor, says: bool | None) -> None:
    door = open_door(outer_emails_verified=True)
    found = door.access.outer_users.find(token(email="Ada@shop.example", email_verified=says))
    assert (found.person_id, found.role) == (door.owner.person_id, "owner")


def test_a_token_that_says_unverified_links_nobody(open_door: OpenDoor) -> None:
    door = open_door(outer_emails_verified=True)
    found = door.access.outer_users.find(token(email="ada@shop.example", email_verified=False))
    assert found.person_id != door.owner.person_id


def test_an_address_is_linked_to_one_subject(open_door: OpenDoor) -> None:
    door = open_door(outer_emails_verified=True)
    first = door.access.outer_users.find(token(email="ada@shop.example"))
    second = door.access.outer_users.find(token(email="ada@shop.example", sub="43"))
    assert first.person_id == door.owner.person_id
    assert second.person_id != door.owner.person_id


def test_no_outer_token_becomes_an_administrator(open_door: OpenDoor) -> None:
    door = open_door(outer_emails_verified=True)
    root = door.access.people.add("root@host.example")
    door.access.people.make_administrator(root)
    found = door.access.outer_users.find(token(email="root@host.example"))
    assert found.person_id != root
    assert not found.is_administrator


def test_a_linked_person_acts_in_the_token_s_tenant_alone(open_door: OpenDoor) -> None:
    door = open_door(outer_emails_verified=True)
    other = door.make_tenant("bakery")
    door.access.members.ensure_owner(other, "ada@shop.example")
    email = "ada@shop.example"
    assert door.access.outer_users.find(token(email=email)).tenant_id == door.tenant_id
    assert door.access.outer_users.find(token(email=email), tenant="shop")
    with pytest.raises(Forbidden):
        door.access.outer_users.find(token(email=email), tenant="bakery")


def test_the_token_names_the_tenant_where_the_setting_does_not(open_door: OpenDoor) -> None:
    door = open_door(outer_tenant="")
    other = door.make_tenant("bakery")
    assert door.access.outer_users.find(token(tenant="bakery")).tenant_id == other
    assert door.access.outer_users.find(token(tenant=str(other))).tenant_id == other
    assert door.access.outer_users.find(token(tenant="shop")).tenant_id == door.tenant_id
    for tenant in ("nothing", "global", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(Forbidden, match="not here"):
            door.access.outer_users.find(token(tenant=tenant))
    with pytest.raises(Unauthenticated):
        door.access.outer_users.find(token())
    with door.database.administration() as session:
        people = session.execute(select(func.count(Person.person_id))).scalar_one()
    assert people == 2  # ada and cleo: a refusal leaves nobody behind


def test_the_setting_stands_before_the_token_s_tenant(open_door: OpenDoor) -> None:
    door = open_door()
    door.make_tenant("bakery")
    assert door.access.outer_users.find(token(tenant="bakery")).tenant_id == door.tenant_id


def test_a_token_opens_a_browser_s_session(open_door: OpenDoor) -> None:
    door = open_door()
    made = door.access.outer_users.sign_in(token(), ip="203.0.113.7", agent="Browser")
    secret = door.access.sessions.claim(made.ticket).secret
    found = door.access.sessions.find(secret)
    assert found
    assert found.name == "Cleo"
    assert door.access.sessions.list(made.person_id)[0].kind == "outer"


BAD: dict[str, Callable[[], str]] = {
    "another key": lambda: jwt.encode(claims(), "k" * 40, algorithm="HS256"),
    "algorithm none": lambda: jwt.encode(claims(), None, algorithm="none"),
    "RS256 for a shared key": lambda: jwt.encode(claims(), RSA_KEY, algorithm="RS256"),
    "HS512": lambda: jwt.encode(claims(), SHARED.ljust(64, "\0"), algorithm="HS512"),
    "expired": lambda: token(exp=datetime.now(UTC) - timedelta(seconds=1)),
    "not yet": lambda: token(nbf=datetime.now(UTC) + timedelta(minutes=5)),
    "no exp": lambda: token(exp=None),
    "no sub": lambda: token(sub=None),
    "an empty sub": lambda: token(sub=" "),
    "a long sub": lambda: token(sub="x" * 201),
    "a list for a tier": lambda: token(tier=["gold"]),
    "NUL in a name": lambda: token(username="a\0b"),
}


@pytest.fixture(scope="module")
def steady(
    shared_database: GuardedDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Door]:
    """A door that nobody is to pass: one for all tests."""
    home = tmp_path_factory.mktemp("home")
    chosen = {"outer_shared_key": SHARED, "outer_issuer": OUTER, "outer_tenant": "shop"}
    door = Door(shared_database, home, **chosen)
    yield door
    door.access.close()


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_outer_token_is_refused_and_adds_nobody(steady: Door, kind: str) -> None:
    door = steady
    with pytest.raises(Unauthenticated):
        door.access.identify(Credentials(bearer=BAD[kind]()))
    assert len(door.access.members.list(door.tenant_id)) == 1


def test_the_issuer_only_chooses_who_verifies(open_door: OpenDoor) -> None:
    door = open_door()
    for issuer in (ISSUER, "https://other.example"):
        with pytest.raises(Unauthenticated):
            door.access.identify(Credentials(bearer=token(iss=issuer)))


def test_without_the_setting_no_outer_token_counts(
    database: GuardedDatabase, tmp_path: Path
) -> None:
    door = Door(database, tmp_path)
    for one in (token(), token(iss="")):
        with pytest.raises(Unauthenticated):
            door.access.identify(Credentials(bearer=one))
        with pytest.raises(Unauthenticated):
            door.access.outer_users.find(one)
