"""What the API takes and returns, except for turns; field names are the contract."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from leanrag.types import Language, SourceKind, SourceStatus


def _refuse_unstorable(text: str) -> str:
    """Refuse what PostgreSQL cannot store and no keyboard types."""
    if "\0" in text:
        raise PydanticCustomError("unstorable", "holds a NUL character; remove it")
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise PydanticCustomError("unstorable", "holds half of a character; send valid Unicode")
    return text


Text = Annotated[str, AfterValidator(_refuse_unstorable)]
BotName = Annotated[
    str,
    Field(max_length=100, description="A bot's id or slug."),
    AfterValidator(_refuse_unstorable),
]


class Request(BaseModel):
    """A body that the API takes: a field that it does not know is refused, not overlooked."""

    model_config = ConfigDict(extra="forbid")


class Reply(BaseModel):
    """A value that the API returns, read from the frozen value of the same field names."""

    model_config = ConfigDict(from_attributes=True)


class ErrorBody(BaseModel):
    """What went wrong: a stable code, one plain sentence, and details for programs."""

    code: str = Field(examples=["not_found"])
    message: str = Field(examples=["There is no such document here; it may have been deleted."])
    details: dict[str, Any] = Field(examples=[{}])


class ErrorReply(BaseModel):
    """The one shape of every error."""

    error: ErrorBody


# ---- files ------------------------------------------------------------------------------------


class FileAccepted(BaseModel):
    """An upload that was stored and waits to be read, or the same file as it is known already."""

    document_id: UUID
    filename: str = Field(examples=["price-list.pdf"])
    status: SourceStatus = Field(examples=["pending"])
    job_id: int | None = Field(description="None when the same file was uploaded before.")
    duplicate: bool


class FileReply(Reply):
    """An uploaded source; `progress` in percent, `error` one plain sentence when it failed."""

    document_id: UUID = Field(validation_alias="source_id")
    bot_id: UUID | None
    kind: SourceKind
    title: str
    filename: str
    media_type: str
    byte_size: int
    is_citable: bool
    enabled: bool
    status: SourceStatus
    step: str
    progress: int
    error: str | None
    page_count: int | None
    passage_count: int
    token_count: int
    created_at: datetime
    processed_at: datetime | None


class FilePage(BaseModel):
    """A page of files, newest first; `next_offset` is None on the last page."""

    files: list[FileReply]
    next_offset: int | None


class ChunkReply(Reply):
    """A passage of a file, in the file's order; `token_count` in o200k_base tokens."""

    chunk_id: UUID
    position: int
    title: str
    heading: str
    text: str
    tldr: str
    language: Language
    page: int | None
    label: str = Field(description="Its place in a file without pages; else empty.")
    token_count: int
    is_citable: bool
    enabled: bool


class ChunkPage(BaseModel):
    """A page of passages; `next_offset` is None on the last page."""

    document_id: UUID
    chunks: list[ChunkReply]
    next_offset: int | None


# ---- bots, usage, health ----------------------------------------------------------------------


class BotReply(Reply):
    """A bot with its greeting by language."""

    bot_id: UUID
    slug: str
    name: str
    persona: str
    greeting: dict[str, str]


class BotList(BaseModel):
    """The tenant's bots, the default one first."""

    bots: list[BotReply]


class TotalsReply(Reply):
    """Sums over a time, a bot or a model; costs in US dollars."""

    requests: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    counterfactual_tokens: int
    saved_tokens: int
    cost_usd: float
    saved_usd: float
    unpriced_requests: int


class UsageRowReply(Reply):
    """The sums of one bucket; `key` is an ISO time, a bot's id or a model's name."""

    key: str
    label: str
    totals: TotalsReply


class UsageReportReply(Reply):
    """Usage between two times."""

    since: datetime
    until: datetime
    totals: TotalsReply
    by_time: list[UsageRowReply]
    by_bot: list[UsageRowReply]
    by_model: list[UsageRowReply]


class UsageReply(BaseModel):
    """Usage of the last day by hour and of the last week by day."""

    last_24_hours: UsageReportReply
    last_7_days: UsageReportReply


class AliveReply(BaseModel):
    """The process answers."""

    status: str = Field("ok", examples=["ok"])


class CheckReply(Reply):
    """One part and whether it works."""

    name: str
    ok: bool
    message: str


class ReadyReply(BaseModel):
    """Every part that answering needs works."""

    status: str = Field("ready", examples=["ready"])
    checks: list[CheckReply]
