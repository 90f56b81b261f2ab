"""What the API takes and returns, except for turns; field names are the contract."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from leanrag.types import Language, SourceForm, SourceKind, SourceStatus


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
    form: SourceForm
    language: str
    tags: list[str]
    added_by: str
    step_done: int
    step_total: int
    embedded_count: int
    reused_count: int
    repeated_count: int
    embedding_cost_usd: float


class FileChange(Request):
    """What is to change about a source; what is left out or null stays."""

    title: Text | None = None
    tags: list[Text] | None = None
    kind: SourceKind | None = None
    is_citable: bool | None = Field(None, description="False: learned from, never quoted or cited.")
    enabled: bool | None = None


class ProcessAgain(Request):
    """How to cut the source this time."""

    chunk_tokens: int | None = Field(None, description="Tokens of a passage; null: the setting's.")


class ProcessReply(BaseModel):
    """A source that waits to be processed again."""

    document_id: UUID
    job_id: int


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
    label: str = Field(description="Its place in a file without pages: 00:12:05, rows 2-9.")
    token_count: int
    is_citable: bool
    enabled: bool
    url: str
    edit_id: UUID | None = Field(description="The person's edit that it carries.")
    version: str = Field("", description="Changes with the passage; send it with a change of it.")


class ChunkPage(BaseModel):
    """A page of passages; `next_offset` is None on the last page."""

    document_id: UUID
    chunks: list[ChunkReply]
    next_offset: int | None


class ChunkChange(Request):
    """What is to change about a passage; what is left out or null stays."""

    version: Text = Field(description="The passage's version when it was read.")
    text: Text | None = None
    tldr: Text | None = None
    is_citable: bool | None = None
    enabled: bool | None = None


class EditReviewReply(Reply):
    """An edit whose source changed beneath it: original, edit, and what the source says now."""

    edit_id: UUID
    document_id: UUID = Field(validation_alias="source_id")
    source_title: str
    state: Literal["changed", "gone"]
    position: int
    page: int | None
    label: str
    url: str
    heading: str
    original_text: str
    original_tldr: str
    edited_text: str | None
    edited_tldr: str | None
    is_citable: bool | None = Field(description="None: the edit does not set it.")
    enabled: bool | None = Field(description="None: the edit does not set it.")
    newer_text: str
    newer_tldr: str
    current_text: str = Field(description="What answers stand on in that place meanwhile.")
    chunk_ids: list[UUID]
    edited_by: str
    edited_at: datetime
    version: str = Field(description="Send it along with the decision.")


class EditReviewPage(BaseModel):
    """A page of reviews, the oldest edit first; `count` is of all that wait."""

    reviews: list[EditReviewReply]
    count: int
    next_offset: int | None


class Settle(Request):
    """A decision. Of a "changed" edit: keep or take_newer; of a "gone" one: keep or drop."""

    decision: Literal["keep", "take_newer", "drop"]
    version: Text = Field(description="The review's version when it was read.")


class SettledReply(BaseModel):
    """What stands in that place now; None where nothing does."""

    chunk: ChunkReply | None


# ---- bots, usage, health ----------------------------------------------------------------------


class BotReply(Reply):
    """A bot: what it says by the version in force (0: nothing was published), by language."""

    bot_id: UUID
    slug: str
    name: str
    prompt_version: int
    persona: str
    instructions: str
    greeting: dict[str, str]
    fallback: dict[str, str]


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
