"""The bots of a tenant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, defer

from db.models import Bot, BotVersionRow, Source, Tenant
from db.tenancy import Database
from leanrag.bot_content import BotContent
from leanrag.bot_version_rows import publish_first
from leanrag.errors import Conflict, Forbidden, InvalidInput, LeanRagError, NotFound
from leanrag.passage_store import remove_passages
from leanrag.routing_rows import has_controls, lock_tenant

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
DEFAULT_PERSONA = "You are a friendly, exact support assistant."
MAX_BOTS = 100
_MAX_NAME = 200

# The bot `:bot` (slug or id; NULL means the first one) of `:tenant`, and what it says by its
# published version: version 0 with no words where nothing was published. A tenant that is suspended
# has no bot to ask: `no_such_bot` says so.
CHOSEN_BOT = """
    SELECT b.bot_id, coalesce(v.version, 0) AS prompt_version,
           coalesce(v.persona, '') AS persona, coalesce(v.instructions, '') AS instructions,
           coalesce(v.greeting, '{}') AS greeting, coalesce(v.fallback, '{}') AS fallback
    FROM bots b
    JOIN tenants t ON t.tenant_id = b.tenant_id AND t.status = 'active'
    LEFT JOIN bot_versions v
      ON v.tenant_id = b.tenant_id AND v.bot_id = b.bot_id AND v.state = 'published'
    WHERE b.tenant_id = :tenant
      AND (CAST(:bot AS text) IS NULL OR b.slug = :bot OR CAST(b.bot_id AS text) = :bot)
    ORDER BY b.bot_id LIMIT 1"""


@dataclass(frozen=True, slots=True)
class BotView:
    """A bot: its name, and what it says by its published version (0: nothing was published).

    `persona` and `instructions` open the system prompt; `greeting` and `fallback` are by language.
    """

    bot_id: UUID
    slug: str
    name: str
    persona: str
    greeting: dict[str, str]
    instructions: str = ""
    fallback: dict[str, str] = field(default_factory=dict)
    prompt_version: int = 0


class Bots:
    """Lists, finds, makes, renames and deletes a tenant's bots."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, tenant_id: UUID) -> tuple[BotView, ...]:
        """Return the tenant's bots, oldest first."""
        with self._database.tenant(tenant_id) as session:
            return _list(session, tenant_id)

    def find(self, tenant_id: UUID, bot: str | UUID | None = None) -> BotView:
        """Return a bot by slug or id, or the first one. Raises NotFound."""
        with self._database.tenant(tenant_id) as session:
            return find_bot(tenant_id, bot, session=session)

    def create(self, tenant_id: UUID, slug: str, name: str) -> BotView:
        """Add a bot with a plain persona and the tenant's routing; it can be asked at once.

        Raises InvalidInput for a bad slug or name, Conflict where the slug is taken.
        """
        row = Bot(tenant_id=tenant_id, slug=_read_slug(slug), name=_read_name(name))
        try:
            with self._database.tenant(tenant_id) as session:
                add_bot(row, session=session)
                return find_bot(tenant_id, row.bot_id, session=session)
        except IntegrityError as exc:
            raise Conflict(f"A bot named {slug!r} exists already; choose another name.") from exc

    def rename(self, tenant_id: UUID, bot: str | UUID, name: str) -> BotView:
        """Give a bot another name to be shown by; its slug stays. Raises InvalidInput, NotFound."""
        with self._database.tenant(tenant_id) as session:
            bot_id = find_bot(tenant_id, bot, session=session).bot_id
            session.get_one(Bot, (tenant_id, bot_id)).name = _read_name(name)
            session.flush()
            return find_bot(tenant_id, bot_id, session=session)

    def delete(self, tenant_id: UUID, bot: str | UUID, *, confirmed: str) -> None:
        """Delete a bot with its versions, its conversations, and the sources of it alone.

        `confirmed` is its slug, as a person typed it. Raises InvalidInput where it is not,
        NotFound, and Conflict for the last bot. Cut short, it leaves the bot with fewer sources.
        """
        with self._database.tenant(tenant_id) as session:
            found = find_bot(tenant_id, bot, session=session)
            if confirmed != found.slug:
                raise InvalidInput(f"To delete this bot, type its short name: {found.slug}.")
            _check_not_last(tenant_id, session=session)
            sources = _own_sources(tenant_id, found.bot_id, session=session)
        for source_id in sources:  # each in a transaction of its own: a source can be large
            with self._database.tenant(tenant_id) as session:
                _delete_source(tenant_id, source_id, session=session)
        with self._database.tenant(tenant_id) as session:
            lock_tenant(tenant_id, session=session)
            _check_not_last(tenant_id, session=session)
            # Locked, so that no source comes to it any more; those that came meanwhile go too.
            row = session.get(Bot, (tenant_id, found.bot_id), with_for_update=True)
            if row is not None:
                for source_id in _own_sources(tenant_id, found.bot_id, session=session):
                    _delete_source(tenant_id, source_id, session=session)
                session.delete(row)


