"""What a turn stands on besides passages: bot, tuning, memory and sources, in one statement.

Each step owns the SQL of what it needs; here it is put together, because at the size of a turn the
way to the database and back costs more than what it brings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from leanrag.bots import CHOSEN_BOT, no_such_bot
from leanrag.counterfactual import SENT_MESSAGES, SOURCE_TOTALS, SourceTotals
from leanrag.embedding_models import MODEL_IN_USE
from leanrag.memory import LATEST_MESSAGES, SUMMARY_IN_FORCE, past_message
from leanrag.prompts import voice
from leanrag.response_cache import KNOWLEDGE_VERSION
from leanrag.tuning import TUNING_VERSION
from leanrag.types import PastMessage

_PARTS = """
    SELECT bot.bot_id, bot.prompt_version, bot.persona, bot.instructions,
           bot.greeting, bot.fallback,
           ({version}) AS tuning_version,
           ({knowledge}) AS knowledge_version, ({model}) AS embedding_model,
           ({summary}) AS summary,
           (SELECT json_agg(json_build_array(role, text)) FROM ({latest}) m) AS latest,
           (SELECT json_agg(json_build_array(kind, tokens, passages, sources))
            FROM ({totals}) s) AS totals
    FROM ({bot}) bot"""
_BASIS = text(
    _PARTS.format(
        version=TUNING_VERSION,
        knowledge=KNOWLEDGE_VERSION,
        model=MODEL_IN_USE,
        summary=SUMMARY_IN_FORCE,
        latest=LATEST_MESSAGES,
        totals=SOURCE_TOTALS,
        bot=CHOSEN_BOT,
    )
)


@dataclass(frozen=True, slots=True)
class TurnBasis:
    """A bot's voice, the tuning's version, the sources' sizes, and what was said before.

    `persona`, `instructions`, `greeting` and `fallback` (by language) are those of the bot's
    published version, `prompt_version`. `embedding_model` is "" where nothing is embedded yet.
    `latest` are the last messages with any text, newest
    first: as many as a turn carries along, or as sending everything would take, whichever is more.
    """

    bot_id: UUID
    persona: str
    tuning_version: str
    totals: tuple[SourceTotals, ...]
    summary: str = ""
    latest: tuple[PastMessage, ...] = ()
    instructions: str = ""
    greeting: dict[str, str] = field(default_factory=dict)
    fallback: dict[str, str] = field(default_factory=dict)
    prompt_version: int = 0
    knowledge_version: str | None = None
    embedding_model: str = ""

    @property
    def voice(self) -> str:
        """What opens the system prompt: the persona, then the instructions."""
        return voice(self.persona, self.instructions)


def read_basis(
    tenant_id: UUID,
    bot: str | UUID | None,
    *,
    conversation_id: UUID | None = None,
    recent_messages: int = 0,
    session: Session,
) -> TurnBasis:
    """Return what this transaction sees of it, for a bot's slug or id or the first bot.

    Nothing was said before in a new conversation (None). Raises NotFound for an unknown bot.
    """
    row = session.execute(
        _BASIS,
        {
            "tenant": tenant_id,
            "bot": None if bot is None else str(bot),
            "conversation": conversation_id,
            "messages": max(SENT_MESSAGES, recent_messages),
        },
    ).one_or_none()
    if row is None:
        raise no_such_bot(tenant_id, bot, session=session)
    return TurnBasis(
        bot_id=row.bot_id,
        persona=row.persona,
        tuning_version=row.tuning_version,
        totals=tuple(SourceTotals(*total) for total in row.totals or ()),
        summary=row.summary or "",
        latest=tuple(past_message(role, said) for role, said in row.latest or ()),
        instructions=row.instructions,
        greeting=row.greeting,
        fallback=row.fallback,
        prompt_version=row.prompt_version,
        knowledge_version=row.knowledge_version,
        embedding_model=row.embedding_model or "",
    )
