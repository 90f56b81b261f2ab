"""What the API takes and returns about bots and their versions; field names are the contract."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StrictBool, StrictInt

from leanrag.api.schemas import Reply, Request, Text
from leanrag.bot_content import BotContent
from leanrag.bot_version_rows import BotVersion, VersionState
from leanrag.router import IntentRouting, KeywordRule
from leanrag.routing_rows import RoutingOverlay, overlay
from leanrag.tuning import MAX_KEYWORDS, MAX_SHARE_TOKENS
from leanrag.types import Language, SourceKind

MAX_NUMBER = 2**31 - 1  # what the columns hold

# How long a text may be is told by the service, in the words of the field.
Edit = Annotated[
    StrictInt,
    Field(
        ge=0, le=MAX_NUMBER, description="The draft's edit that was seen; 0 where none was open."
    ),
]
VersionNumber = Annotated[StrictInt, Field(ge=0, le=MAX_NUMBER)]
EditorName = Annotated[Text, Field(description="Who does it, shown to the others.")]
Tokens = Annotated[StrictInt, Field(ge=0, le=MAX_SHARE_TOKENS)]


class NewBot(Request):
    """A bot to make: the short name that addresses use, and the name that people see."""

    slug: Annotated[Text, Field(description="1 to 63 letters a-z, digits and inner dashes.")]
    name: Text


class BotRename(Request):
    """The name that people are to see; the short name stays."""

    name: Text


class KeywordBody(Request):
    """A keyword of the tenant's own; one of the same key stands in front of the shipped one."""

    intent: Text
    language: Language
    keyword: Text
    weight: StrictInt
    enabled: StrictBool = True


class RoutingRowBody(Request):
    """An intent's kinds of sources and their shares in tokens."""

    intent: Text
    primary_kinds: list[SourceKind]
    primary_tokens: Tokens
    secondary_kinds: list[SourceKind] = Field(default_factory=list)
    secondary_tokens: Tokens = 0


class RoutingBody(Request):
    """The tenant's own keywords and routings, over the shipped ones."""

    keywords: list[KeywordBody] = Field(default_factory=list, max_length=MAX_KEYWORDS)
    routings: list[RoutingRowBody] = Field(default_factory=list, max_length=MAX_KEYWORDS)

    def value(self) -> RoutingOverlay:
        """Return it as the service takes it."""
        return overlay(
            (KeywordRule(**vars(row)) for row in self.keywords),
            (
                IntentRouting(
                    row.intent,
                    tuple(row.primary_kinds),
                    row.primary_tokens,
                    tuple(row.secondary_kinds),
                    row.secondary_tokens,
                )
                for row in self.routings
            ),
        )


class DraftRequest(Request):
    """The whole draft as it is to be stored; without `routing` it keeps the one that it has."""

    edit: Edit
    based_on: Annotated[
        VersionNumber, Field(description="The version whose changes this draft has seen.")
    ]
    persona: Text
    instructions: Text = ""
    greeting: dict[Language, Text] = Field(default_factory=dict)
    fallback: dict[Language, Text] = Field(default_factory=dict)
    routing: RoutingBody | None = None
    edited_by: EditorName = ""

    def content(self, kept: RoutingOverlay) -> BotContent:
        """Return the content as the service takes it, with the routing `kept` if none is named."""
        return BotContent(
            self.persona,
            self.instructions,
            {str(language): text for language, text in self.greeting.items()},
            {str(language): text for language, text in self.fallback.items()},
            kept if self.routing is None else self.routing.value(),
        )


class PublishRequest(Request):
    """Which edit of the draft to put in force, and what for."""

    edit: Edit
    note: Text = ""
    edited_by: EditorName = ""


class RollbackRequest(Request):
    """The version to bring back."""

    version: Annotated[StrictInt, Field(ge=1, le=MAX_NUMBER)]
    note: Text = ""
    edited_by: EditorName = ""


class VersionStampReply(Reply):
    """Which version it is, who made it and when; 0 is the draft, which has no number yet."""

    version: int
    state: VersionState
    edit: int
    note: str
    edited_by: str
    based_on: int
    restored_from: int | None
    created_at: datetime | None
    updated_at: datetime | None
    published_at: datetime | None


class VersionList(BaseModel):
    """The draft, if one is open, then the versions, newest first."""

    versions: list[VersionStampReply]


class KeywordRowReply(Reply):
    """A keyword of the tenant's own."""

    intent: str
    language: Language
    keyword: str
    weight: int
    enabled: bool


class RoutingRowReply(Reply):
    """An intent's kinds of sources and their shares in tokens."""

    intent: str
    primary_kinds: list[SourceKind]
    primary_tokens: int
    secondary_kinds: list[SourceKind]
    secondary_tokens: int


class OwnRoutingReply(Reply):
    """The tenant's own keywords and routings, over the shipped ones."""

    keywords: list[KeywordRowReply]
    routings: list[RoutingRowReply]


class BotVersionReply(VersionStampReply):
    """A version with all that it holds."""

    persona: str
    instructions: str
    greeting: dict[str, str]
    fallback: dict[str, str]
    routing: OwnRoutingReply

    @classmethod
    def of(cls, version: BotVersion) -> BotVersionReply:
        """Write a version."""
        stamp = VersionStampReply.model_validate(version.stamp)
        content = version.content
        return cls(
            **stamp.model_dump(),
            persona=content.persona,
            instructions=content.instructions,
            greeting=dict(content.greeting),
            fallback=dict(content.fallback),
            routing=OwnRoutingReply.model_validate(content.routing),
        )
