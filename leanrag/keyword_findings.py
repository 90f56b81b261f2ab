"""What each keyword did in routed messages: found, decisive, in conflict, right, silent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from leanrag.keyword_removal import KeywordRemoval
from leanrag.router import KeywordRule
from leanrag.types import Intent, MatchedKeyword, Route


class Key(NamedTuple):
    """What names a keyword."""

    intent: Intent
    language: str
    keyword: str


@dataclass(frozen=True, slots=True)
class KeywordConflict:
    """A keyword of another intent that was found in the same message, so many times."""

    rule: KeywordRule
    times: int


@dataclass(frozen=True, slots=True)
class KeywordFinding:
    """What one keyword did, in messages.

    `matched` hold it, `near` of them nearly spelt; `decisive`: without it the intent would be
    another one. Of the `labelled` ones that hold it, `right` are labelled with its intent.
    """

    rule: KeywordRule
    matched: int = 0
    near: int = 0
    decisive: int = 0
    labelled: int = 0
    right: int = 0
    conflicts: tuple[KeywordConflict, ...] = ()

    @property
    def precision(self) -> float | None:
        """Share of the labelled messages with it that are of its intent; None without any."""
        return self.right / self.labelled if self.labelled else None


@dataclass(frozen=True, slots=True)
class RoutedMessage:
    """A message, its route, and the intent that a person gave it, if one did."""

    text: str
    route: Route
    label: Intent | None


@dataclass(slots=True)
class _Tally:
    matched: int = 0
    near: int = 0
    decisive: int = 0
    labelled: int = 0
    right: int = 0
    conflicts: Counter[Key] = field(default_factory=Counter)


def key_of(rule: KeywordRule) -> Key:
    """Return what names `rule` among a tenant's keywords."""
    return Key(rule.intent, rule.language, rule.keyword)


def find_out(
    rules: Sequence[KeywordRule], removal: KeywordRemoval, messages: Iterable[RoutedMessage]
) -> tuple[KeywordFinding, ...]:
    """Return a finding for each enabled rule: what decides most first, what is silent last."""
    tallies: defaultdict[Key, _Tally] = defaultdict(_Tally)
    for message in messages:
        found = [(match, removal.rule_of(match, message.route)) for match in message.route.matched]
        for match, rule in found:
            tally = tallies[key_of(rule)]
            _count(tally, match, message, removal)
            tally.conflicts.update(
                key_of(other) for _, other in found if other.intent != rule.intent
            )
    enabled = {key_of(rule): rule for rule in rules if rule.enabled}
    findings = (_finding(rule, tallies.get(key), enabled) for key, rule in enabled.items())
    return tuple(sorted(findings, key=lambda f: (-f.decisive, -f.matched, key_of(f.rule))))


def _count(
    tally: _Tally, match: MatchedKeyword, message: RoutedMessage, removal: KeywordRemoval
) -> None:
    route = message.route
    tally.matched += 1
    tally.near += match.is_near
    tally.decisive += removal.intent_without(route, match) != route.intent
    if message.label is not None:
        tally.labelled += 1
        tally.right += message.label == match.intent


def _finding(
    rule: KeywordRule, tally: _Tally | None, enabled: dict[Key, KeywordRule]
) -> KeywordFinding:
    if tally is None:
        return KeywordFinding(rule)
    return KeywordFinding(
        rule,
        matched=tally.matched,
        near=tally.near,
        decisive=tally.decisive,
        labelled=tally.labelled,
        right=tally.right,
        conflicts=tuple(
            KeywordConflict(enabled[key], times) for key, times in tally.conflicts.most_common()
        ),
    )
