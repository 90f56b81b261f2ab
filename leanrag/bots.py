"""The bots of a tenant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, defer

from db.models import Bot, BotVersionRow
from db.tenancy import Database
from leanrag.errors import NotFound

# The bot `:bot` (slug or id; NULL means the first one) of `:tenant`, and what it says by its
# published version: version 0 with no words where nothing was published.
CHOSEN_BOT = """
    SELECT b.bot_id, coalesce(v.version, 0) AS prompt_version,
           coalesce(v.persona, '') AS persona, coalesce(v.instructions, '') AS instructions,
           coalesce(v.greeting, '{}') AS greeting, coalesce(v.fallback, '{}') AS fallback
    FROM bots b LEFT JOIN bot_versions v
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
    """Reads a tenant's bots."""

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


def find_bot(tenant_id: UUID, bot: str | UUID | None, *, session: Session) -> BotView:
    """Return a bot by slug or id, or the first one. Raises NotFound."""
    bots = _list(session, tenant_id)
    for candidate in bots:
        if bot is None or str(bot) in {candidate.slug, str(candidate.bot_id)}:
            return candidate
    raise _not_found(bot, bots)


def no_such_bot(tenant_id: UUID, bot: str | UUID | None, *, session: Session) -> NotFound:
    """Return the error for a bot that was looked for in vain: it names those that are there."""
    return _not_found(bot, _list(session, tenant_id))


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
