"""The stored versions of bots: read, and published inside the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, load_only

from db.models import Bot, BotVersionRow
from leanrag.bot_content import BotContent
from leanrag.errors import NotFound
from leanrag.routing_rows import RoutingOverlay, from_json, read_overlay, to_json

VersionState = Literal["draft", "published", "retired"]
DRAFT_VERSION = 0  # a draft gets its number when it is published
ROUTING_NOTE = "routing"

_STAMPS = (
    "version",
    "state",
    "edit",
    "note",
    "edited_by",
    "based_on",
    "restored_from",
    "created_at",
    "updated_at",
    "published_at",
)


@dataclass(frozen=True, slots=True)
class VersionStamp:
    """Which version it is, who made it and when.

    `version` counts what was published of the bot, 0 is its draft; `edit` grows with every save of
    a draft, 0 is one that was never saved; `based_on` is the version it was copied from, and
    `restored_from` the one that a rollback brought back. `published_at` is None for a draft.
    """

    version: int
    state: VersionState
    edit: int = 0
    note: str = ""
    edited_by: str = ""
    based_on: int = 0
    restored_from: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BotVersion:
    """One version of a bot: its stamp and what it holds."""

    stamp: VersionStamp
    content: BotContent


def list_stamps(tenant_id: UUID, bot_id: UUID, *, session: Session) -> tuple[VersionStamp, ...]:
    """Return the draft, if there is one, then the versions, newest first."""
    rows = session.scalars(
        _of(tenant_id, bot_id)
        .options(load_only(*(getattr(BotVersionRow, name) for name in _STAMPS)))
        .order_by(BotVersionRow.version.desc())
    ).all()
    return tuple(
        sorted((_stamp(row) for row in rows), key=lambda stamp: stamp.version != DRAFT_VERSION)
    )


def find_version(tenant_id: UUID, bot_id: UUID, version: int, *, session: Session) -> BotVersion:
    """Return a version that is or was published. Raises NotFound."""
    row = session.get(BotVersionRow, (tenant_id, bot_id, version))
    if row is None or version == DRAFT_VERSION:
        raise NotFound(f"This bot has no version {version}; choose one of its list of versions.")
    return _version(row)


def find_draft(tenant_id: UUID, bot_id: UUID, *, session: Session) -> BotVersion | None:
    """Return the stored draft; None where no draft is open."""
    row = session.get(BotVersionRow, (tenant_id, bot_id, DRAFT_VERSION))
    return None if row is None else _version(row)


def published_version(tenant_id: UUID, bot_id: UUID, *, session: Session) -> BotVersion:
    """Return what is in force: version 0 with the tenant's routing where nothing was published."""
    row = _published_row(tenant_id, bot_id, session=session)
    if row is not None:
        return _version(row)
    routing = read_overlay(tenant_id, session=session)
    return BotVersion(VersionStamp(0, "published"), BotContent(routing=routing))


def write_draft(
    tenant_id: UUID,
    bot_id: UUID,
    content: BotContent,
    *,
    based_on: int,
    edited_by: str,
    session: Session,
) -> None:
    """Store a draft in place of the one that is open, under the bot's next number of an edit."""
    bot = session.get_one(Bot, (tenant_id, bot_id))
    bot.draft_saves += 1
    row = session.get(BotVersionRow, (tenant_id, bot_id, DRAFT_VERSION))
    if row is None:
        row = BotVersionRow(
            tenant_id=tenant_id, bot_id=bot_id, version=DRAFT_VERSION, state="draft"
        )
        session.add(row)
    _fill(row, content)
    row.edit, row.based_on, row.edited_by = bot.draft_saves, based_on, edited_by
    row.updated_at = func.now()
    session.flush()


def delete_draft(tenant_id: UUID, bot_id: UUID, *, session: Session) -> None:
    """Delete the draft that is open."""
    session.delete(session.get_one(BotVersionRow, (tenant_id, bot_id, DRAFT_VERSION)))
    session.flush()


