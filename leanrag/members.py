"""A tenant's members and their roles. The last owner can neither leave nor be lowered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models import Member, Tenant
from db.tenancy import Database
from leanrag.errors import Conflict, Forbidden, InvalidInput, NotFound
from leanrag.identity import Identity, Membership
from leanrag.people import People
from leanrag.permissions import ROLES, Role, may_give, require

_MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member as the tenant sees it: the name is what this tenant calls the person."""

    person_id: UUID
    role: Role
    email: str
    name: str
    added_by: str
    created_at: datetime


class Members:
    """Lists, adds, changes and removes members; each change takes effect at their next request."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people

    def list(self, tenant_id: UUID) -> tuple[MemberView, ...]:
        """Return the tenant's members, owners first, then by address and name."""
        with self._database.tenant(tenant_id) as session:
            found = session.scalars(select(Member).where(Member.tenant_id == tenant_id)).all()
        views = (_view(member) for member in found)
        return tuple(sorted(views, key=lambda m: (ROLES.index(m.role), m.email, m.name)))

    def tenants_of(self, person_id: UUID) -> tuple[Membership, ...]:
        """Return the tenants that a person belongs to, by slug."""
        person = self._people.get(person_id)
        return person.memberships if person else ()

    def tenant_slug(self, tenant_id: UUID) -> str:
        """Return the slug of a tenant from its own row; empty where there is no such tenant."""
        query = select(Tenant.slug).where(Tenant.tenant_id == tenant_id)
        with self._database.tenant(tenant_id) as session:
            return session.execute(query).scalar_one_or_none() or ""

    def add(self, identity: Identity, email: str, role: Role, name: str = "") -> MemberView:
        """Add somebody by address; with it the person signs in. Nothing is told of whom it is.

        Raises Forbidden, InvalidInput, and Conflict where the person is a member already.
        """
        _check_giving(identity, _read_role(role))
        tenant_id = identity.tenant_id
        person_id = self._people.add(email)
        row = {
            "tenant_id": tenant_id,
            "person_id": person_id,
            "role": role,
            "email": email.strip().lower(),
            "name": _read_name(name),
            "added_by": identity.actor.name,
        }
        add = insert(Member).values(row).on_conflict_do_nothing().returning(Member.person_id)
        with self._database.tenant(tenant_id) as session:
            if session.execute(add).scalar_one_or_none() is None:
                raise Conflict(
                    "This person is a member of the tenant already; change the role in the list."
                )
            return _view(_get(tenant_id, person_id, session=session))

    def change_role(self, identity: Identity, person_id: UUID, role: Role) -> MemberView:
        """Give a member another role. Raises Forbidden, NotFound, Conflict for the last owner."""
        require(identity.allowed, "members.write")
        tenant_id = identity.tenant_id
        with self._database.tenant(tenant_id) as session:
            owners = _lock_owners(tenant_id, session=session)
            member = _get(tenant_id, person_id, session=session, lock=True)
            _check_giving(identity, cast(Role, member.role))
            _check_giving(identity, _read_role(role))
            if role != "owner":
                _check_not_last(person_id, owners)
            member.role = role
            session.flush()
            return _view(member)

    def remove(self, identity: Identity, person_id: UUID) -> None:
        """Remove a member; whoever it is may also leave. Raises as `change_role` does."""
        tenant_id = identity.tenant_id
        is_leaving = identity.person_id == person_id
        if not is_leaving:
            require(identity.allowed, "members.write")
        with self._database.tenant(tenant_id) as session:
            owners = _lock_owners(tenant_id, session=session)
            member = _get(tenant_id, person_id, session=session, lock=True)
            if not is_leaving:
                _check_giving(identity, cast(Role, member.role))
            _check_not_last(person_id, owners)
            session.delete(member)

    def ensure_owner(self, tenant_id: UUID, email: str) -> UUID:
        """Make somebody a tenant's owner unless it is a member; return the person's id."""
        person_id = self._people.add(email)
        row = {
            "tenant_id": tenant_id,
            "person_id": person_id,
            "role": "owner",
            "email": email.strip().lower(),
        }
        with self._database.tenant(tenant_id) as session:
            session.execute(insert(Member).values(row).on_conflict_do_nothing())
        return person_id


def _lock_owners(tenant_id: UUID, *, session: Session) -> frozenset[UUID]:
    """Return the owners as they are once nobody else changes one: two cannot lower each other."""
    query = (
        select(Member.person_id)
        .where(Member.tenant_id == tenant_id, Member.role == "owner")
        .order_by(Member.person_id)
        .with_for_update()
    )
    return frozenset(session.scalars(query))


def _check_not_last(person_id: UUID, owners: frozenset[UUID]) -> None:
    if owners == {person_id}:
        raise Conflict("A tenant needs an owner; make somebody else an owner of it first.")


def _get(tenant_id: UUID, person_id: UUID, *, session: Session, lock: bool = False) -> Member:
    query = select(Member).where(Member.tenant_id == tenant_id, Member.person_id == person_id)
    found = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise NotFound("There is no such member here; the list may have changed.")
    return found


def _check_giving(identity: Identity, role: Role) -> None:
    require(identity.allowed, "members.write")
    if identity.role is None or not may_give(identity.role, role):
        raise Forbidden(
            f"Your role does not allow giving or taking the role {role!r}; ask an owner."
        )


def _read_role(role: str) -> Role:
    if role not in ROLES:
        raise InvalidInput(f"There is no such role; choose one of {', '.join(ROLES)}.")
    return role


def _read_name(name: str) -> str:
    if len(name) > _MAX_NAME or "\0" in name:
        raise InvalidInput(f"The name must have at most {_MAX_NAME} letters.")
    return name.strip()


def _view(member: Member) -> MemberView:
    return MemberView(
        person_id=member.person_id,
        role=cast(Role, member.role),
        email=member.email,
        name=member.name,
        added_by=member.added_by,
        created_at=member.created_at,
    )
