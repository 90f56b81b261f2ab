"""Who calls: the identity and tenant that a request acts for, and the services to act with.

Every endpoint asks for one action, by the type of its caller: `MayReadKnowledge` and its like. A
test walks all endpoints and fails for one that asks for nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, ParamSpec, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Request

from db.tenancy import acting
from leanrag.access import Credentials
from leanrag.api.offload import Offload
from leanrag.api.origin import came_from_here, client_address
from leanrag.auth import SESSION_COOKIE
from leanrag.bootstrap import Services
from leanrag.errors import Forbidden
from leanrag.identity import Identity
from leanrag.permissions import Action, require

P = ParamSpec("P")
T = TypeVar("T")

_FOREIGN = "A signed-in browser may change things from this console's own pages alone."
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Caller:
    """An authorised caller: who it is, the services, and threads to call them on."""

    identity: Identity
    services: Services
    offload: Offload

    @property
    def tenant_id(self) -> UUID:
        """The tenant that the caller acts in."""
        return self.identity.tenant_id

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking call of a service on the API's threads, as the caller's own act."""

        def as_the_caller() -> T:
            with acting(self.identity.actor):
                return call(*args, **kwargs)

        return await self.offload.run(as_the_caller)


async def authorise(
    request: Request,
    x_tenant_id: Annotated[
        str | None,
        Header(description="The id or slug of one of the caller's tenants; else the last chosen."),
    ] = None,
) -> Caller:
    """Say who calls: the local operator, or whose token, key or session comes with the request.

    Raises Unauthenticated, and Forbidden for a tenant that is none of the caller's and for a change
    that a cookie alone vouches for and another site may have sent.
    """
    offload: Offload = request.app.state.offload
    services: Services = await offload.run(request.app.state.get_services)
    credentials = read_credentials(request, services, tenant=x_tenant_id or "")
    is_change = request.method not in SAFE_METHODS
    if credentials.cookie and is_change and not came_from_here(request):
        raise Forbidden(_FOREIGN)
    identity = await offload.run(services.access.identify, credentials)
    return Caller(identity, services, offload)


def read_credentials(request: Request, services: Services, *, tenant: str = "") -> Credentials:
    """Return what a request brings along; a cookie only where it brings no bearer token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    is_local = services.settings.auth == "none"
    return Credentials(
        bearer=bearer,
        cookie="" if bearer or is_local else request.cookies.get(SESSION_COOKIE, ""),
        tenant=tenant,
        ip=client_address(request, services.settings),
    )


Authorise = Callable[..., Awaitable[Caller]]
_NEEDED: dict[Callable[..., object], Action] = {}


def needs(action: Action) -> Authorise:
    """Return a dependency that lets in whoever may do this. It raises Forbidden for others."""

    async def authorise_action(caller: Annotated[Caller, Depends(authorise)]) -> Caller:
        require(caller.identity.allowed, action)
        return caller

    _NEEDED[authorise_action] = action
    return authorise_action


def needed_action(dependency: Callable[..., object] | None) -> Action | None:
    """Return the action that a dependency made by `needs` asks for; None for any other."""
    return _NEEDED.get(dependency) if dependency is not None else None


# Signed in, with whatever role: what concerns the caller alone.
AuthorisedCaller = Annotated[Caller, Depends(authorise)]
MayAsk = Annotated[Caller, Depends(needs("ask"))]
MayReadKnowledge = Annotated[Caller, Depends(needs("knowledge.read"))]
MayWriteKnowledge = Annotated[Caller, Depends(needs("knowledge.write"))]
MayReadTuning = Annotated[Caller, Depends(needs("tuning.read"))]
MayWriteBots = Annotated[Caller, Depends(needs("bots.write"))]
MayReadUsage = Annotated[Caller, Depends(needs("usage.read"))]
MayReadAudit = Annotated[Caller, Depends(needs("audit.read"))]
MayReadMembers = Annotated[Caller, Depends(needs("members.read"))]
MayWriteMembers = Annotated[Caller, Depends(needs("members.write"))]
MayWriteKeys = Annotated[Caller, Depends(needs("keys.write"))]
