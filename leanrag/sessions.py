"""Sign-ins: sessions of browsers and tokens of programs, listed and revoked by their owner.

Of a secret only the SHA-256 is kept: it has 256 random bits, so nothing slower is needed. Every
request looks its sign-in up, in one query, so that a revocation counts at the next.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from db.models import AuditEvent, Member, Person, SignIn, Tenant
from db.tenancy import Actor, Database
from leanrag.audit import actor_columns
from leanrag.errors import Forbidden, NotFound, Unauthenticated
from leanrag.identity import Identity, identify, may_sign_in
from leanrag.people import read_person, select_people
from leanrag.settings import Settings

SignInKind = Literal["code", "oidc", "outer", "token"]
TICKET_SECONDS = 60
SEEN_EVERY = timedelta(minutes=1)
_SECRET_BYTES = 32
_MAX_AGENT = 300


@dataclass(frozen=True, slots=True)
class NewSession:
    """A sign-in that was just made; a browser takes it over with the ticket, within a minute.

    A program's (kind "token") has no ticket: its token names `sign_in_id` and `token_version`.
    """

    sign_in_id: UUID
    person_id: UUID
    token_version: int
    ticket: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimedSession:
    """The secret of a browser's cookie, and when it ends."""

    secret: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignInView:
    """A sign-in as its owner sees it."""

    sign_in_id: UUID
    kind: SignInKind
    ip: str
    agent: str
    created_at: datetime
    seen_at: datetime | None
    expires_at: datetime


class Sessions:
    """Opens, finds, lists and revokes sign-ins."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    def open(
        self,
        person_id: UUID,
        kind: SignInKind,
        *,
        ip: str,
        agent: str,
        session: Session,
    ) -> NewSession:
        """Open a sign-in in the administration's transaction of the caller."""
        ticket = "" if kind == "token" else secrets.token_urlsafe(_SECRET_BYTES)
        settings = self._settings
        days = settings.access_token_days if kind == "token" else settings.session_days
        made = SignIn(
            person_id=person_id,
            kind=kind,
            ticket_hash=_hash(ticket) if ticket else None,
            ticket_expires_at=_now() + timedelta(seconds=TICKET_SECONDS) if ticket else None,
            ip=ip,
            agent=agent.replace("\0", "")[:_MAX_AGENT],
            expires_at=_now() + timedelta(days=days),
        )
        session.add(made)
        seen = update(Person).where(Person.person_id == person_id).values(seen_at=func.now())
        person = session.execute(
            seen.returning(Person.token_version, Person.name, Person.email)
        ).one()
        made.last_tenant_id = _first_tenant(person_id, session=session)
        session.flush()
        actor = Actor("person", str(person_id), person.name or person.email or "", ip)
        _record("signed_in", made, actor, session=session)
        return NewSession(made.sign_in_id, person_id, person.token_version, ticket, made.expires_at)

    def claim(self, ticket: str) -> ClaimedSession:
        """Exchange a ticket, once, for the secret of a cookie. Raises Unauthenticated."""
        with self._database.administration() as session:
            taken = session.execute(
                update(SignIn)
                .where(SignIn.ticket_hash == _hash(ticket))
                .where(SignIn.ticket_expires_at > func.now(), SignIn.revoked_at.is_(None))
                .where(SignIn.person_id == Person.person_id)
                .values(ticket_hash=None, ticket_expires_at=None)
                .returning(SignIn.sign_in_id, SignIn.expires_at, Person.token_version)
            ).one_or_none()
            if taken is None:
                raise Unauthenticated("This sign-in took too long; ask for a new code.")
            # The person's version is part of the secret: counting it up ends the session too.
            secret = f"{taken.token_version}.{secrets.token_urlsafe(_SECRET_BYTES)}"
            session.execute(
                update(SignIn)
                .where(SignIn.sign_in_id == taken.sign_in_id)
                .values(secret_hash=_hash(secret))
            )
        return ClaimedSession(secret, taken.expires_at)

    def find(self, secret: str, *, tenant: str = "", ip: str = "") -> Identity | None:
        """Return whose session this is, or None where it is none, ended, or of nobody any more.

        Raises Forbidden where `tenant` (id or slug) is none of the person's.
        """
        version, dot, _ = secret.partition(".")
        if not dot or not version.isdecimal():
            return None
        named = SignIn.secret_hash == _hash(secret)
        return self._find(named, int(version), tenant=tenant, ip=ip)

    def find_token(
        self, sign_in_id: UUID, token_version: int, *, tenant: str = "", ip: str = ""
    ) -> Identity | None:
        """Return who holds a verified token, as `find` does."""
        named = (SignIn.sign_in_id == sign_in_id) & (SignIn.kind == "token")
        return self._find(named, token_version, tenant=tenant, ip=ip)

    def list(self, person_id: UUID) -> tuple[SignInView, ...]:
        """Return a person's sign-ins that count, the newest first."""
        query = (
            select(SignIn)
            .where(SignIn.person_id == person_id, *_counts())
            .order_by(SignIn.created_at.desc(), SignIn.sign_in_id.desc())
        )
        with self._database.administration() as session:
            return tuple(_view(found) for found in session.scalars(query))

    def revoke(self, person_id: UUID, sign_in_id: UUID) -> None:
        """End one of a person's sign-ins. Raises NotFound for any other's."""
        if not self._revoke(SignIn.person_id == person_id, SignIn.sign_in_id == sign_in_id):
            raise NotFound("There is no such sign-in of yours; it may have ended already.")

    def revoke_others(self, person_id: UUID, *, keep: UUID | None) -> int:
        """End all of a person's sign-ins but one; return how many these were."""
        others = [] if keep is None else [SignIn.sign_in_id != keep]
        return self._revoke(SignIn.person_id == person_id, *others)

    def revoke_everything(self, person_id: UUID) -> None:
        """End every session and token of a person at once, also those that are not listed."""
        change = update(Person).where(Person.person_id == person_id)
        with self._database.administration() as session:
            session.execute(change.values(token_version=Person.token_version + 1))
        self.revoke_others(person_id, keep=None)

    def choose_tenant(self, identity: Identity, tenant_id: UUID) -> None:
        """Remember the tenant that a session acts in from now on. Raises Forbidden."""
        is_member = (
            select(Member.person_id)
            .where(Member.tenant_id == tenant_id, Member.person_id == identity.person_id)
            .exists()
        )
        change = update(SignIn).where(
            SignIn.sign_in_id == identity.sign_in_id,
            SignIn.person_id == identity.person_id,
            is_member,
        )
        change = change.values(last_tenant_id=tenant_id).returning(SignIn.sign_in_id)
        with self._database.administration() as session:
            if session.execute(change).scalar_one_or_none() is None:
                raise Forbidden("You are no member of that tenant; choose one of your own.")

    def _find(
        self, named: ColumnElement[bool], token_version: int, *, tenant: str, ip: str
    ) -> Identity | None:
        columns = (SignIn.sign_in_id, SignIn.last_tenant_id, SignIn.seen_at.label("used_at"))
        query = (
            select_people(*columns)
            .join(SignIn, SignIn.person_id == Person.person_id)
            .where(named, *_counts(), Person.token_version == token_version)
        )
        with self._database.administration() as session:
            rows = session.execute(query).all()
            person = read_person(rows)
            if person is None or not may_sign_in(person):
                return None
            _touch(rows[0].sign_in_id, rows[0].used_at, session=session)
        return identify(
            person,
            tenant=tenant,
            last_tenant_id=rows[0].last_tenant_id,
            sign_in_id=rows[0].sign_in_id,
            ip=ip,
        )

    def _revoke(self, *conditions: Any) -> int:
        change = update(SignIn).where(*conditions, SignIn.revoked_at.is_(None))
        change = change.values(revoked_at=func.now()).returning(SignIn)
        with self._database.administration() as session:
            ended = session.scalars(change).all()
            people = {one.person_id for one in ended}
            # A tenant that is gone, or that the person left, hears nothing of it.
            places = select(Member.person_id, Member.tenant_id).where(Member.person_id.in_(people))
            known = {tuple(row) for row in session.execute(places)}
            for one in ended:
                if (one.person_id, one.last_tenant_id) in known:
                    _record("signed_out", one, None, session=session)
            return len(ended)