def publish_draft(
    tenant_id: UUID,
    bot_id: UUID,
    content: BotContent,
    *,
    note: str,
    edited_by: str,
    session: Session,
) -> None:
    """Turn the open draft into the published version, with this content."""
    row = session.get_one(BotVersionRow, (tenant_id, bot_id, DRAFT_VERSION))
    row.version, _ = _retire(tenant_id, bot_id, session=session)
    _fill(row, content)
    row.state, row.note, row.edited_by = "published", note, edited_by or row.edited_by
    row.published_at = func.now()
    session.flush()


def publish_content(
    tenant_id: UUID,
    bot_id: UUID,
    content: BotContent,
    *,
    note: str,
    edited_by: str = "",
    restored_from: int | None = None,
    session: Session,
) -> None:
    """Publish a new version with this content; an open draft stays as it is."""
    version, before = _retire(tenant_id, bot_id, session=session)
    row = BotVersionRow(
        tenant_id=tenant_id,
        bot_id=bot_id,
        version=version,
        state="published",
        note=note,
        edited_by=edited_by,
        based_on=before,
        restored_from=restored_from,
        published_at=func.now(),
    )
    _fill(row, content)
    session.add(row)
    session.flush()


def publish_routing(
    tenant_id: UUID,
    routing: RoutingOverlay,
    *,
    edited_by: str = "",
    except_bot: UUID | None = None,
    session: Session,
) -> None:
    """Publish a new version of each of the tenant's bots: other routing, the same texts."""
    bots = session.scalars(select(Bot.bot_id).where(Bot.tenant_id == tenant_id)).all()
    for bot_id in bots:
        if bot_id == except_bot:
            continue
        content = published_version(tenant_id, bot_id, session=session).content
        publish_content(
            tenant_id,
            bot_id,
            replace(content, routing=routing),
            note=ROUTING_NOTE,
            edited_by=edited_by,
            session=session,
        )


def publish_first(tenant_id: UUID, bot_id: UUID, content: BotContent, *, session: Session) -> None:
    """Make the texts of `content` version 1 of a new bot, with the tenant's routing.

    A version 1 that is still in force is rewritten; a bot that has gone further is left alone.
    """
    row = _published_row(tenant_id, bot_id, session=session)
    routed = replace(content, routing=read_overlay(tenant_id, session=session))
    if row is None:
        publish_content(tenant_id, bot_id, routed, note="", session=session)
    elif row.version == 1:
        _fill(row, routed)
        session.flush()


def _retire(tenant_id: UUID, bot_id: UUID, *, session: Session) -> tuple[int, int]:
    """Take the published version out of force; return the next number, and its own (or 0)."""
    row = _published_row(tenant_id, bot_id, session=session)
    if row is not None:
        row.state = "retired"
        session.flush()  # only one version may be published at any time
    newest = session.scalar(
        select(func.max(BotVersionRow.version)).where(
            BotVersionRow.tenant_id == tenant_id, BotVersionRow.bot_id == bot_id
        )
    )
    return (newest or 0) + 1, 0 if row is None else row.version


def _published_row(tenant_id: UUID, bot_id: UUID, *, session: Session) -> BotVersionRow | None:
    query = _of(tenant_id, bot_id).where(BotVersionRow.state == "published")
    return session.scalars(query).one_or_none()


def _of(tenant_id: UUID, bot_id: UUID) -> Select[BotVersionRow]:
    return select(BotVersionRow).where(
        BotVersionRow.tenant_id == tenant_id, BotVersionRow.bot_id == bot_id
    )


def _fill(row: BotVersionRow, content: BotContent) -> None:
    row.persona, row.instructions = content.persona, content.instructions
    row.greeting, row.fallback = dict(content.greeting), dict(content.fallback)
    row.routing = dict(to_json(content.routing))


def _version(row: BotVersionRow) -> BotVersion:
    content = BotContent(
        row.persona,
        row.instructions,
        dict(row.greeting),
        dict(row.fallback),
        from_json(row.routing),
    )
    return BotVersion(_stamp(row), content)


def _stamp(row: BotVersionRow) -> VersionStamp:
    values = {name: getattr(row, name) for name in _STAMPS}
    return VersionStamp(**{**values, "state": cast(VersionState, row.state)})
