"""What a question takes, and what its route, its answer, its stream and its search return."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from leanrag.api.schemas import BotName, Reply, Request, Text
from leanrag.types import Intent, Language, Outcome, SourceKind

_EXAMPLE = "How much is the copper teapot?"


class AskRequest(Request):
    """A question, with the conversation it continues and the bot it is for."""

    # One example of the whole, or the page would fill the optional ids with invented ones.
    model_config = ConfigDict(json_schema_extra={"examples": [{"question": _EXAMPLE}]})

    question: Text
    conversation_id: UUID | None = Field(None, description="Without it a conversation begins.")
    bot_id: BotName | None = Field(None, description="A bot's id or slug; without it the first.")


class ChatRequest(AskRequest):
    """The same for a stream; `message` and `session_id` are other names of two of its fields."""

    question: Text = Field(validation_alias=AliasChoices("question", "message"))
    conversation_id: UUID | None = Field(
        None, validation_alias=AliasChoices("conversation_id", "session_id")
    )


class CitationReply(Reply):
    """A passage that the answer cites as [number]; `quote` holds the passage's own words."""

    number: int
    passage_id: UUID
    document_id: UUID = Field(validation_alias="source_id")
    title: str
    heading: str
    page: int | None
    label: str = Field(description="Its place without pages: 00:12:05, rows 2-9; or empty.")
    url: str = Field(description="The web page that it stands on; else empty.")
    quote: str


class MetadataReply(Reply):
    """What an answer cost and how it came about; `cost_usd` in US dollars."""

    intent: Intent
    confidence: float = Field(ge=0, le=1)
    language: Language
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    model_used: str
    cost_usd: float | None
    saved_tokens: int = Field(description="Tokens that sending everything would have added.")
    outcome: Outcome
    usage_reported: bool = Field(description="False where tokens were counted, not reported.")
    first_token_ms: float | None
    prompt_version: int = Field(description="Of the bot's texts and routing; 0: none published.")


class AskReply(BaseModel):
    """A whole answer."""

    success: bool
    response: str
    response_time_ms: float
    conversation_id: UUID
    message_id: UUID
    citations: list[CitationReply]
    metadata: MetadataReply


class KeywordReply(Reply):
    """A keyword that was found in the question; `weight` is 1 to 3."""

    keyword: str
    intent: Intent
    weight: int
    typed: str = Field(description="The customer's own words.")
    is_near: bool = Field(description="They are only nearly spelt like the keyword.")


class ShareReply(Reply):
    """Kinds of sources that a part of the prompt may come from, and its tokens at most."""

    kinds: list[SourceKind]
    max_tokens: int


class RouteReply(Reply):
    """Where a question goes."""

    language: Language
    intent: Intent
    also: Intent | None = Field(description="The second thing that the question asks for.")
    confidence: float
    matched: list[KeywordReply]
    primary: ShareReply
    secondary: ShareReply


class StartEvent(Reply):
    """Data of the event `start`: the turn was admitted and routed."""

    conversation_id: UUID
    message_id: UUID
    route: RouteReply


class DeltaEvent(Reply):
    """Data of the event `delta`: text to append."""

    text: str


class ErrorEvent(Reply):
    """Data of the event `error`: the turn broke; `kept_text` is what was stored of the answer."""

    code: str
    message: str
    conversation_id: UUID | None
    message_id: UUID | None
    kept_text: str
    details: dict[str, Any]


class PassageReply(Reply):
    """A ranked passage; the scores run from 0 to about 1 and `score` is the fused one."""

    passage_id: UUID
    document_id: UUID = Field(validation_alias="source_id")
    kind: SourceKind
    source_title: str
    title: str
    heading: str
    text: str
    language: Language
    position: int
    page: int | None
    label: str = Field(description="Its place without pages: 00:12:05, rows 2-9; or empty.")
    token_count: int
    is_citable: bool
    lexical_score: float
    dense_score: float
    score: float


class SearchReply(BaseModel):
    """What a question would find, best first, and the route it would take."""

    bot_id: UUID
    query: str
    route: RouteReply
    passages: list[PassageReply]
