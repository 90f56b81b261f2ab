"""People of an outer user system, whose tokens are trusted: added when they are first seen.

Its e-mail addresses count as a person's own only if the setting says that it verifies them;
otherwise whoever types somebody else's address there would come in as that person here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import jwt
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models import GLOBAL_TENANT_ID, AuditEvent, Member, Person, Tenant
from db.models.base import new_id
from db.tenancy import Database
from leanrag.email_address import read_address
from leanrag.errors import Forbidden, InvalidInput, Unauthenticated
from leanrag.identity import Identity, KnownPerson, identify
from leanrag.outer_keys import PublicKeys, SharedKey
from leanrag.people import add_person, find_person
from leanrag.sessions import NewSession, Sessions
from leanrag.settings import Settings

_REFUSED = "This token of your user system is not valid here, or no longer; ask for a new one."
_REMOVED = "You are no member of this tenant any more; ask an owner or an administrator of it."
_MAX_LETTERS = 16_384
_MAX_CLAIM = 200


@dataclass(frozen=True, slots=True)
class OuterClaims:
    """What a verified token says of its holder; `email` only where the system verifies it."""

    subject: str
    username: str
    email: str
    tier: str
    tenant: str


class OuterUsers:
    """Turns an outer system's tokens into identities; `keys` is None where none is trusted."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        settings: Settings,
        keys: SharedKey | PublicKeys | None,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._settings = settings
        self._keys = keys

    @property
    def issuer(self) -> str:
        """The `iss` of the tokens that are trusted; empty where none is."""
        return self._settings.outer_issuer if self._keys is not None else ""

    def find(self, token: str, *, tenant: str = "", ip: str = "") -> Identity:
        """Return whose token this is, for a request. Raises Unauthenticated and Forbidden.

        The person acts in the token's tenant; `tenant` may name that one, and no other.
        """
        return identify(self._admit(self.read(token)), tenant=tenant, ip=ip)

    def sign_in(self, token: str, *, ip: str = "", agent: str = "") -> NewSession:
        """Open a browser's session for a token's holder. Raises as `find` does."""
        person = self._admit(self.read(token))
        with self._database.administration() as session:
            return self._sessions.open(
                person.person_id, "outer", ip=ip, agent=agent, session=session
            )

    def read(self, token: str) -> OuterClaims:
        """Verify a token and return its claims. Raises Unauthenticated."""
        try:
            claims = self._decode(token)
            return OuterClaims(
                subject=f"{self._settings.outer_issuer}|{_text(claims, 'sub', required=True)}",
                username=_text(claims, "username"),
                email=self._read_email(claims),
                tier=_text(claims, "tier"),
                tenant=self._settings.outer_tenant or _text(claims, "tenant", required=True),
            )
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as exc:
            raise Unauthenticated(_REFUSED) from exc

    def _decode(self, token: str) -> dict[str, Any]:
        if self._keys is None or len(token) > _MAX_LETTERS or not token.isascii():
            raise ValueError(len(token))
        found = self._keys.find(token)
        audience = self._settings.outer_audience or None
        return jwt.decode(
            token,
            found.key,
            algorithms=list(found.algorithms),
            audience=audience,
            issuer=self._settings.outer_issuer,
            options={
                "require": ["iss", "sub", "exp", *(["aud"] if audience else [])],
                "verify_aud": audience is not None,
            },
        )

    def _read_email(self, claims: dict[str, Any]) -> str:
        email = _text(claims, "email")
        if not email or not self._settings.outer_emails_verified:
            return ""
        if claims.get("email_verified") is False:
            return ""
        try:
            return read_address(email)
        except InvalidInput:
            return ""

    def _admit(self, claims: OuterClaims) -> KnownPerson:
        """Return the person, who is added at first sight, as a member of the token's tenant."""
        with self._database.administration() as session:
            person = _seen(claims, session=session)
            if person is not None and person.memberships and person.tier == claims.tier:
                return person
            person_id = person.person_id if person else _add(claims, session=session)
            if person is not None and person.tier != claims.tier:
                change = update(Person).where(Person.person_id == person_id)
                session.execute(change.values(tier=claims.tier))
            if person is None or not person.memberships:
                self._join(person_id, claims, session=session)
            admitted = _seen(claims, session=session)
            if admitted is None or not admitted.memberships:
                raise Forbidden(_REMOVED)
            return admitted

    def _join(self, person_id: UUID, claims: OuterClaims, *, session: Session) -> None:
        """Make a person a member of the token's tenant, unless it was removed from it before."""
        query = select(Tenant.tenant_id).where(_is_named(claims.tenant))
        tenant_id = session.execute(query).scalar_one_or_none()
        if tenant_id is None or tenant_id == GLOBAL_TENANT_ID:
            raise Forbidden("Your user system sends you to a tenant that is not here.")
        if _was_removed(tenant_id, person_id, session=session):
            raise Forbidden(_REMOVED)
        row = {
            "tenant_id": tenant_id,
            "person_id": person_id,
            "role": self._settings.outer_role,
            "email": claims.email,
            "name": claims.username,
            "added_by": self._settings.outer_issuer,
        }
        session.execute(insert(Member).values(row).on_conflict_do_nothing())


def _seen(claims: OuterClaims, *, session: Session) -> KnownPerson | None:
    """Return the person with what it is in the token's tenant alone, and no right beyond that."""
    person = find_person(Person.subject == claims.subject, session=session)
    if person is None:
        return None
    named = {claims.tenant, claims.tenant.lower()}
    here = tuple(p for p in person.memberships if named & {p.slug, str(p.tenant_id)})
    return replace(person, memberships=here, is_administrator=False)


def _add(claims: OuterClaims, *, session: Session) -> UUID:
    """Add a person, or link whoever has the verified address already and no outer subject.

    An administrator of the installation is never linked: the outer system could become one.
    """
    values = {"subject": claims.subject, "tier": claims.tier}
    if claims.email:
        person_id = add_person(claims.email, claims.username, session=session)
        link = (
            update(Person)
            .where(Person.person_id == person_id, Person.subject.is_(None))
            .where(Person.is_administrator.is_(False))
            .values(values)
            .returning(Person.person_id)
        )
        if session.execute(link).scalar_one_or_none() is not None:
            return person_id
    row = {"person_id": new_id(), "name": claims.username, **values}
    session.execute(insert(Person).values(row).on_conflict_do_nothing(index_elements=["subject"]))
    query = select(Person.person_id).where(Person.subject == claims.subject)
    return session.execute(query).scalar_one()


def _was_removed(tenant_id: UUID, person_id: UUID, *, session: Session) -> bool:
    """Tell whether a member of the tenant took this person out of it: that holds."""
    removal = (
        select(AuditEvent.event_id)
        .where(AuditEvent.tenant_id == tenant_id, AuditEvent.action == "deleted")
        .where(AuditEvent.object_kind == "member", AuditEvent.object_id == str(person_id))
    )
    return bool(session.execute(select(removal.exists())).scalar_one())


def _is_named(tenant: str) -> ColumnElement[bool]:
    try:
        return (Tenant.slug == tenant) | (Tenant.tenant_id == UUID(tenant))
    except ValueError:
        return Tenant.slug == tenant


def _text(claims: dict[str, Any], name: str, *, required: bool = False) -> str:
    value = claims.get(name, "")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(name)
    text = str(value).strip()
    if (required and not text) or len(text) > _MAX_CLAIM or "\0" in text:
        raise ValueError(name)
    return text
