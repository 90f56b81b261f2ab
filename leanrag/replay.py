"""A question's prompt before and after a change, and the passages that it gained and lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from leanrag.recent_questions import PastQuestion
from leanrag.types import BudgetedPrompt, PassageDecision, Route, Section, SourceKind

NOT_FOUND = "not among the candidates"


@dataclass(frozen=True, slots=True)
class ReplayedTurn:
    """The route and the prompt that a question gets; `widened`: beyond the routed sources."""

    route: Route
    prompt: BudgetedPrompt
    widened: bool

    def with_route(self, route: Route) -> ReplayedTurn:
        """Return the same prompt under another route that shares it out the same way."""
        return replace(self, route=route)


@dataclass(frozen=True, slots=True)
class FailedTurn:
    """The route of a question that gets no prompt, and the sentence that says why."""

    route: Route
    message: str

    def with_route(self, route: Route) -> FailedTurn:
        """Return the same failure under another route."""
        return replace(self, route=route)


@dataclass(frozen=True, slots=True)
class MovedPassage:
    """A passage that one of the two prompts carries, with `tokens`, and the other does not.

    `section` is where it stands in the one, `reason` why it is not in the other.
    """

    passage_id: UUID
    source_id: UUID
    kind: SourceKind
    source_title: str
    title: str
    heading: str
    is_citable: bool
    section: Section
    tokens: int
    reason: str


@dataclass(frozen=True, slots=True)
class ResizedPassage:
    """A passage that both prompts carry, with more or fewer of its sentences."""

    passage_id: UUID
    source_title: str
    title: str
    tokens_before: int
    tokens_after: int


@dataclass(frozen=True, slots=True)
class ReplayedQuestion:
    """A question before and after a change; nothing moved where either has no prompt."""

    question: PastQuestion
    before: ReplayedTurn | FailedTurn
    after: ReplayedTurn | FailedTurn
    gained: tuple[MovedPassage, ...] = ()
    lost: tuple[MovedPassage, ...] = ()
    resized: tuple[ResizedPassage, ...] = ()

    @property
    def changes_intent(self) -> bool:
        """Whether the intent, or the second one, is another one."""
        before, after = self.before.route, self.after.route
        return (before.intent, before.also) != (after.intent, after.also)

    @property
    def changes_shares(self) -> bool:
        """Whether other kinds of sources, or other budgets, are asked for."""
        return not same_shares(self.before.route, self.after.route)

    @property
    def changes_prompt(self) -> bool:
        """Whether the prompt's text is another one, or there is one only before or after."""
        if isinstance(self.before, ReplayedTurn) and isinstance(self.after, ReplayedTurn):
            return self.before.prompt.messages != self.after.prompt.messages
        return type(self.before) is not type(self.after)


def same_shares(before: Route, after: Route) -> bool:
    """Tell whether two routes ask for the same kinds of sources within the same budgets."""
    return (before.primary, before.secondary) == (after.primary, after.secondary)


def compare(
    question: PastQuestion, before: ReplayedTurn | FailedTurn, after: ReplayedTurn | FailedTurn
) -> ReplayedQuestion:
    """Return both with what their prompts do not share, in the order of the prompts."""
    if not isinstance(before, ReplayedTurn) or not isinstance(after, ReplayedTurn):
        return ReplayedQuestion(question, before, after)
    if before.prompt is after.prompt:
        return ReplayedQuestion(question, before, after)
    return ReplayedQuestion(
        question,
        before,
        after,
        gained=_moved(after.prompt, before.prompt),
        lost=_moved(before.prompt, after.prompt),
        resized=_resized(before.prompt, after.prompt),
    )


def _moved(one: BudgetedPrompt, other: BudgetedPrompt) -> tuple[MovedPassage, ...]:
    """Return what `one` carries and `other` does not."""
    fates = {decision.passage.passage_id: decision for decision in other.decisions}
    moved = []
    for decision in one.carried():
        elsewhere = fates.get(decision.passage.passage_id)
        if elsewhere is None or elsewhere.fate == "dropped":
            moved.append(_as_moved(decision, elsewhere.reason if elsewhere else NOT_FOUND))
    return tuple(moved)


def _as_moved(decision: PassageDecision, reason: str) -> MovedPassage:
    passage = decision.passage
    return MovedPassage(
        passage_id=passage.passage_id,
        source_id=passage.source_id,
        kind=passage.kind,
        source_title=passage.source_title,
        title=passage.title,
        heading=passage.heading,
        is_citable=passage.is_citable,
        section=decision.section,
        tokens=decision.tokens,
        reason=reason,
    )


def _resized(before: BudgetedPrompt, after: BudgetedPrompt) -> tuple[ResizedPassage, ...]:
    carried = {decision.passage.passage_id: decision for decision in before.carried()}
    return tuple(
        ResizedPassage(
            decision.passage.passage_id,
            decision.passage.source_title,
            decision.passage.title,
            carried[decision.passage.passage_id].tokens,
            decision.tokens,
        )
        for decision in after.carried()
        if decision.passage.passage_id in carried
        and carried[decision.passage.passage_id].text != decision.text
    )
