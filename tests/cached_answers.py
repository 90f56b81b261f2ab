"""A tenant with answers that are kept, and the statements that it sends."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import event, func, insert, select, text

from db.models import Bot, CachedResponse, Conversation, Message
from db.models.base import new_id
from leanrag.guarded_database import GuardedDatabase
from leanrag.response_cache import (
    KNOWLEDGE_VERSION,
    AnswerBasis,
    CachedAnswer,
    CacheKey,
    ResponseCache,
)
from leanrag.types import Citation
from tests.product_parts import DELIVERY, new_tenant

QUESTION = "How long does delivery take to Istanbul?"
CACHE = ResponseCache(900)
BASIS = AnswerBasis("1.0", 1, "t", "s", "gpt-4o-mini", "o200k_base", "en", "general")


class Shop:
    """A tenant with a bot, knowledge, and answers that were given."""

    def __init__(self, database: GuardedDatabase) -> None:
        self.database = database
        self.tenant_id = new_tenant(database)
        self.conversation_id = new_id()
        with database.tenant(self.tenant_id) as session:
            self.bot_id = session.scalars(select(Bot.bot_id)).one()
            session.add(self._conversation(self.conversation_id))

    def _conversation(self, conversation_id: UUID) -> Conversation:
        return Conversation(
            tenant_id=self.tenant_id, conversation_id=conversation_id, bot_id=self.bot_id
        )

    @property
    def knowledge_version(self) -> str | None:
        with self.database.tenant(self.tenant_id) as session:
            version = session.scalar(text(KNOWLEDGE_VERSION), {"tenant": self.tenant_id})
        return None if version is None else str(version)

    def key(self, **changes: Any) -> CacheKey:
        """Return the key of a turn as of now, unless something of its basis is named."""
        parts = {"knowledge_version": self.knowledge_version, **changes}
        basis = replace(BASIS, **parts)
        return CacheKey(self.bot_id, basis.language, basis.digest())

    def answer(self, answer: str = "Three days.", *, status: str = "complete") -> UUID:
        message_id = new_id()
        citation = Citation(1, new_id(), new_id(), "Delivery", "", None, DELIVERY)
        with self.database.tenant(self.tenant_id) as session:
            row = {
                "tenant_id": self.tenant_id,
                "message_id": message_id,
                "conversation_id": self.conversation_id,
                "role": "assistant",
                "text": answer,
                "status": status,
                "citations": [json.loads(json.dumps(_plain(citation)))],
                "ledger": {"metadata": {"model_used": "gpt-4o-mini"}},
            }
            session.execute(insert(Message), row)
        return message_id

    def store(self, key: CacheKey, question: str = QUESTION, **more: Any) -> UUID:
        message_id = self.answer(**more)
        with self.database.tenant(self.tenant_id) as session:
            CACHE.store(self.tenant_id, key, question, message_id, session=session)
        return message_id

    def find(self, key: CacheKey, question: str = QUESTION) -> CachedAnswer | None:
        with self.database.tenant(self.tenant_id) as session:
            return CACHE.find(self.tenant_id, key, question, session=session)

    def entries(self) -> int:
        with self.database.tenant(self.tenant_id) as session:
            return session.scalar(select(func.count()).select_from(CachedResponse)) or 0

    def execute(self, statement: Any) -> None:
        with self.database.tenant(self.tenant_id) as session:
            session.execute(statement)


def _plain(citation: Citation) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, UUID) else value
        for name in Citation.__slots__
        for value in [getattr(citation, name)]
    }


class Statements:
    """The statements that are sent to a shop's database."""

    def __init__(self, shop: Shop) -> None:
        self._engine = shop.database.engine
        self.sent: list[str] = []

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.sent.append(statement)

    def __enter__(self) -> list[str]:
        event.listen(self._engine, "before_cursor_execute", self._note)
        return self.sent

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._note)
