"""A draft as somebody saves and publishes it, and what is in force then."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from db.models import BotVersionRow
from leanrag.bot_versions import BotVersions
from leanrag.guarded_database import GuardedDatabase
from leanrag.router import IntentRouting, KeywordRule
from leanrag.routing_rows import RoutingOverlay, from_json, read_overlay

SHIPPING = IntentRouting("shipping", ("website",), 600, ("faq",), 200)
PARCEL = KeywordRule("shipping", "en", "parcel", 3)
SHIPPING_ROUTING = RoutingOverlay((PARCEL,), (SHIPPING,))


def save(versions: BotVersions, tenant_id: UUID, bot: str = "assistant", **fields: object):
    """Save the draft with some fields changed, as somebody who looked just now."""
    seen = versions.open_draft(tenant_id, bot)
    content = replace(seen.content, **fields)  # type: ignore[arg-type]
    stamp = seen.stamp
    return versions.save_draft(
        tenant_id, bot, content, edit=stamp.edit, based_on=stamp.based_on, edited_by="Sara"
    )


def publish(versions: BotVersions, tenant_id: UUID, bot: str = "assistant", **fields: object):
    draft = save(versions, tenant_id, bot, **fields)
    return versions.publish(tenant_id, bot, edit=draft.stamp.edit)


def numbers(versions: BotVersions, tenant_id: UUID, bot: str = "assistant") -> list[tuple]:
    return [(stamp.version, stamp.state) for stamp in versions.list(tenant_id, bot)]


def own_rows(database: GuardedDatabase, tenant_id: UUID) -> RoutingOverlay:
    with database.tenant(tenant_id) as session:
        return read_overlay(tenant_id, session=session)


def published_routings(database: GuardedDatabase, tenant_id: UUID) -> list[RoutingOverlay]:
    query = select(BotVersionRow.routing).where(
        BotVersionRow.tenant_id == tenant_id, BotVersionRow.state == "published"
    )
    with database.tenant(tenant_id) as session:
        return [from_json(routing) for routing in session.scalars(query)]
