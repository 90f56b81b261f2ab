"""Tables by area; importing this package registers all of them on `Base.metadata`."""

from db.models.base import GLOBAL_TENANT_ID, Base
from db.models.conversations import (
    CachedResponse,
    Conversation,
    Message,
    PrivacyFinding,
    SessionMemory,
)
from db.models.knowledge import (
    ChunkEmbedding,
    ChunkRow,
    ChunkTerms,
    CitationUse,
    EmbeddingCache,
    LexicalStatistics,
    Source,
    SourceFile,
)
from db.models.routing import IntentKeyword, IntentRoutingRow, LabelledMessage
from db.models.tenants import Bot, BotVersionRow, Tenant
from db.models.usage import QuotaPeriod, UsageEvent

__all__ = [
    "GLOBAL_TENANT_ID",
    "Base",
    "Bot",
    "BotVersionRow",
    "CachedResponse",
    "ChunkEmbedding",
    "ChunkRow",
    "ChunkTerms",
    "CitationUse",
    "Conversation",
    "EmbeddingCache",
    "IntentKeyword",
    "IntentRoutingRow",
    "LabelledMessage",
    "LexicalStatistics",
    "Message",
    "PrivacyFinding",
    "QuotaPeriod",
    "SessionMemory",
    "Source",
    "SourceFile",
    "Tenant",
    "UsageEvent",
]