def _first_tenant(person_id: UUID, *, session: Session) -> UUID | None:
    """Return where a new sign-in begins: where the person was last, or the first that works."""
    last = (
        select(SignIn.last_tenant_id)
        .where(SignIn.person_id == person_id, SignIn.last_tenant_id.is_not(None))
        .order_by(SignIn.created_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(Member.tenant_id)
        .join(Tenant, Tenant.tenant_id == Member.tenant_id)
        .where(Member.person_id == person_id)
        .order_by(Member.tenant_id.is_distinct_from(last), Tenant.status != "active", Tenant.slug)
        .limit(1)
    )
    return session.execute(query).scalar_one_or_none()


def _record(action: str, made: SignIn, actor: Actor | None, *, session: Session) -> None:
    """Tell the audit log of the tenant that a sign-in is in, and of no other of the person's."""
    if made.last_tenant_id is not None:
        session.add(
            AuditEvent(
                tenant_id=made.last_tenant_id,
                action=action,
                object_kind="sign_in",
                object_id=str(made.sign_in_id),
                object_name=made.kind,
                **actor_columns(actor),
            )
        )


def _counts() -> tuple[ColumnElement[bool], ...]:
    return (SignIn.revoked_at.is_(None), SignIn.expires_at > func.now())


def _touch(sign_in_id: UUID, seen_at: datetime | None, *, session: Session) -> None:
    if seen_at is None or _now() - seen_at > SEEN_EVERY:
        change = update(SignIn).where(SignIn.sign_in_id == sign_in_id)
        session.execute(change.values(seen_at=func.now()))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC)


def _view(found: SignIn) -> SignInView:
    return SignInView(
        sign_in_id=found.sign_in_id,
        kind=found.kind,  # type: ignore[arg-type] # a check constraint holds it to these
        ip=found.ip,
        agent=found.agent,
        created_at=found.created_at,
        seen_at=found.seen_at,
        expires_at=found.expires_at,
    )
