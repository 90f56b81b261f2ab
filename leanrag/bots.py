"""The bots of a tenant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Bot
from db.tenancy import Database
from leanrag.errors import NotFound

# The bot `:bot` (slug or id; NULL means the first one) of `:tenant`.
CHOSEN_BOT = """
    SELECT bot_id, persona FROM bots
    WHERE tenant_id = :tenant
      AND (CAST(:bot AS text) IS NULL OR slug = :bot OR CAST(bot_id AS text) = :bot)
    ORDER BY bot_id LIMIT 1"""


@dataclass(frozen=True, slots=True)
class BotView:
    """A bot: its name, its voice (`persona`) and its greeting by language."""

    bot_id: UUID
    slug: str
    name: str
    persona: str
    greeting: dict[str, str]


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
    query = select(Bot).where(Bot.tenant_id == tenant_id).order_by(Bot.bot_id)
    return tuple(
        BotView(bot.bot_id, bot.slug, bot.name, bot.persona, dict(bot.greeting))
        for bot in session.scalars(query)
    )
