"""What the API takes and returns about signing in, members and keys."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from leanrag.api.schemas import Reply, Request, Text
from leanrag.permissions import Action, Role


class CodeRequest(Request):
    """Whom to send a code."""

    email: Text = Field(max_length=400, examples=["ada@example.com"])


class CodeSent(Reply):
    """The same answer for every address."""

    message: str = (
        "If somebody signs in with this address, a code is on its way; it is valid for 10 minutes."
    )


class CodeCheck(CodeRequest):
    """The code that came."""

    code: Text = Field(max_length=40, examples=["123456"])


class TokenReply(Reply):
    """A token to send as `Authorization: Bearer ...`; `expires_in` seconds."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - what kind of token it is
    expires_in: int


class Claim(Request):
    """The ticket that the console's page was given."""

    ticket: Text = Field(max_length=200)


class SessionReply(Reply):
    """One of the caller's sign-ins; `is_current` is the one that this request came with."""

    sign_in_id: UUID
    kind: Literal["code", "oidc", "outer", "token"]
    ip: str
    agent: str
    created_at: datetime
    seen_at: datetime | None
    expires_at: datetime
    is_current: bool = False


class SessionList(Reply):
    """The caller's sign-ins, the newest first."""

    sessions: list[SessionReply]


class RevokedReply(Reply):
    """How many sign-ins ended."""

    revoked: int


class PlaceReply(Reply):
    """A tenant of the caller's, and its role there."""

    tenant_id: UUID
    slug: str
    name: str
    role: Role
    is_suspended: bool


class IdentityReply(Reply):
    """Who the caller is, in which tenant, and what it may do there."""

    tenant_id: UUID
    role: Role | None
    allowed: list[Action]
    email: str
    name: str
    tier: str
    is_suspended: bool
    tenants: list[PlaceReply]


class MemberReply(Reply):
    """A member of the tenant."""

    person_id: UUID
    role: Role
    email: str
    name: str
    added_by: str
    created_at: datetime


class MemberList(Reply):
    """The tenant's members, owners first."""

    members: list[MemberReply]


class NewMember(Request):
    """Whom to add; the person signs in with the address."""

    email: Text = Field(max_length=400)
    role: Role
    name: Text = Field("", max_length=200)


class RoleChange(Request):
    """A member's new role."""

    role: Role


class NewKeyRequest(Request):
    """A key to make; `scopes` are what it may do, at most what its maker may."""

    name: Text = Field(max_length=100)
    scopes: list[Action]
    expires_at: datetime | None = None


class KeyReply(Reply):
    """A key as it is listed; `prefix` is how it begins."""

    key_id: UUID
    name: str
    prefix: str
    scopes: list[Action]
    made_by: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


class NewKeyReply(KeyReply):
    """A key that was just made: `key` is shown this once."""

    key: str


class KeyList(Reply):
    """The tenant's keys, the newest first."""

    keys: list[KeyReply]
