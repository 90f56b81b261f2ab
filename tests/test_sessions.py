"""Sessions: one secret each, looked up at every request, ended by their owner at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import delete, event, func, select, update

from db.models import AuditEvent, Member, Person, SignIn, Tenant
from db.tenancy import acting
from leanrag.errors import Forbidden, NotFound, Unauthenticated
from leanrag.guarded_database import GuardedDatabase
from tests.access_parts import Door

ADA, BEN = "ada@shop.example", "ben@shop.example"


@pytest.fixture
def door(database: GuardedDatabase, tmp_path: Path) -> Iterator[Door]:
    made = Door(database, tmp_path)
    yield made
    made.access.close()


def test_a_session_tells_who_acts_where_and_what_it_may_do(door: Door) -> None:
    found = door.access.sessions.find(door.cookie(ADA), ip="203.0.113.9")
    assert found is not None
    assert (found.tenant_id, found.role, found.email) == (door.tenant_id, "owner", ADA)
    assert "tenant.delete" in found.allowed
    assert (found.actor.kind, found.actor.name, found.actor.ip) == ("person", ADA, "203.0.113.9")
    assert found.actor.id == str(found.person_id)


def test_a_ticket_is_good_once_and_for_a_minute(door: Door) -> None:
    made = door.sign_in.verify_code(ADA, door.code(ADA))
    assert door.access.sessions.claim(made.ticket).expires_at == made.expires_at
    with pytest.raises(Unauthenticated):
        door.access.sessions.claim(made.ticket)
    late = door.sign_in.verify_code(ADA, door.code(ADA))
    door.execute(update(SignIn).values(ticket_expires_at=func.now()))
    with pytest.raises(Unauthenticated):
        door.access.sessions.claim(late.ticket)
    with pytest.raises(Unauthenticated):
        door.access.sessions.claim("")


def test_neither_secret_nor_ticket_is_stored_as_it_is(door: Door) -> None:
    made = door.sign_in.verify_code(ADA, door.code(ADA))
    assert made.ticket not in str(door.execute(select(SignIn.__table__)))
    secret = door.access.sessions.claim(made.ticket).secret
    assert secret not in str(door.execute(select(SignIn.__table__)))
    assert secret.partition(".")[2] not in str(door.execute(select(SignIn.__table__)))


@pytest.mark.parametrize(
    "secret", ["", ".", "0.", "0.x", "x", "1e3.x", "0." + "a" * 100_000, "٠.x"]
)
def test_a_made_up_secret_is_nobodys(door: Door, secret: str) -> None:
    door.cookie(ADA)
    assert door.access.sessions.find(secret) is None


def test_the_version_in_a_secret_cannot_be_changed(door: Door) -> None:
    secret = door.cookie(ADA)
    door.execute(update(Person).values(token_version=1))
    assert door.access.sessions.find(secret) is None
    assert door.access.sessions.find("1" + secret[1:]) is None


def test_a_session_is_found_in_one_query(door: Door) -> None:
    secret = door.cookie(ADA)
    door.access.sessions.find(secret)
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(door.database.admin_engine, "before_cursor_execute", note)
    assert door.access.sessions.find(secret)
    assert len(statements) == 1


def test_the_last_request_is_noted_once_a_minute(door: Door) -> None:
    secret = door.cookie(ADA)
    door.access.sessions.find(secret)
    ((first,),) = door.execute(select(SignIn.seen_at))
    door.access.sessions.find(secret)
    assert door.execute(select(SignIn.seen_at)) == [(first,)]
    door.execute(update(SignIn).values(seen_at=first - timedelta(seconds=61)))
    door.access.sessions.find(secret)
    ((again,),) = door.execute(select(SignIn.seen_at))
    assert again > first


def test_a_session_ends_after_seven_days(door: Door) -> None:
    secret = door.cookie(ADA)
    ((lives,),) = door.execute(select(SignIn.expires_at - SignIn.created_at))
    assert abs(lives - timedelta(days=7)) < timedelta(seconds=5)
    door.execute(update(SignIn).values(expires_at=func.now()))
    assert door.access.sessions.find(secret) is None


def test_a_revoked_session_is_nobodys_at_the_next_request(door: Door) -> None:
    first, second = door.cookie(ADA), door.cookie(ADA)
    found = door.access.sessions.find(first)
    assert found
    assert found.sign_in_id
    assert found.person_id
    assert len(door.access.sessions.list(found.person_id)) == 2
    door.access.sessions.revoke(found.person_id, found.sign_in_id)
    assert door.access.sessions.find(first) is None
    assert door.access.sessions.find(second) is not None
    assert len(door.access.sessions.list(found.person_id)) == 1


def test_all_others_end_and_this_one_stays(door: Door) -> None:
    first, second, third = door.cookie(ADA), door.cookie(ADA), door.cookie(ADA)
    mine = door.access.sessions.find(second)
    assert mine
    assert mine.person_id
    assert door.access.sessions.revoke_others(mine.person_id, keep=mine.sign_in_id) == 2
    finds = [door.access.sessions.find(secret) is not None for secret in (first, second, third)]
    assert finds == [False, True, False]


def test_everything_of_a_person_ends_at_once(door: Door) -> None:
    secret = door.cookie(ADA)
    assert door.owner.person_id
    door.access.sessions.revoke_everything(door.owner.person_id)
    assert door.access.sessions.find(secret) is None
    assert door.access.sessions.find(door.cookie(ADA)) is not None


def test_nobody_ends_another_person_s_session(door: Door) -> None:
    door.access.members.add(door.owner, BEN, "viewer")
    ada = door.access.sessions.find(door.cookie(ADA))
    ben = door.access.sessions.find(door.cookie(BEN))
    assert ada
    assert ben
    assert ada.sign_in_id
    assert ben.person_id
    for sign_in_id in (ada.sign_in_id, uuid4()):
        with pytest.raises(NotFound):
            door.access.sessions.revoke(ben.person_id, sign_in_id)
    assert len(door.access.sessions.list(ben.person_id)) == 1


def test_who_is_removed_is_out_at_the_next_request(door: Door) -> None:
    member = door.access.members.add(door.owner, BEN, "manager")
    secret = door.cookie(BEN)
    assert door.access.sessions.find(secret)
    door.access.members.remove(door.owner, member.person_id)
    assert door.access.sessions.find(secret) is None


def test_a_lowered_role_counts_at_the_next_request(door: Door) -> None:
    member = door.access.members.add(door.owner, BEN, "manager")
    secret = door.cookie(BEN)
    door.access.members.change_role(door.owner, member.person_id, "viewer")
    found = door.access.sessions.find(secret)
    assert found
    assert "knowledge.write" not in found.allowed


def test_a_person_of_several_tenants_chooses_and_the_choice_is_kept(door: Door) -> None:
    other = door.make_tenant("bakery")
    door.access.members.ensure_owner(other, ADA)
    secret = door.cookie(ADA)
    first = door.access.sessions.find(secret)
    assert first
    assert first.tenant_id == other  # the first by its slug
    door.access.sessions.choose_tenant(first, door.tenant_id)
    kept = door.access.sessions.find(secret)
    assert kept
    assert kept.tenant_id == door.tenant_id
    for name in ("bakery", str(other), str(other).upper()):
        named = door.access.sessions.find(secret, tenant=name)
        assert named
        assert named.tenant_id == other


def test_no_one_acts_in_a_tenant_of_others_whether_it_exists_or_not(door: Door) -> None:
    other = door.make_tenant("bakery")
    secret = door.cookie(ADA)
    found = door.access.sessions.find(secret)
    assert found
    words = set()
    for name in ("bakery", str(other), "nothing-there", str(uuid4()), "'; --", "SHOP"):
        with pytest.raises(Forbidden) as refusal:
            door.access.sessions.find(secret, tenant=name)
        words.add(refusal.value.message)
    assert len(words) == 1
    with pytest.raises(Forbidden):
        door.access.sessions.choose_tenant(found, other)


def test_in_a_suspended_tenant_owners_read_and_others_do_nothing(door: Door) -> None:
    door.access.members.add(door.owner, BEN, "admin")
    door.execute(update(Tenant).where(Tenant.slug == "shop").values(status="suspended"))
    ada = door.access.sessions.find(door.cookie(ADA))
    ben = door.access.sessions.find(door.cookie(BEN))
    assert ada
    assert ben
    assert ada.is_suspended
    assert ben.is_suspended
    assert {"knowledge.read", "tenant.export"} <= ada.allowed
    assert not {"ask", "knowledge.write", "keys.write", "members.write"} & ada.allowed
    assert ben.allowed == frozenset()


def test_an_administrator_who_is_no_member_sees_no_tenant(door: Door) -> None:
    person_id = door.access.people.add("root@host.example")
    door.access.people.make_administrator(person_id)
    found = door.access.sessions.find(door.cookie("root@host.example"))
    assert found
    assert found.is_administrator
    assert (found.tenant_id.int, found.role, found.allowed) == (0, None, frozenset())
    with pytest.raises(Forbidden):
        door.access.sessions.find(door.cookie("root@host.example"), tenant="shop")


def test_a_deleted_person_is_out(door: Door) -> None:
    secret = door.cookie(ADA)
    door.execute(delete(Member))
    assert door.access.sessions.find(secret) is None
    door.execute(delete(Person))
    assert door.access.sessions.find(secret) is None


def events(door: Door, slug: str = "shop") -> list[tuple[str, str, str, str]]:
    with door.database.tenant(door.make_tenant(slug)) as session:
        query = select(AuditEvent).where(AuditEvent.object_kind == "sign_in")
        found = session.scalars(query.order_by(AuditEvent.at))
        return [(e.action, e.object_name, e.actor_name, e.ip) for e in found]


def test_signing_in_and_out_is_in_the_log_of_the_tenant_that_it_is_in(door: Door) -> None:
    door.access.members.ensure_owner(door.make_tenant("bakery"), ADA)
    first = door.access.sessions.find(door.cookie(ADA))
    assert first
    door.access.sessions.choose_tenant(first, door.tenant_id)
    found = door.access.sessions.find(door.cookie(ADA))  # begins where the last one was
    assert found
    assert found.tenant_id == door.tenant_id
    assert found.person_id
    assert found.sign_in_id
    with acting(found.actor):
        door.access.sessions.revoke(found.person_id, found.sign_in_id)
    assert events(door, "bakery") == [("signed_in", "code", ADA, "203.0.113.7")]
    assert events(door) == [
        ("signed_in", "code", ADA, "203.0.113.7"),
        ("signed_out", "code", ADA, ""),
    ]


def test_a_tenant_that_is_gone_does_not_keep_anybody_signed_in(door: Door) -> None:
    other = door.make_tenant("bakery")
    door.access.members.ensure_owner(other, ADA)
    found = door.access.sessions.find(door.cookie(ADA))
    assert found
    assert (found.tenant_id, found.role) == (other, "owner")
    door.execute(delete(Tenant).where(Tenant.tenant_id == other))
    left = door.access.sessions.list(found.person_id or other)
    assert len(left) == 1
    assert door.access.sessions.revoke_others(left[0].sign_in_id, keep=None) == 0
    assert found.person_id
    assert door.access.sessions.revoke_others(found.person_id, keep=None) == 1
