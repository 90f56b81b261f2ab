"""Members: who may give which role, and a tenant that is never left without an owner."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from db.models import Member, Person
from db.tenancy import acting
from leanrag.errors import Conflict, Forbidden, InvalidInput, NotFound
from leanrag.guarded_database import GuardedDatabase
from leanrag.identity import Identity, local_identity
from leanrag.permissions import ROLES, Role, allowed_to
from tests.access_parts import Door

BEN = "ben@shop.example"


@pytest.fixture(scope="module")
def door(shared_database: GuardedDatabase, tmp_path_factory: pytest.TempPathFactory) -> Door:
    return Door(shared_database, tmp_path_factory.mktemp("home"))


@pytest.fixture(autouse=True)
def _only_the_owner_is_left(door: Door) -> Iterator[None]:
    yield
    for member in door.access.members.list(door.tenant_id):
        if member.person_id != door.owner.person_id:
            door.access.members.remove(door.owner, member.person_id)


def as_role(door: Door, role: Role) -> Identity:
    """The owner's own identity as if it had another role."""
    return replace(door.owner, person_id=uuid4(), role=role, allowed=allowed_to(role))


def test_an_added_member_is_listed_and_may_sign_in(door: Door) -> None:
    made = door.access.members.add(door.owner, " Ben@Shop.example", "operator", "Ben")
    assert (made.email, made.role, made.name) == (BEN, "operator", "Ben")
    assert made.added_by == "ada@shop.example"
    listed = door.access.members.list(door.tenant_id)
    assert [member.role for member in listed] == ["owner", "operator"]
    assert door.identity(BEN).role == "operator"


def test_nobody_is_added_twice(door: Door) -> None:
    door.access.members.add(door.owner, BEN, "viewer")
    with pytest.raises(Conflict):
        door.access.members.add(door.owner, BEN, "admin")
    assert door.identity(BEN).role == "viewer"


def test_adding_a_known_person_tells_nothing_of_it(door: Door) -> None:
    other = door.make_tenant("bakery")
    owner = door.access.members.ensure_owner(other, "zoe@bakery.example")
    door.execute(
        Person.__table__.update().where(Person.person_id == owner).values(name="Zoe Secret")
    )
    made = door.access.members.add(door.owner, "zoe@bakery.example", "viewer")
    assert made.name == ""
    assert {place.slug for place in door.access.members.tenants_of(owner)} == {"bakery", "shop"}


@pytest.mark.parametrize(("giver", "given"), list(product(ROLES, ROLES)))
def test_owners_give_every_role_and_admins_what_is_below_theirs(
    door: Door, giver: Role, given: Role
) -> None:
    identity = as_role(door, giver)
    may = giver == "owner" or (giver == "admin" and given in {"manager", "operator", "viewer"})
    members = door.access.members
    if may:
        members.add(identity, BEN, given)
        assert door.identity(BEN).role == given
    else:
        with pytest.raises(Forbidden):
            members.add(identity, BEN, given)
        made = members.add(door.owner, BEN, given)
        for attempt in ("viewer", "owner"):
            with pytest.raises(Forbidden):
                members.change_role(identity, made.person_id, attempt)  # type: ignore[arg-type]
        with pytest.raises(Forbidden):
            members.remove(identity, made.person_id)
        assert door.identity(BEN).role == given


def test_an_admin_cannot_raise_itself(door: Door) -> None:
    made = door.access.members.add(door.owner, BEN, "admin")
    with pytest.raises(Forbidden):
        door.access.members.change_role(door.identity(BEN), made.person_id, "owner")


def test_the_last_owner_can_neither_leave_nor_be_lowered(door: Door) -> None:
    assert door.owner.person_id
    with pytest.raises(Conflict, match="needs an owner"):
        door.access.members.remove(door.owner, door.owner.person_id)
    with pytest.raises(Conflict, match="needs an owner"):
        door.access.members.change_role(door.owner, door.owner.person_id, "admin")
    with pytest.raises(Conflict, match="needs an owner"):
        door.access.members.remove(local_identity(door.tenant_id), door.owner.person_id)


def test_two_owners_cannot_lower_each_other_at_once(door: Door) -> None:
    for _ in range(5):
        made = door.access.members.add(door.owner, BEN, "owner")
        ben = door.identity(BEN)
        assert door.owner.person_id
        pairs = [(ben, door.owner.person_id), (door.owner, made.person_id)]

        def lower(pair: tuple[Identity, object]) -> bool:
            try:
                door.access.members.change_role(pair[0], pair[1], "viewer")  # type: ignore[arg-type]
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(lower, pairs)) == 1
        door.access.members.change_role(
            local_identity(door.tenant_id), door.owner.person_id, "owner"
        )
        door.access.members.remove(local_identity(door.tenant_id), made.person_id)


def test_whoever_it_is_may_leave(door: Door) -> None:
    made = door.access.members.add(door.owner, BEN, "viewer")
    door.access.members.remove(door.identity(BEN), made.person_id)
    assert len(door.access.members.list(door.tenant_id)) == 1


@pytest.mark.parametrize(
    ("email", "role", "name"),
    [("no address", "viewer", ""), (BEN, "king", ""), (BEN, "viewer", "x" * 201)],
)
def test_what_is_wrong_is_refused_and_adds_nobody(
    door: Door, email: str, role: Role, name: str
) -> None:
    with pytest.raises(InvalidInput):
        door.access.members.add(door.owner, email, role, name)
    assert len(door.access.members.list(door.tenant_id)) == 1


def test_members_of_another_tenant_are_not_there(door: Door) -> None:
    other = door.make_tenant("bakery")
    theirs = door.access.members.ensure_owner(other, "zoe2@bakery.example")
    for call in (
        lambda: door.access.members.remove(door.owner, theirs),
        lambda: door.access.members.change_role(door.owner, theirs, "viewer"),
    ):
        with pytest.raises(NotFound):
            call()
    assert theirs in {member.person_id for member in door.access.members.list(other)}


def test_the_same_address_at_once_is_one_person(door: Door) -> None:
    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(lambda _: door.access.people.add("new@shop.example"), range(8)))
    assert len(ids) == 1


def test_a_change_is_in_the_audit_log_with_its_actor(door: Door) -> None:
    from db.models import AuditEvent

    with acting(door.owner.actor):
        made = door.access.members.add(door.owner, BEN, "viewer")
    query = select(AuditEvent).where(AuditEvent.object_id == str(made.person_id))
    with door.database.tenant(door.tenant_id) as session:
        event = session.scalars(query.order_by(AuditEvent.at.desc()).limit(1)).one()
        assert (event.action, event.actor_id) == ("created", str(door.owner.person_id))
        assert event.after
        assert event.after["role"] == "viewer"


def test_the_application_sees_no_person(door: Door) -> None:
    from sqlalchemy.exc import ProgrammingError

    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        door.database.tenant(door.tenant_id) as session,
    ):
        session.execute(select(func.count(Person.person_id)))
    with door.database.tenant(door.make_tenant("bakery")) as session:
        tenants = set(session.scalars(select(Member.tenant_id)))
    assert door.tenant_id not in tenants