def add_bot(row: Bot, *, session: Session) -> None:
    """Add a bot with its first version. Raises Conflict where the tenant has too many."""
    lock_tenant(row.tenant_id, session=session)
    count = select(func.count()).select_from(Bot).where(Bot.tenant_id == row.tenant_id)
    if (session.scalar(count) or 0) >= MAX_BOTS:
        raise Conflict(f"A tenant has {MAX_BOTS} bots at most; delete one that is not used.")
    session.add(row)
    session.flush()
    content = BotContent(persona=DEFAULT_PERSONA)
    publish_first(row.tenant_id, row.bot_id, content, session=session)


def find_bot(tenant_id: UUID, bot: str | UUID | None, *, session: Session) -> BotView:
    """Return a bot by slug or id, or the first one. Raises NotFound."""
    bots = _list(session, tenant_id)
    for candidate in bots:
        if bot is None or str(bot) in {candidate.slug, str(candidate.bot_id)}:
            return candidate
    raise _not_found(bot, bots)


def no_such_bot(tenant_id: UUID, bot: str | UUID | None, *, session: Session) -> LeanRagError:
    """Return the error for a bot that was looked for in vain: it names those that are there.

    Where the tenant is suspended, it says that and why.
    """
    tenant = session.get(Tenant, tenant_id)
    if tenant is not None and tenant.status != "active":
        return suspended(tenant.suspended_reason)
    return _not_found(bot, _list(session, tenant_id))


def suspended(reason: str) -> Forbidden:
    """Return the error for what a suspended tenant may not do."""
    why = f": {reason.rstrip('.')}" if reason else ""
    return Forbidden(f"This tenant is suspended{why}. Ask whoever runs this installation.")


def _own_sources(tenant_id: UUID, bot_id: UUID, *, session: Session) -> Sequence[UUID]:
    own = select(Source.source_id).where(Source.tenant_id == tenant_id, Source.bot_id == bot_id)
    return session.scalars(own).all()


def _delete_source(tenant_id: UUID, source_id: UUID, *, session: Session) -> None:
    source = session.get(Source, (tenant_id, source_id), with_for_update=True)
    if source is not None:
        remove_passages(tenant_id, source_id, session=session)
        session.delete(source)
        session.flush()


def _check_not_last(tenant_id: UUID, *, session: Session) -> None:
    if len(session.scalars(select(Bot.bot_id).where(Bot.tenant_id == tenant_id)).all()) < 2:
        raise Conflict("A tenant needs a bot; make another one first.")


def _read_slug(slug: str) -> str:
    if not SLUG.fullmatch(slug):
        raise InvalidInput(
            f"{slug!r} is no short name of a bot: use 1 to 63 letters a-z, digits and inner dashes."
        )
    return slug


def _read_name(name: str) -> str:
    if not name.strip() or len(name) > _MAX_NAME or has_controls(name):
        raise InvalidInput(f"The bot needs a name of at most {_MAX_NAME} letters to be shown by.")
    return name.strip()


def _not_found(bot: str | UUID | None, bots: Sequence[BotView]) -> NotFound:
    known = ", ".join(candidate.slug for candidate in bots) or "none"
    return NotFound(f"There is no bot {str(bot)!r} here; the bots are: {known}.")


def _list(session: Session, tenant_id: UUID) -> tuple[BotView, ...]:
    published = and_(
        BotVersionRow.tenant_id == Bot.tenant_id,
        BotVersionRow.bot_id == Bot.bot_id,
        BotVersionRow.state == "published",
    )
    query = (
        select(Bot, BotVersionRow)
        .outerjoin(BotVersionRow, published)
        .where(Bot.tenant_id == tenant_id)
        .order_by(Bot.bot_id)
        .options(defer(BotVersionRow.routing))  # a tenant's keywords can be many
    )
    return tuple(_view(bot, version) for bot, version in session.execute(query))


def _view(bot: Bot, version: BotVersionRow | None) -> BotView:
    if version is None:
        return BotView(bot.bot_id, bot.slug, bot.name, "", {})
    return BotView(
        bot.bot_id,
        bot.slug,
        bot.name,
        version.persona,
        dict(version.greeting),
        version.instructions,
        dict(version.fallback),
        version.version,
    )
