"""Keys for programs: shown once, kept as a hash, never stronger than the member who made them.

A key names its tenant, so that it is looked up behind that tenant's wall like anything else.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import b32decode, b32encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import String, func, or_, select, update
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from db.models import ApiKey, Member, Tenant
from db.tenancy import Actor, Database
from leanrag.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from leanrag.identity import Identity
from leanrag.permissions import ACTIONS, Action, Role, allowed_to, require

KEY_MARK = "lr_"
# What would let a key that leaked outlive its discovery, or end the tenant.
NEVER_BY_KEY: frozenset[Action] = frozenset({"keys.write", "members.write", "tenant.delete"})
KEY_SCOPES: tuple[Action, ...] = tuple(a for a in ACTIONS if a not in NEVER_BY_KEY)
USED_EVERY = timedelta(minutes=1)
_TENANT_LETTERS = 26  # 16 bytes in base32, without padding
_SHOWN_LETTERS = 6
_KEY = re.compile(rf"{KEY_MARK}([a-z2-7]{{{_TENANT_LETTERS}}})_([A-Za-z0-9_-]{{43}})")
_LOCAL = "local"
_MAX_NAME = 100
_REFUSED = "This key is not valid here, or no longer; make a new one on the keys page."


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as it is listed: `prefix` is how the key begins; `made_by` is a person's id."""

    key_id: UUID
    name: str
    prefix: str
    scopes: tuple[Action, ...]
    made_by: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; `text` is shown this once."""

    view: KeyView
    text: str


class ApiKeys:
    """Makes, finds, lists and revokes a tenant's keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, tenant_id: UUID) -> tuple[KeyView, ...]:
        """Return the tenant's keys, the newest first, those that ended too."""
        query = (
            select(ApiKey)
            .where(ApiKey.tenant_id == tenant_id)
            .order_by(ApiKey.created_at.desc(), ApiKey.key_id.desc())
        )
        with self._database.tenant(tenant_id) as session:
            return tuple(_view(key) for key in session.scalars(query))

    def make(
        self,
        identity: Identity,
        name: str,
        scopes: Sequence[Action],
        *,
        expires_at: datetime | None = None,
    ) -> NewKey:
        """Make a key for the maker's tenant. Raises Forbidden for more than its maker may do.

        InvalidInput where the name or the scopes are missing, or the end is past.
        """
        require(identity.allowed, "keys.write")
        if identity.role is None:
            raise Forbidden("Only a member can make a key; sign in to make one.")
        chosen = _read_scopes(scopes, identity)
        secret = secrets.token_urlsafe(32)
        text = f"{KEY_MARK}{_write_tenant(identity.tenant_id)}_{secret}"
        key = ApiKey(
            tenant_id=identity.tenant_id,
            name=_read_name(name),
            prefix=text[: -len(secret) + _SHOWN_LETTERS],
            key_hash=_hash(text),
            scopes=list(chosen),
            made_by=str(identity.person_id) if identity.person_id else _LOCAL,
            expires_at=_read_end(expires_at),
        )
        with self._database.tenant(identity.tenant_id) as session:
            session.add(key)
            session.flush()
            session.refresh(key)
            return NewKey(_view(key), text)

    def revoke(self, tenant_id: UUID, key_id: UUID) -> None:
        """End a key; it stays listed. Raises NotFound, also for one that was revoked before."""
        change = (
            update(ApiKey)
            .where(ApiKey.tenant_id == tenant_id, ApiKey.key_id == key_id)
            .where(ApiKey.revoked_at.is_(None))
            .values(revoked_at=func.now())
            .returning(ApiKey.key_id)
        )
        with self._database.tenant(tenant_id) as session:
            if session.execute(change).scalar_one_or_none() is None:
                raise NotFound("There is no such key here; it may have been revoked already.")

    def find(self, text: str, *, ip: str = "") -> Identity:
        """Return who a key stands for. Raises Unauthenticated, Forbidden while it is suspended.

        It may do what its scopes name and its maker still may: nothing, once that is no member.
        """
        tenant_id = _read_tenant(text)
        query = (
            select(ApiKey, Tenant.status, Member.role)
            .join(Tenant, Tenant.tenant_id == ApiKey.tenant_id)
            .outerjoin(
                Member,
                (Member.tenant_id == ApiKey.tenant_id)
                & (sql_cast(Member.person_id, String) == ApiKey.made_by),
            )
            .where(ApiKey.tenant_id == tenant_id, ApiKey.key_hash == _hash(text))
            .where(ApiKey.revoked_at.is_(None))
            .where(or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now()))
        )
        with self._database.tenant(tenant_id) as session:
            found = session.execute(query).one_or_none()
            if found is None:
                raise Unauthenticated(_REFUSED)
            key, status, role = found
            makers = "owner" if key.made_by == _LOCAL else role
            if makers is None:
                raise Unauthenticated(_REFUSED)
            if status != "active":
                raise Forbidden("This tenant is suspended; its keys work again when it is resumed.")
            _touch(key, session=session)
            return _identity(key, cast(Role, makers), ip)


def _identity(key: ApiKey, makers: Role, ip: str) -> Identity:
    scopes = frozenset(cast("list[Action]", key.scopes))
    return Identity(
        tenant_id=key.tenant_id,
        actor=Actor("key", str(key.key_id), key.name, ip),
        role=None,
        allowed=(scopes & allowed_to(makers)) - NEVER_BY_KEY,
        name=key.name,
    )


def _touch(key: ApiKey, *, session: Session) -> None:
    if key.used_at is None or datetime.now(UTC) - key.used_at > USED_EVERY:
        change = update(ApiKey).where(
            ApiKey.tenant_id == key.tenant_id, ApiKey.key_id == key.key_id
        )
        session.execute(change.values(used_at=func.now()))


def _read_scopes(scopes: Sequence[Action], identity: Identity) -> tuple[Action, ...]:
    unknown = sorted(set(scopes) - set(KEY_SCOPES))
    if unknown or not scopes:
        raise InvalidInput(
            f"Choose what the key may do, of: {', '.join(KEY_SCOPES)}.", unknown=unknown
        )
    for scope in scopes:
        require(identity.allowed, scope)
    return tuple(scope for scope in KEY_SCOPES if scope in scopes)


def _read_name(name: str) -> str:
    shown = name.strip()
    if not shown or len(shown) > _MAX_NAME or "\0" in shown:
        raise InvalidInput(f"Give the key a name of at most {_MAX_NAME} letters.")
    return shown


def _read_end(expires_at: datetime | None) -> datetime | None:
    if expires_at is not None and expires_at.tzinfo is None:
        raise InvalidInput("The end of the key needs its time zone, as 2027-01-31T00:00:00Z.")
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise InvalidInput("The end of the key is past; choose a later one, or none.")
    return expires_at


def _write_tenant(tenant_id: UUID) -> str:
    return b32encode(tenant_id.bytes).decode().rstrip("=").lower()


def _read_tenant(text: str) -> UUID:
    found = _KEY.fullmatch(text)
    if found is None:
        raise Unauthenticated(_REFUSED)
    return UUID(bytes=b32decode(found[1].upper() + "======"))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _view(key: ApiKey) -> KeyView:
    return KeyView(
        key_id=key.key_id,
        name=key.name,
        prefix=key.prefix,
        scopes=tuple(cast("list[Action]", key.scopes)),
        made_by=key.made_by,
        created_at=key.created_at,
        expires_at=key.expires_at,
        used_at=key.used_at,
        revoked_at=key.revoked_at,
    )
