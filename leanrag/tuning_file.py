"""A draft as a TOML file: the keywords, routings and budgets to change, and nothing else.

Rows are written as in a bot's draft file (leanrag/bot_file.py), so they can be copied over.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, ValidationError

from leanrag.budget import BudgetLimits
from leanrag.errors import InvalidInput
from leanrag.router import IntentRouting, KeywordRule
from leanrag.routing_rows import RoutingOverlay, keyword_key, lay_over, overlay
from leanrag.text.normalize import clean
from leanrag.tuning import TuningDraft, check_draft
from leanrag.types import Language, SourceKind


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class KeywordChange(_Table):
    """A keyword to add, to change, or (`enabled = false`) to switch off."""

    intent: str
    language: Language
    keyword: str
    weight: int | None = None
    enabled: bool = True


class RoutingChange(_Table):
    """What changes of an intent's routing; a new intent needs primary kinds and tokens."""

    intent: str
    primary_kinds: list[SourceKind] | None = None
    primary_tokens: int | None = None
    secondary_kinds: list[SourceKind] | None = None
    secondary_tokens: int | None = None


class LimitsChange(_Table):
    """What changes of the prompt's limits, in tokens."""

    max_prompt_tokens: int | None = None
    max_system_tokens: int | None = None
    max_question_tokens: int | None = None
    max_conversation_tokens: int | None = None


class _File(_Table):
    keywords: list[KeywordChange] = []
    routings: list[RoutingChange] = []
    budget: LimitsChange = LimitsChange()


@dataclass(frozen=True, slots=True)
class TuningChanges:
    """The changes that a file asks for, over whatever is in force."""

    keywords: tuple[KeywordChange, ...]
    routings: tuple[RoutingChange, ...]
    limits: LimitsChange

    def over(self, in_force: TuningDraft) -> TuningDraft:
        """Return what would be in force with them.

        Raises InvalidInput naming the row that is wrong.
        """
        rules = {keyword_key(rule): rule for rule in in_force.keywords}
        routings = {routing.intent: routing for routing in in_force.routings}
        changed = overlay(
            (_changed_rule(change, rules) for change in self.keywords),
            (_changed_routing(change, routings.get(change.intent)) for change in self.routings),
        )
        everything = lay_over(RoutingOverlay(in_force.keywords, in_force.routings), changed)
        draft = replace(in_force, keywords=everything.keywords, routings=everything.routings)
        check_draft(draft)
        return draft

    def limits_over(self, in_force: BudgetLimits) -> BudgetLimits:
        """Return the limits with them; whether they can hold a prompt is not looked at here."""
        return replace(in_force, **self.limits.model_dump(exclude_none=True))


def read_tuning_file(text: str) -> TuningChanges:
    """Read such a file. Raises InvalidInput naming the line, or the field, that is wrong."""
    try:
        file = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as exc:
        raise InvalidInput(f"The draft is no TOML: {exc}.") from exc
    except ValidationError as exc:
        fault = exc.errors()[0]
        field = ".".join(str(part) for part in fault["loc"])
        raise InvalidInput(f"The draft's {field} is wrong: {fault['msg']}.") from exc
    if not file.keywords and not file.routings and not file.budget.model_dump(exclude_none=True):
        raise InvalidInput(
            "The draft changes nothing; give it [[keywords]], [[routings]] or [budget]."
        )
    return TuningChanges(tuple(file.keywords), tuple(file.routings), file.budget)


def _changed_rule(
    change: KeywordChange, rules: dict[tuple[str, str, str], KeywordRule]
) -> KeywordRule:
    keyword = " ".join(clean(change.keyword).split())
    known = rules.get((change.intent, change.language, keyword))
    if change.weight is None and known is None:
        what = "give it a weight" if change.enabled else "there is nothing to switch off"
        raise InvalidInput(
            f"The keyword {keyword!r} ({change.language}) is not among those of"
            f" {change.intent!r}; {what}."
        )
    weight = change.weight if change.weight is not None else known.weight if known else 1
    return KeywordRule(change.intent, change.language, keyword, weight, change.enabled)


def _changed_routing(change: RoutingChange, known: IntentRouting | None) -> IntentRouting:
    if known is None:
        if change.primary_kinds is None or change.primary_tokens is None:
            raise InvalidInput(
                f"The intent {change.intent!r} is new; its routing needs primary_kinds and"
                " primary_tokens."
            )
        known = IntentRouting(change.intent, (), 0, (), 0)
    return IntentRouting(
        change.intent,
        known.primary_kinds if change.primary_kinds is None else tuple(change.primary_kinds),
        known.primary_tokens if change.primary_tokens is None else change.primary_tokens,
        known.secondary_kinds if change.secondary_kinds is None else tuple(change.secondary_kinds),
        known.secondary_tokens if change.secondary_tokens is None else change.secondary_tokens,
    )
