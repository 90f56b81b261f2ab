"""The frozen values that travel between the steps of a turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

Language = Literal["fa", "en", "ar", "tr"]
LANGUAGES: tuple[Language, ...] = ("fa", "en", "ar", "tr")
RIGHT_TO_LEFT: frozenset[str] = frozenset({"fa", "ar"})

SourceKind = Literal["faq", "manual", "product", "website", "document"]
SOURCE_KINDS: tuple[SourceKind, ...] = ("faq", "manual", "product", "website", "document")
# How a source is fed: an uploaded file, a grid of records, instructions, or a website.
SourceForm = Literal["file", "records", "manual", "website"]
SourceStatus = Literal["pending", "processing", "processed", "failed", "cancelled"]

Intent = str
DEFAULT_INTENTS: tuple[Intent, ...] = ("pricing", "product", "howto", "contact", "general")

Section = Literal["system", "question", "conversation", "primary", "secondary"]
Fate = Literal["kept", "trimmed", "dropped"]
Outcome = Literal["complete", "stopped", "partial", "abstained"]
# What `model_used` says of answers that no model made and no passage was quoted for.
FIXED_REPLY, CACHED_ANSWER = "fixed", "cache"

# ---- the turn ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MatchedKeyword:
    """A keyword that was found in the question, with its weight (1 to 3).

    `typed`: the customer's own words. `is_near`: they are only nearly spelt like the keyword, and
    `counted` of its weight. `is_own`: the tenant set it, so no model may overrule it.
    """

    keyword: str
    intent: Intent
    weight: int
    typed: str = ""
    is_near: bool = False
    counted: float = 0.0
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class SourceShare:
    """Kinds of sources that a part of the prompt may come from, and its tokens at most."""

    kinds: tuple[SourceKind, ...]
    max_tokens: int


@dataclass(frozen=True, slots=True)
class ModelFeature:
    """Words of the question that spoke for an intent in the model; `weight` in log-odds."""

    text: str
    intent: Intent
    weight: float


@dataclass(frozen=True, slots=True)
class IntentScore:
    """What spoke for an intent: counted weights of keywords, the model's chance, and both as one.

    `model` is None where no model knows the intent; `probability` is not calibrated.
    """

    intent: Intent
    keywords: float
    model: float | None
    probability: float


@dataclass(frozen=True, slots=True)
class RouteExplanation:
    """Why a question went where it went: every intent's score, best first, and who decided.

    `overruled` is the intent that the model would have chosen against a keyword that the tenant
    set. Below `least_probability` a question without keywords is general. `labelled`: how many of
    the tenant's own labelled messages the model learned from.
    """

    decided_by: Literal["keywords", "model", "both", "nothing"] = "nothing"
    scores: tuple[IntentScore, ...] = ()
    features: tuple[ModelFeature, ...] = ()
    overruled: Intent | None = None
    least_probability: float = 0.0
    labelled: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """Where a question goes: language, intent, confidence (0 to 1) and the two source shares.

    Of so many routes of one confidence, as many are right (bench/routing.py). `also`: the second
    thing that the question asks for; both shares then hold the sources of both intents.
    """

    language: Language
    intent: Intent
    confidence: float
    matched: tuple[MatchedKeyword, ...]
    primary: SourceShare
    secondary: SourceShare
    also: Intent | None = None
    explanation: RouteExplanation = RouteExplanation()


@dataclass(frozen=True, slots=True)
class SentenceChance:
    """A sentence of a passage, `text[start:end]`, and how likely it answers the question."""

    start: int
    end: int
    probability: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved chunk with its scores; `score` is the fused one, 0 to 1.

    `probability` is the chance that of all candidates this one answers, and `sentences` tells which
    of its sentences do: theirs add up to it. Both are set by ranking, for the first candidates.
    `label` names its place in a file without pages, `url` is the web page it stands on.
    """

    passage_id: UUID
    source_id: UUID
    kind: SourceKind
    source_title: str
    title: str
    heading: str
    text: str
    language: Language
    position: int
    page: int | None
    token_count: int
    is_citable: bool
    lexical_score: float
    dense_score: float
    score: float
    label: str = ""
    url: str = ""
    probability: float = 0.0
    sentences: tuple[SentenceChance, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Retrieved passages, best first, by the share they belong to.

    `widened` is true when sources outside the route had to be used; `searched` counts candidates.
    """

    primary: tuple[Passage, ...]
    secondary: tuple[Passage, ...]
    widened: bool = False
    searched: int = 0


@dataclass(frozen=True, slots=True)
class PastMessage:
    """An earlier message of the conversation; `role` as the chat protocol names it."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Memory:
    """What a conversation carries along: one rolling summary and the latest messages in order."""

    summary: str = ""
    recent: tuple[PastMessage, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One chat message as it is sent to the provider."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class PassageDecision:
    """What the budget did with a passage, and why.

    `marker` is the citation number shown in the prompt; None for learn-only or dropped passages.
    `tokens` are those that the prompt carries; `text` is what it carries (shorter when trimmed).
    """

    passage: Passage
    section: Section
    fate: Fate
    reason: str
    tokens: int
    text: str
    marker: int | None


@dataclass(frozen=True, slots=True)
class SectionTokens:
    """Tokens of one section of the prompt; the sections of a prompt add up to its total."""

    section: Section
    tokens: int
    max_tokens: int


@dataclass(frozen=True, slots=True)
class BudgetedPrompt:
    """The exact prompt, with its tokens by section and every passage's fate.

    `total_tokens` is what the provider will bill: every message and the chat format's overhead.
    """

    messages: tuple[PromptMessage, ...]
    total_tokens: int
    sections: tuple[SectionTokens, ...]
    decisions: tuple[PassageDecision, ...]
    encoding: str

    def carried(self) -> tuple[PassageDecision, ...]:
        """Return the decisions whose passage is in the prompt, in prompt order."""
        return tuple(d for d in self.decisions if d.fate != "dropped")


# ---- generation -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ModelUsage:
    """Tokens of one provider call; `reported` is false where they were counted by us."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    reported: bool = True


@dataclass(frozen=True, slots=True)
class ModelDelta:
    """A piece of generated text, and the last one's usage, model and finish reason.

    `finish_reason` is the protocol's ("stop", "length", …), set on the last piece alone.
    """

    text: str = ""
    usage: ModelUsage | None = None
    model: str = ""
    finish_reason: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage that an answer cites: `number` is its marker, `quote` the passage's own words.

    `label` names its place in a file without pages, `url` is the web page it stands on.
    """

    number: int
    passage_id: UUID
    source_id: UUID
    title: str
    heading: str
    page: int | None
    quote: str
    label: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class AnswerMetadata:
    """How an answer came about; cost in US dollars (None: no known price), times in ms.

    `prompt_version`: of the bot's published texts and routing; 0 where none was.
    """

    intent: Intent
    confidence: float
    language: Language
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    model_used: str
    cost_usd: float | None
    saved_tokens: int
    usage_reported: bool
    outcome: Outcome
    response_time_ms: float
    first_token_ms: float | None
    prompt_version: int = 0


# ---- events of a turn, in the order in which they come -----------------------------------------


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The turn was admitted and routed; both messages have their ids."""

    conversation_id: UUID
    message_id: UUID
    route: Route


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Text to append to the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class CitationMade:
    """The answer so far cites this passage for the first time."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The answer is whole and stored."""

    conversation_id: UUID
    message_id: UUID
    text: str
    citations: tuple[Citation, ...]
    metadata: AnswerMetadata


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """The turn broke; `kept_text` is what was stored as a partial answer (may be empty)."""

    code: str
    message: str
    conversation_id: UUID | None = None
    message_id: UUID | None = None
    kept_text: str = ""
    details: dict[str, object] = field(default_factory=dict)


TurnEvent = TurnStarted | TextDelta | CitationMade | TurnEnded | TurnFailed
