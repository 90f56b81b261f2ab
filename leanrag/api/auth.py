"""Signing in and out, and the caller's own sign-ins."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from leanrag.api.access_schemas import (
    Claim,
    CodeCheck,
    CodeRequest,
    CodeSent,
    IdentityReply,
    PlaceReply,
    RevokedReply,
    SessionList,
    SessionReply,
    TokenReply,
)
from leanrag.api.offload import Offload
from leanrag.api.origin import came_from_here, client_address, is_encrypted
from leanrag.api.tenancy import AuthorisedCaller, Caller
from leanrag.auth import SESSION_COOKIE
from leanrag.bootstrap import Services
from leanrag.errors import Forbidden
from leanrag.identity import Membership
from leanrag.mail import MAIL_LANGUAGES

router = APIRouter(prefix="/v1/auth", tags=["sign-in"])

_LOCAL = "Nobody signs in here: in local mode whoever sits at this machine is the owner."
_FOREIGN = "Only this console's own pages may sign a browser in."


async def open_door(request: Request) -> Services:
    """Return the services where people sign in. Raises Forbidden in local mode."""
    offload: Offload = request.app.state.offload
    services: Services = await offload.run(request.app.state.get_services)
    if services.settings.auth == "none":
        raise Forbidden(_LOCAL)
    return services


Door = Annotated[Services, Depends(open_door)]


@router.post("/request-code", status_code=202, summary="Ask for a code by mail")
async def request_code(request: Request, services: Door, body: CodeRequest) -> CodeSent:
    """Send a code of six digits; the answer does not tell whether somebody has the address."""
    offload: Offload = request.app.state.offload
    await offload.run(
        services.access.sign_in.request_code,
        body.email,
        ip=client_address(request, services.settings),
        language=_language(request),
    )
    return CodeSent()


@router.post("/verify-code", summary="Exchange a code for an access token")
async def verify_code(request: Request, services: Door, body: CodeCheck) -> TokenReply:
    """Return a token for the API; each code has five tries and is good once."""
    offload: Offload = request.app.state.offload
    token = await offload.run(
        services.access.issue_token,
        body.email,
        body.code,
        ip=client_address(request, services.settings),
        agent=request.headers.get("user-agent", ""),
    )
    return TokenReply(access_token=token.text, expires_in=token.expires_in)


@router.post("/claim", status_code=204, summary="Take a session over into the browser's cookie")
async def claim(request: Request, services: Door, body: Claim) -> Response:
    """Exchange the page's ticket, once and within a minute, for a cookie that no script reads."""
    if not came_from_here(request):
        raise Forbidden(_FOREIGN)
    offload: Offload = request.app.state.offload
    made = await offload.run(services.access.sessions.claim, body.ticket)
    reply = Response(status_code=204)
    reply.set_cookie(
        SESSION_COOKIE,
        made.secret,
        expires=made.expires_at,
        path="/",
        secure=is_encrypted(request, services.settings),
        httponly=True,
        samesite="lax",
    )
    return reply


@router.post("/sign-out", status_code=204, summary="End this sign-in")
async def sign_out(request: Request, caller: AuthorisedCaller) -> Response:
    """End the session or token that the request came with, and drop the browser's cookie."""
    identity = caller.identity
    if identity.person_id and identity.sign_in_id:
        sessions = caller.services.access.sessions
        await caller.run(sessions.revoke, identity.person_id, identity.sign_in_id)
    reply = Response(status_code=204)
    reply.delete_cookie(
        SESSION_COOKIE,
        path="/",
        secure=is_encrypted(request, caller.services.settings),
        httponly=True,
        samesite="lax",
    )
    return reply


@router.get("/me", summary="Who am I?")
async def show_identity(caller: AuthorisedCaller) -> IdentityReply:
    """Return who the caller is, what it may do, and the tenants that it can name."""
    identity = caller.identity
    places: tuple[Membership, ...] = ()
    if identity.person_id:
        members = caller.services.access.members
        places = await caller.run(members.tenants_of, identity.person_id)
    return IdentityReply(
        tenant_id=identity.tenant_id,
        role=identity.role,
        allowed=sorted(identity.allowed),
        email=identity.email,
        name=identity.name,
        tier=identity.tier,
        is_suspended=identity.is_suspended,
        tenants=[PlaceReply.model_validate(place) for place in places],
    )


@router.get("/sessions", summary="List my sign-ins")
async def list_sessions(caller: AuthorisedCaller) -> SessionList:
    """Return the caller's sessions and tokens that count, the newest first."""
    found = await caller.run(caller.services.access.sessions.list, _person(caller))
    current = caller.identity.sign_in_id
    replies = (SessionReply.model_validate(one) for one in found)
    return SessionList(
        sessions=[
            reply.model_copy(update={"is_current": reply.sign_in_id == current})
            for reply in replies
        ]
    )


@router.delete("/sessions/{sign_in_id}", status_code=204, summary="End one of my sign-ins")
async def revoke_session(caller: AuthorisedCaller, sign_in_id: UUID) -> None:
    """End a session or token of the caller's; its next request is refused."""
    await caller.run(caller.services.access.sessions.revoke, _person(caller), sign_in_id)


@router.delete("/sessions", summary="End my other sign-ins")
async def revoke_others(caller: AuthorisedCaller) -> RevokedReply:
    """End all sessions and tokens of the caller's but the one that this request came with."""
    sessions, keep = caller.services.access.sessions, caller.identity.sign_in_id
    return RevokedReply(
        revoked=await caller.run(sessions.revoke_others, _person(caller), keep=keep)
    )


def _person(caller: Caller) -> UUID:
    if caller.identity.person_id is None:
        raise Forbidden("Only somebody who signed in has sign-ins; a key has none.")
    return caller.identity.person_id


def _language(request: Request) -> str:
    """Return the first of our languages that the browser asks for, English where it asks none."""
    asked = request.headers.get("accept-language", "").lower().split(",")
    wanted = (part.partition(";")[0].strip().partition("-")[0] for part in asked)
    return next((language for language in wanted if language in MAIL_LANGUAGES), "en")
