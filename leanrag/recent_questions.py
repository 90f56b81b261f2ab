"""What a tenant's customers asked last, each text once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from leanrag.bots import find_bot
from leanrag.errors import InvalidInput
from leanrag.first_contact import FirstContact
from leanrag.text.language import detect_language

DEFAULT_QUESTIONS = 50
MAX_QUESTIONS = 500
RECENT_MESSAGES = 10_000  # one text that a machine repeats must not make this read a whole archive

# Ids grow with time (UUIDv7), so the primary key gives the newest first.
_RECENT = text("""
    WITH recent AS MATERIALIZED (
        SELECT m.text, m.created_at, c.bot_id,
               row_number() OVER (ORDER BY m.message_id DESC) AS place
        FROM messages m
        JOIN conversations c ON c.tenant_id = m.tenant_id AND c.conversation_id = m.conversation_id
        WHERE m.tenant_id = :tenant AND m.role = 'user'
          AND (CAST(:bot AS uuid) IS NULL OR c.bot_id = CAST(:bot AS uuid))
        ORDER BY m.message_id DESC LIMIT :messages)
    SELECT text, bot_id, max(created_at) AS asked_at, count(*) AS times
    FROM recent WHERE text <> ''
    GROUP BY text, bot_id
    ORDER BY min(place) LIMIT :questions""")


@dataclass(frozen=True, slots=True)
class PastQuestion:
    """A question as a customer wrote it, when last, and how often among the recent messages."""

    text: str
    bot_id: UUID
    asked_at: datetime
    times: int


def read_questions(
    tenant_id: UUID, *, bot: str | UUID | None, limit: int, session: Session
) -> tuple[PastQuestion, ...]:
    """Return the last questions to a bot (slug or id), or to any (None), newest first.

    Looks through the last 10,000 messages. Raises InvalidInput unless `limit` is 1 to 500, and
    NotFound for an unknown bot.
    """
    if not 1 <= limit <= MAX_QUESTIONS:
        raise InvalidInput(f"Between 1 and {MAX_QUESTIONS} questions can be replayed, not {limit}.")
    bot_id = None if bot is None else find_bot(tenant_id, bot, session=session).bot_id
    rows = session.execute(
        _RECENT,
        {
            "tenant": tenant_id,
            "bot": bot_id,
            "messages": RECENT_MESSAGES,
            "questions": limit,
        },
    )
    return tuple(PastQuestion(row.text, row.bot_id, row.asked_at, row.times) for row in rows)


def to_be_routed(
    questions: Sequence[PastQuestion], contact: FirstContact
) -> tuple[PastQuestion, ...]:
    """Return the questions that are routed in a turn: a fixed text answers greetings."""
    matches = (contact.recognise(q.text, detect_language(q.text)) for q in questions)
    return tuple(
        question
        for question, match in zip(questions, matches, strict=True)
        if match is None or not match.is_whole
    )


def forbid_writing(session: Session) -> None:
    """Make the session's transaction read only: whatever is tried in it, nothing is stored."""
    session.connection().exec_driver_sql("SET TRANSACTION READ ONLY")
