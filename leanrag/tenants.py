"""The list of tenants: created and found by the administration, never by another tenant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from db.models import GLOBAL_TENANT_ID, Bot, Tenant
from db.tenancy import Database
from leanrag.bot_content import BotContent
from leanrag.bot_version_rows import publish_first
from leanrag.errors import Conflict, InvalidInput, NotFound

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
DEFAULT_PERSONA = "You are a friendly, exact support assistant."


@dataclass(frozen=True, slots=True)
class TenantView:
    """A tenant as the console shows it."""

    tenant_id: UUID
    slug: str
    name: str


class Tenants:
    """Creates, lists and finds tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, slug: str, name: str) -> TenantView:
        """Create a tenant with one bot. Raises InvalidInput for a bad slug, Conflict if taken."""
        if not _SLUG.fullmatch(slug):
            raise InvalidInput(
                f"{slug!r} is no tenant name: use 1 to 63 letters a-z, digits and inner dashes."
            )
        if not name.strip():
            raise InvalidInput("The tenant needs a name to be shown by.")
        tenant = Tenant(slug=slug, name=name.strip())
        try:
            with self._database.administration() as session:
                session.add(tenant)
        except IntegrityError as exc:
            raise Conflict(f"A tenant named {slug!r} exists already; choose another name.") from exc
        with self._database.tenant(tenant.tenant_id) as session:
            bot = Bot(tenant_id=tenant.tenant_id, slug="assistant", name=f"{tenant.name} assistant")
            session.add(bot)
            session.flush()
            content = BotContent(persona=DEFAULT_PERSONA)
            publish_first(tenant.tenant_id, bot.bot_id, content, session=session)
        return _view(tenant)

    def list(self) -> tuple[TenantView, ...]:
        """Return all tenants by name."""
        query = select(Tenant).where(Tenant.tenant_id != GLOBAL_TENANT_ID).order_by(Tenant.slug)
        with self._database.administration() as session:
            return tuple(_view(tenant) for tenant in session.scalars(query))

    def find(self, slug_or_id: str) -> TenantView:
        """Return a tenant by its slug or id. Raises NotFound."""
        for tenant in self.list():
            if slug_or_id in {tenant.slug, str(tenant.tenant_id)}:
                return tenant
        raise NotFound(
            f"There is no tenant {slug_or_id!r}; list them with: python -m leanrag tenant list."
        )


def _view(tenant: Tenant) -> TenantView:
    return TenantView(tenant.tenant_id, tenant.slug, tenant.name)
