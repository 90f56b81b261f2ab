"""The first owner, the local operator, and what the parts make together."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

from db.models import Member, Person, SignIn
from leanrag.access import Credentials, make_access
from leanrag.errors import ConfigurationError, Forbidden
from leanrag.guarded_database import GuardedDatabase
from leanrag.permissions import ACTIONS
from tests.access_parts import Door, settings_with

ROOT = "root@host.example"


def test_the_setting_names_the_first_tenant_s_owner_once(
    database: GuardedDatabase, tmp_path: Path
) -> None:
    door = Door(database, tmp_path, owner_email=f" {ROOT.upper()} ")
    make_access(database, door.settings, door.tenant_id).close()
    owners = [member.email for member in door.access.members.list(door.tenant_id)]
    assert owners == ["ada@shop.example", ROOT]
    found = door.access.sessions.find(door.cookie(ROOT))
    assert found
    assert (found.role, found.is_administrator) == ("owner", True)
    door.access.close()


def test_a_changed_role_of_the_first_owner_stays(database: GuardedDatabase, tmp_path: Path) -> None:
    door = Door(database, tmp_path, owner_email=ROOT)
    root = door.identity(ROOT)
    assert root.person_id
    door.access.members.change_role(door.owner, root.person_id, "viewer")
    make_access(database, door.settings, door.tenant_id).close()
    assert door.identity(ROOT).role == "viewer"
    door.access.close()


def test_no_owner_is_made_where_nobody_signs_in(database: GuardedDatabase, tmp_path: Path) -> None:
    door = Door(database, tmp_path, auth="none", owner_email=ROOT, root_key=None)
    assert door.access.people.find(ROOT) is None
    door.access.close()


def test_an_owner_who_is_no_address_stops_the_start(
    database: GuardedDatabase, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="LEANRAG_OWNER_EMAIL"):
        Door(database, tmp_path, owner_email="nobody")


def test_the_local_operator_may_do_everything_in_its_tenant_and_nothing_elsewhere(
    database: GuardedDatabase, tmp_path: Path
) -> None:
    door = Door(database, tmp_path, auth="none")
    other = door.make_tenant("bakery")
    for tenant in ("", "shop", str(door.tenant_id).upper()):
        found = door.access.identify(Credentials(tenant=tenant, ip="127.0.0.1"))
        assert (found.tenant_id, found.role) == (door.tenant_id, "owner")
        assert found.allowed == set(ACTIONS)
        assert (found.actor.kind, found.actor.ip) == ("local", "127.0.0.1")
    for tenant in ("bakery", str(other), "nothing"):
        with pytest.raises(Forbidden):
            door.access.identify(Credentials(tenant=tenant))
    door.access.close()


def test_a_tenant_that_ends_takes_its_memberships_along_and_no_person(
    database: GuardedDatabase, tmp_path: Path
) -> None:
    door = Door(database, tmp_path)
    secret = door.cookie("ada@shop.example")
    door.execute(delete(Member).where(Member.tenant_id == door.tenant_id))
    assert door.access.sessions.find(secret) is None
    assert door.execute(select(func.count(Person.person_id))) == [(1,)]
    assert door.execute(select(func.count(SignIn.sign_in_id))) == [(1,)]
    door.access.close()


def test_processes_share_what_they_derive_from_one_root(
    database: GuardedDatabase, tmp_path: Path
) -> None:
    door = Door(database, tmp_path)
    code = door.code("ada@shop.example")
    second = make_access(database, settings_with(tmp_path / "b"), door.tenant_id)
    token = second.issue_token("ada@shop.example", code)
    found = door.access.identify(Credentials(bearer=token.text))
    assert found.email == "ada@shop.example"
    door.access.close()
    second.close()
