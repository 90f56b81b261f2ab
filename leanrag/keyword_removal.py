"""What a message's intent would be without one of its keywords, decided again from its route.

Routing again without the keyword would compile all keywords once for each of them. The decision
needs only what the route holds: the keywords found, and what the model made of the message. What
stood behind the keyword is put in its place: "how much" hides "how", and "price" its twin "prices".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from leanrag.intent_decision import decide
from leanrag.intent_model import Prediction
from leanrag.keyword_match import KeywordMatch
from leanrag.router import IntentRouting, KeywordRule
from leanrag.text.analyzers import analyze_words
from leanrag.text.normalize import fold
from leanrag.types import LANGUAGES, Intent, Language, MatchedKeyword, Route

Phrase = tuple[str, ...]


class KeywordRemoval:
    """The enabled keywords of a draft by what they say, and its intents in the order of ties."""

    def __init__(self, keywords: Sequence[KeywordRule], routings: Sequence[IntentRouting]) -> None:
        self._order = {routing.intent: place for place, routing in enumerate(routings)}
        self._named: defaultdict[tuple[Intent, str], list[KeywordRule]] = defaultdict(list)
        self._saying: defaultdict[tuple[Language, Phrase], list[KeywordRule]] = defaultdict(list)
        for rule in keywords:
            if rule.enabled:
                self._named[rule.intent, rule.keyword].append(rule)
                self._saying[rule.language, phrase_of(rule)].append(rule)

    def rule_of(self, match: MatchedKeyword, route: Route) -> KeywordRule:
        """Return the rule that was found: the message's language stands before the others."""
        rules = self._named[match.intent, match.keyword]
        languages = (route.language, *LANGUAGES)
        return min(rules, key=lambda rule: languages.index(rule.language))

    def intent_without(self, route: Route, match: MatchedKeyword) -> Intent:
        """Return the intent that `route` would have if the rule of `match` were switched off."""
        kept = [_found(self.rule_of(other, route), other) for other in route.matched]
        kept = [found for found in kept if (found.rule.intent, found.rule.keyword) != _name(match)]
        seen = {(found.rule.intent, fold(found.rule.keyword)) for found in kept}
        behind = (
            _found(rule, match)
            for rule in self._behind(self.rule_of(match, route))
            if (rule.intent, fold(rule.keyword)) not in seen
        )
        return decide([*kept, *behind], _prediction(route), self._order).intent

    def twins(self) -> tuple[tuple[KeywordRule, ...], ...]:
        """Return rules of several intents that are one phrase once they are analysed."""
        return tuple(
            tuple(rules)
            for (_, phrase), rules in self._saying.items()
            if phrase and len({rule.intent for rule in rules}) > 1
        )

    def _behind(self, rule: KeywordRule) -> Iterator[KeywordRule]:
        """Yield what is found in a rule's own words once it is gone, an intent once in a place."""
        phrase = phrase_of(rule)
        covered: list[tuple[int, int]] = []
        for size in range(len(phrase), 0, -1):
            for start in range(len(phrase) - size + 1):
                end = start + size
                if any(first <= start and end <= last for first, last in covered):
                    continue
                rules = self._saying.get((rule.language, phrase[start:end]), ())
                others = [other for other in rules if other is not rule]
                if others:
                    covered.append((start, end))
                    yield from _heaviest_by_intent(others)


def phrase_of(rule: KeywordRule) -> Phrase:
    """Return the analysed words of a keyword, by which messages are searched for it."""
    return tuple(word.term for word in analyze_words(rule.keyword, rule.language))


def _heaviest_by_intent(rules: Sequence[KeywordRule]) -> tuple[KeywordRule, ...]:
    lightest_first = sorted(rules, key=lambda rule: rule.weight)
    return tuple({rule.intent: rule for rule in lightest_first}.values())


def _name(match: MatchedKeyword) -> tuple[Intent, str]:
    return match.intent, match.keyword


def _found(rule: KeywordRule, match: MatchedKeyword) -> KeywordMatch:
    """Return `rule` as found where `match` was; the place itself decides nothing any more."""
    return KeywordMatch(
        rule,
        start=0,
        end=0,
        words=(match.typed,),
        exact=not match.is_near,
        is_near=match.is_near,
        counted=rule.weight * match.counted / match.weight,
    )


def _prediction(route: Route) -> Prediction | None:
    """Return what the model made of the message, as far as the route tells it."""
    known = [(s.intent, s.model) for s in route.explanation.scores if s.model is not None]
    if not known:
        return None
    intents, chances = zip(*known, strict=True)
    return Prediction(intents, (), chances, route.explanation.features)
