"""Who asks for something, for which tenant, and what it may do there."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from db.models import GLOBAL_TENANT_ID
from db.tenancy import Actor
from leanrag.errors import Forbidden
from leanrag.permissions import Action, Role, allowed_to

NOT_YOURS = "You may not act for that tenant; leave X-Tenant-ID out or name one of your own."


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's place in a tenant."""

    tenant_id: UUID
    slug: str
    name: str
    role: Role
    is_suspended: bool = False


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody who may sign in: `memberships` by the tenants' slugs."""

    person_id: UUID
    email: str
    name: str
    tier: str
    token_version: int
    is_administrator: bool
    memberships: tuple[Membership, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who acts: `allowed` is what pages, buttons and endpoints ask (`permissions.require`).

    `role` is None for a key, and for an administrator of the installation who is no member of the
    tenant. `sign_in_id` is the session or token that it came with, `memberships` are a person's.
    """

    tenant_id: UUID
    actor: Actor
    role: Role | None
    allowed: frozenset[Action]
    person_id: UUID | None = None
    sign_in_id: UUID | None = None
    email: str = ""
    name: str = ""
    tier: str = ""
    is_administrator: bool = False
    is_suspended: bool = False
    memberships: tuple[Membership, ...] = field(default=(), compare=False)

    @property
    def has_tenant(self) -> bool:
        """Tell whether it acts in a tenant; an administrator may be a member nowhere."""
        return self.tenant_id != GLOBAL_TENANT_ID


def local_identity(tenant_id: UUID, *, ip: str = "") -> Identity:
    """Return who sits at this machine where nobody signs in: the owner of the one tenant."""
    return Identity(
        tenant_id=tenant_id,
        actor=Actor("local", name="local operator", ip=ip),
        role="owner",
        allowed=allowed_to("owner"),
        name="local operator",
        is_administrator=True,
    )


def identify(
    person: KnownPerson,
    *,
    tenant: str = "",
    last_tenant_id: UUID | None = None,
    sign_in_id: UUID | None = None,
    ip: str = "",
) -> Identity:
    """Return a person as it acts in one of its tenants: `tenant` (id or slug), the last, the first.

    An administrator who is a member nowhere acts in no tenant. Raises Forbidden where `tenant` is
    none of the person's, in the same words whether it exists or not.
    """
    place = _choose(person.memberships, tenant, last_tenant_id)
    label = person.name or person.email
    return Identity(
        tenant_id=place.tenant_id if place else GLOBAL_TENANT_ID,
        actor=Actor("person", str(person.person_id), label, ip),
        role=place.role if place else None,
        allowed=allowed_to(place.role, is_suspended=place.is_suspended) if place else frozenset(),
        person_id=person.person_id,
        sign_in_id=sign_in_id,
        email=person.email,
        name=person.name,
        tier=person.tier,
        is_administrator=person.is_administrator,
        is_suspended=place.is_suspended if place else False,
        memberships=person.memberships,
    )


def may_sign_in(person: KnownPerson) -> bool:
    """Tell whether somebody is a member of a tenant, or an administrator."""
    return person.is_administrator or bool(person.memberships)


def _choose(
    places: tuple[Membership, ...], named: str, last_tenant_id: UUID | None
) -> Membership | None:
    if named:
        for place in places:
            if named == place.slug or named.lower() == str(place.tenant_id):
                return place
        raise Forbidden(NOT_YOURS)
    # The last chosen first, then those that work; the sort keeps the rest in order.
    ranked = sorted(places, key=lambda p: (p.tenant_id != last_tenant_id, p.is_suspended))
    return ranked[0] if ranked else None
