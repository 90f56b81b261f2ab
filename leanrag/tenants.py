"""The list of tenants: created, found, suspended and resumed by the administration alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast
from uuid import UUID

from sqlalchemy import ColumnElement, String, select
from sqlalchemy import cast as as_type
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import GLOBAL_TENANT_ID, Bot, Tenant
from db.tenancy import Database
from leanrag.bots import DEFAULT_PERSONA, SLUG, add_bot
from leanrag.errors import Conflict, InvalidInput, NotFound
from leanrag.routing_rows import has_controls
from leanrag.tenant_jobs import park_jobs, return_jobs

__all__ = ["DEFAULT_PERSONA", "TenantStatus", "TenantView", "Tenants", "find_tenant"]

TenantStatus = Literal["active", "suspended", "deleting"]
_MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class TenantView:
    """A tenant as the console shows it; `suspended_reason` is for its members to read.

    Of one that is "deleting", some is gone already: only its deletion can be finished.
    """

    tenant_id: UUID
    slug: str
    name: str
    status: TenantStatus = "active"
    suspended_reason: str = ""


class Tenants:
    """Creates, lists, finds, suspends and resumes tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, slug: str, name: str) -> TenantView:
        """Create a tenant with one bot. Raises InvalidInput for a bad slug, Conflict if taken."""
        if not SLUG.fullmatch(slug):
            raise InvalidInput(
                f"{slug!r} is no tenant name: use 1 to 63 letters a-z, digits and inner dashes."
            )
        if not name.strip():
            raise InvalidInput("The tenant needs a name to be shown by.")
        tenant = Tenant(slug=slug, name=name.strip())
        try:
            with self._database.administration() as session:
                session.add(tenant)
                session.flush()
                session.refresh(tenant)
        except IntegrityError as exc:
            raise Conflict(f"A tenant named {slug!r} exists already; choose another name.") from exc
        with self._database.tenant(tenant.tenant_id) as session:
            bot = Bot(tenant_id=tenant.tenant_id, slug="assistant", name=f"{tenant.name} assistant")
            add_bot(bot, session=session)
        return _view(tenant)

    def list(self) -> tuple[TenantView, ...]:
        """Return all tenants by name."""
        query = select(Tenant).where(Tenant.tenant_id != GLOBAL_TENANT_ID).order_by(Tenant.slug)
        with self._database.administration() as session:
            return tuple(_view(tenant) for tenant in session.scalars(query))

    def find(self, slug_or_id: str) -> TenantView:
        """Return a tenant by its slug or id. Raises NotFound."""
        with self._database.administration() as session:
            return _view(find_tenant(slug_or_id, session=session))

    def get(self, tenant_id: UUID) -> TenantView:
        """Return a tenant as its own members see it. Raises NotFound."""
        with self._database.tenant(tenant_id) as session:
            found = session.get(Tenant, tenant_id)
            if found is None:
                raise _not_found(str(tenant_id))
            return _view(found)

    def suspend(self, slug_or_id: str, reason: str) -> TenantView:
        """Let nobody ask the tenant's bots, use its keys or feed it; its waiting jobs stand still.

        A job that runs goes on to its end. What is stored stays. Raises NotFound; InvalidInput
        without a reason, which members read; Conflict for one that is being deleted.
        """
        reason = reason.strip()
        if not reason or len(reason) > _MAX_REASON or has_controls(reason):
            raise InvalidInput(
                f"Say in 1 to {_MAX_REASON} letters why the tenant is suspended; members read it."
            )
        with self._database.administration() as session:
            tenant = find_tenant(slug_or_id, session=session, lock=True)
            _check_stays(tenant)
            tenant.status, tenant.suspended_reason = "suspended", reason
            park_jobs(tenant.tenant_id, session=session)
            session.flush()
            return _view(tenant)

    def resume(self, slug_or_id: str) -> TenantView:
        """Let a suspended tenant work again, its waiting jobs too. Raises NotFound, Conflict."""
        with self._database.administration() as session:
            tenant = find_tenant(slug_or_id, session=session, lock=True)
            _check_stays(tenant)
            tenant.status, tenant.suspended_reason = "active", ""
            return_jobs(tenant.tenant_id, session=session)
            session.flush()
            return _view(tenant)


def find_tenant(slug_or_id: str, *, session: Session, lock: bool = False) -> Tenant:
    """Return a tenant's row by slug or id, in the administration's session. Raises NotFound."""
    named: ColumnElement[bool] = (Tenant.slug == slug_or_id) | (
        as_type(Tenant.tenant_id, String) == slug_or_id.lower()
    )
    query = select(Tenant).where(Tenant.tenant_id != GLOBAL_TENANT_ID, named)
    found = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise _not_found(slug_or_id)
    return found


def _not_found(slug_or_id: str) -> NotFound:
    return NotFound(
        f"There is no tenant {slug_or_id!r}; list them with: python -m leanrag tenant list."
    )


def _check_stays(tenant: Tenant) -> None:
    if tenant.status == "deleting":
        raise Conflict("This tenant is being deleted; only its deletion can be finished.")


def _view(tenant: Tenant) -> TenantView:
    return TenantView(
        tenant.tenant_id,
        tenant.slug,
        tenant.name,
        cast(TenantStatus, tenant.status),
        tenant.suspended_reason,
    )
