"""The prompt ledger: everything an answer was made from, kept with it for the X-ray."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from pydantic import TypeAdapter

from leanrag.abstention import Answerability
from leanrag.first_contact import FirstContactMatch
from leanrag.token_margin import EXACT, TokenMargin
from leanrag.types import AnswerMetadata, BudgetedPrompt, Citation, Route


@dataclass(frozen=True, slots=True)
class CounterfactualPart:
    """Tokens of one part of the prompt that would send everything."""

    name: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """The tokens that the send-everything prompt would have taken for this question."""

    total_tokens: int
    parts: tuple[CounterfactualPart, ...]


@dataclass(frozen=True, slots=True)
class CacheHit:
    """The answer of `message_id`, `age_seconds` old, was given again.

    `match`: the question was the same as `question` or nearly so; `differences` are what was
    overlooked, in the words of then and of now.
    """

    message_id: UUID
    match: Literal["exact", "near"]
    differences: tuple[tuple[str, str], ...]
    age_seconds: float
    question: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """How an answer came about: route, exact prompt, every passage's fate, cost and time.

    `widened`: sources outside the route were used. `step_ms`: milliseconds of each step. `margin`:
    by how much the provider may count the prompt longer than we did, as the budget assumed.
    `contact`: what the message does
    besides asking. `answerability`: the chance that the sources answer, where they are quoted.
    `cached`: the answer was given before; the prompt is that of then.
    """

    route: Route
    prompt: BudgetedPrompt
    widened: bool
    searched: int
    counterfactual: Counterfactual
    metadata: AnswerMetadata
    step_ms: dict[str, float]
    margin: TokenMargin = EXACT  # ledgers of before these were kept have none
    contact: FirstContactMatch | None = None
    answerability: Answerability | None = None
    cached: CacheHit | None = None

    @property
    def prompt_version(self) -> int:
        """The version of the bot's texts and routing that the answer was made by; 0: unknown."""
        return self.metadata.prompt_version


def ledger_to_json(ledger: Ledger) -> str:
    """Return the ledger as JSON text, for the database."""
    return _adapter(Ledger).dump_json(ledger).decode()


def ledger_from_json(stored: dict[str, Any]) -> Ledger | None:
    """Read a stored ledger; None where a message has none."""
    if not stored:
        return None
    ledger: Ledger = _adapter(Ledger).validate_python(stored)
    return ledger


def citations_to_json(citations: tuple[Citation, ...]) -> str:
    """Return citations as JSON text, for the database."""
    return _adapter(tuple[Citation, ...]).dump_json(citations).decode()


def citations_from_json(stored: list[Any]) -> tuple[Citation, ...]:
    """Read stored citations."""
    citations: tuple[Citation, ...] = _adapter(tuple[Citation, ...]).validate_python(stored)
    return citations


@lru_cache(maxsize=4)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
