"""What one question finds: every passage with and without the route, and the prompt it leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leanrag.abstention import Answerability
from leanrag.types import BudgetedPrompt, Passage, PassageDecision, Route


@dataclass(frozen=True, slots=True)
class RetrievedPassage:
    """A passage that a question finds, and what the budget did with it.

    `rank` counts from 1 with the odds of the route, which `decision.passage.probability` holds;
    `plain_rank` and `plain_probability` (0 to 1) are those of the search alone.
    """

    rank: int
    plain_rank: int
    plain_probability: float
    decision: PassageDecision


@dataclass(frozen=True, slots=True)
class RetrievalLook:
    """A question as a turn would see it, as the first of a conversation.

    `passages` are in the order of their rank. `widened`: no routed source holds anything, so all
    are used. `answerability` is the chance that what may be quoted answers. `is_fixed`: a fixed
    text answers this message, and a turn would search nothing. `step_ms`: each step's milliseconds.
    """

    question: str
    route: Route
    passages: tuple[RetrievedPassage, ...]
    prompt: BudgetedPrompt
    widened: bool
    answerability: Answerability
    is_fixed: bool
    step_ms: dict[str, float]

    def without_route(self) -> tuple[RetrievedPassage, ...]:
        """Return the passages as the search alone ranks them."""
        return tuple(sorted(self.passages, key=lambda found: found.plain_rank))


def retrieved(
    plain: Sequence[Passage], decisions: Sequence[PassageDecision]
) -> tuple[RetrievedPassage, ...]:
    """Return what was decided on every passage, likeliest first; `plain` is the search's order."""
    places = {passage.passage_id: at for at, passage in enumerate(plain)}
    routed = sorted(decisions, key=lambda d: (-d.passage.probability, -d.passage.score))
    return tuple(
        RetrievedPassage(
            rank=rank,
            plain_rank=places[decision.passage.passage_id] + 1,
            plain_probability=plain[places[decision.passage.passage_id]].probability,
            decision=decision,
        )
        for rank, decision in enumerate(routed, start=1)
    )
