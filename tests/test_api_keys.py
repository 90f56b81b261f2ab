"""Keys: shown once, kept as a hash, never stronger than the member who made them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from db.models import ApiKey, Tenant
from leanrag.access import Credentials
from leanrag.api_keys import KEY_SCOPES, NEVER_BY_KEY
from leanrag.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from leanrag.guarded_database import GuardedDatabase
from leanrag.identity import local_identity
from tests.access_parts import Door

BEN = "ben@shop.example"


@pytest.fixture(scope="module")
def door(shared_database: GuardedDatabase, tmp_path_factory: pytest.TempPathFactory) -> Door:
    return Door(shared_database, tmp_path_factory.mktemp("home"))


@pytest.fixture
def admin(door: Door) -> Iterator[Door]:
    """With an admin who is removed afterwards."""
    member = door.access.members.add(door.owner, BEN, "admin")
    yield door
    if member.person_id in {m.person_id for m in door.access.members.list(door.tenant_id)}:
        door.access.members.remove(door.owner, member.person_id)


def test_a_key_lets_a_program_do_what_its_scopes_name(door: Door) -> None:
    made = door.access.keys.make(door.owner, " Website ", ["ask", "usage.read"])
    found = door.access.keys.find(made.text, ip="203.0.113.7")
    assert (found.tenant_id, found.role, found.person_id) == (door.tenant_id, None, None)
    assert found.allowed == {"ask", "usage.read"}
    assert (found.actor.kind, found.actor.id) == ("key", str(made.view.key_id))
    assert (found.actor.name, found.actor.ip) == ("Website", "203.0.113.7")


def test_only_the_beginning_and_a_hash_are_kept(door: Door) -> None:
    made = door.access.keys.make(door.owner, "k", ["ask"])
    with door.database.tenant(door.tenant_id) as session:
        rows = session.execute(select(ApiKey.__table__)).all()
    assert made.text not in str(rows)
    secret = made.text.rpartition("_")[2] if "_" not in made.text[30:] else made.text[30:]
    assert secret not in str(rows)
    assert made.text.startswith(made.view.prefix)
    assert len(made.text) - len(made.view.prefix) == 37
    assert made.text not in str(door.access.keys.list(door.tenant_id))


def test_its_last_use_is_noted_once_a_minute(door: Door) -> None:
    made = door.access.keys.make(door.owner, "k", ["ask"])

    def used() -> datetime | None:
        listed = door.access.keys.list(door.tenant_id)
        return next(key.used_at for key in listed if key.key_id == made.view.key_id)

    assert used() is None
    door.access.keys.find(made.text)
    first = used()
    door.access.keys.find(made.text)
    assert first is not None
    assert used() == first
    earlier = update(ApiKey).values(used_at=first - timedelta(seconds=61))
    with door.database.tenant(door.tenant_id) as session:
        session.execute(earlier)
    door.access.keys.find(made.text)
    again = used()
    assert again is not None
    assert again > first


def test_a_revoked_or_ended_key_is_refused(door: Door) -> None:
    ends = datetime.now(UTC) + timedelta(days=1)
    made = [door.access.keys.make(door.owner, "k", ["ask"], expires_at=ends) for _ in range(2)]
    door.access.keys.revoke(door.tenant_id, made[0].view.key_id)
    with door.database.tenant(door.tenant_id) as session:
        ended = update(ApiKey).where(ApiKey.key_id == made[1].view.key_id)
        session.execute(ended.values(expires_at=datetime.now(UTC)))
    for one in made:
        with pytest.raises(Unauthenticated):
            door.access.keys.find(one.text)
    with pytest.raises(NotFound):
        door.access.keys.revoke(door.tenant_id, made[0].view.key_id)


def test_no_other_tenant_revokes_or_lists_it(door: Door) -> None:
    made = door.access.keys.make(door.owner, "k", ["ask"])
    other = door.make_tenant("bakery")
    for key_id in (made.view.key_id, uuid4()):
        with pytest.raises(NotFound):
            door.access.keys.revoke(other, key_id)
    assert door.access.keys.list(other) == ()
    assert door.access.keys.find(made.text)


def test_a_key_with_another_tenant_s_id_is_nobody_s(door: Door) -> None:
    made = door.access.keys.make(door.owner, "k", ["ask"])
    theirs = door.access.keys.make(local_identity(door.make_tenant("bakery")), "k", ["ask"]).text
    crossed = theirs[:30] + made.text[30:]
    assert crossed != made.text
    with pytest.raises(Unauthenticated):
        door.access.keys.find(crossed)


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key[:-1],
        lambda key: key + "A",
        lambda key: key[:-1] + ("A" if key[-1] != "A" else "B"),
        lambda key: key.upper(),
        lambda key: key.replace("lr_", "lr-"),
        lambda _: "lr_",
        lambda _: "lr_" + "z" * 26 + "_" + "A" * 43,
        lambda _: "lr_" + "a" * 26 + "_" + "A" * 43,
        lambda key: key + "\n",
        lambda key: key + "é",
        lambda _: "lr_" + "A" * 2**20,
    ],
)
def test_what_is_no_key_is_refused(door: Door, change: object) -> None:
    made = door.access.keys.make(door.owner, "k", ["ask"])
    with pytest.raises(Unauthenticated):
        door.access.identify(Credentials(bearer=change(made.text)))  # type: ignore[operator]


@pytest.mark.parametrize("scope", sorted(NEVER_BY_KEY))
def test_what_would_let_a_leaked_key_live_on_is_no_scope(door: Door, scope: str) -> None:
    assert scope not in KEY_SCOPES
    with pytest.raises(InvalidInput):
        door.access.keys.make(door.owner, "k", ["ask", scope])  # type: ignore[list-item]
    made = door.access.keys.make(door.owner, "k", ["ask"])
    with door.database.tenant(door.tenant_id) as session:
        session.execute(update(ApiKey).values(scopes=["ask", scope]))
    assert scope not in door.access.keys.find(made.text).allowed


def test_a_key_makes_no_key(door: Door) -> None:
    made = door.access.keys.make(door.owner, "k", list(KEY_SCOPES))
    with pytest.raises(Forbidden):
        door.access.keys.make(door.access.keys.find(made.text), "child", ["ask"])


def test_a_key_has_at_most_its_maker_s_rights_when_it_is_made(admin: Door) -> None:
    ben = admin.identity(BEN)
    assert admin.access.keys.make(ben, "k", ["tenant.export"])
    lowered = admin.access.members.change_role(admin.owner, ben.person_id, "manager")  # type: ignore[arg-type]
    assert lowered.role == "manager"
    with pytest.raises(Forbidden):
        admin.access.keys.make(admin.identity(BEN), "k", ["ask"])


def test_a_key_follows_its_maker_down_and_out(admin: Door) -> None:
    ben = admin.identity(BEN)
    assert ben.person_id
    made = admin.access.keys.make(ben, "k", ["audit.read", "ask", "usage.read"])
    admin.access.members.change_role(admin.owner, ben.person_id, "viewer")
    assert admin.access.keys.find(made.text).allowed == {"usage.read"}
    admin.access.members.remove(admin.owner, ben.person_id)
    with pytest.raises(Unauthenticated):
        admin.access.keys.find(made.text)


def test_a_suspended_tenant_s_keys_rest(door: Door) -> None:
    made = door.access.keys.make(door.owner, "k", ["ask"])
    state = update(Tenant).where(Tenant.tenant_id == door.tenant_id)
    door.execute(state.values(status="suspended"))
    with pytest.raises(Forbidden, match="suspended"):
        door.access.keys.find(made.text)
    door.execute(state.values(status="active"))
    assert door.access.keys.find(made.text)


def test_the_local_operator_s_key_has_an_owner_s_rights(door: Door) -> None:
    made = door.access.keys.make(local_identity(door.tenant_id), "k", list(KEY_SCOPES))
    assert door.access.keys.find(made.text).allowed == set(KEY_SCOPES)


def test_a_key_acts_in_its_own_tenant_alone(door: Door) -> None:
    made = door.access.keys.make(door.owner, "k", ["ask"])
    for name in ("", "shop", str(door.tenant_id), str(door.tenant_id).upper()):
        assert door.access.identify(Credentials(bearer=made.text, tenant=name))
    door.make_tenant("bakery")
    for name in ("bakery", str(door.make_tenant("bakery")), "nothing"):
        with pytest.raises(Forbidden):
            door.access.identify(Credentials(bearer=made.text, tenant=name))


@pytest.mark.parametrize(
    ("name", "scopes", "ends"),
    [
        ("", ["ask"], None),
        ("x" * 101, ["ask"], None),
        ("k", [], None),
        ("k", ["everything"], None),
        ("k", ["ask"], datetime(2020, 1, 1, tzinfo=UTC)),
        ("k", ["ask"], datetime(2099, 1, 1)),
    ],
)
def test_what_is_wrong_is_refused(
    door: Door, name: str, scopes: list[object], ends: datetime | None
) -> None:
    with pytest.raises(InvalidInput):
        door.access.keys.make(door.owner, name, scopes, expires_at=ends)  # type: ignore[arg-type]
