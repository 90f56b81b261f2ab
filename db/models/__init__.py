"""Tables by area; importing this package registers all of them on `Base.metadata`."""

from db.models.base import GLOBAL_TENANT_ID, Base
from db.models.conversations import (
    CachedResponse,
    Conversation,
    Message,
    PrivacyFinding,
    SessionMemory,
)
from db.models.feeding import (
    EmbeddingSwitch,
    NewerFile,
    PassageEdit,
    SitePage,
    SuggestedPairRow,
    WrittenTldr,
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
from db.models.people import ApiKey, AuditEvent, Member, Person, SignIn, SignInCode
from db.models.routing import IntentKeyword, IntentRoutingRow, LabelledMessage
from db.models.tenants import Bot, BotVersionRow, Tenant
from db.models.usage import QuotaPeriod, UsageEvent

__all__ = [
    "GLOBAL_TENANT_ID",
    "ApiKey",
    "AuditEvent",
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
    "EmbeddingSwitch",
    "IntentKeyword",
    "IntentRoutingRow",
    "LabelledMessage",
    "LexicalStatistics",
    "Member",
    "Message",
    "NewerFile",
    "PassageEdit",
    "Person",
    "PrivacyFinding",
    "QuotaPeriod",
    "SessionMemory",
    "SignIn",
    "SignInCode",
    "SitePage",
    "Source",
    "SourceFile",
    "SuggestedPairRow",
    "Tenant",
    "UsageEvent",
    "WrittenTldr",
]
