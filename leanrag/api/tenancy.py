"""Who calls: the tenant that a request acts for, and the services to act with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ParamSpec, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Request

from leanrag.api.offload import Offload
from leanrag.bootstrap import Services
from leanrag.errors import Forbidden

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Caller:
    """An authorised caller: its tenant, the services, and threads to call them on."""

    tenant_id: UUID
    services: Services
    offload: Offload

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking call of a service on the API's threads."""
        return await self.offload.run(call, *args, **kwargs)


async def authorise(
    request: Request,
    x_tenant_id: Annotated[
        str | None,
        Header(description="The tenant's id or slug; without it, the local operator's own."),
    ] = None,
) -> Caller:
    """Let the local operator in, for its own tenant alone. Raises Forbidden."""
    offload: Offload = request.app.state.offload
    services: Services = await offload.run(request.app.state.get_services)
    if x_tenant_id and not await offload.run(_is_local, services, x_tenant_id):
        raise Forbidden(
            "This caller may not act for that tenant; leave X-Tenant-ID out or name your own."
        )
    return Caller(services.local_tenant_id, services, offload)


def _is_local(services: Services, named: str) -> bool:
    """Tell whether `named` is the local tenant's id or slug; other tenants are not looked up."""
    local = services.local_tenant_id
    return named.lower() == str(local) or named == services.tenants.find(str(local)).slug


AuthorisedCaller = Annotated[Caller, Depends(authorise)]
