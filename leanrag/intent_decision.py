"""Which intent a message has: the keywords' evidence and the model's, added up and explained."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from leanrag.confidence import confidence
from leanrag.intent_model import Prediction
from leanrag.keyword_match import KeywordMatch
from leanrag.types import Intent, IntentScore, RouteExplanation

FALLBACK_INTENT: Intent = "general"
HINT_WEIGHT = 1  # of a greeting's keyword: it counts only where nothing else is found
# Chosen by cross-validation on the development half of bench/routing_messages (docs/routing.md).
WEIGHT_WORTH = 0.6  # log-odds that a point of keyword weight is worth
MOST_WEIGHT = 6.0  # of one intent: more keywords than two sure ones prove nothing more
LEAST_PROBABILITY = 0.3  # of an intent that no keyword speaks for; below it, general
ALSO_PROBABILITY = 0.03  # of the second intent of a message that asks for two things
ALSO_WEIGHT = 3.0  # of its keywords: a sure one, or several
_UNKNOWN_CHANCE = 0.05  # of an intent that the model has never seen

_Decider = Literal["keywords", "model", "both", "nothing"]


@dataclass(frozen=True, slots=True)
class Decision:
    """An intent, the second one where a message asks for two things, and how sure that is."""

    intent: Intent
    also: Intent | None
    confidence: float
    explanation: RouteExplanation


def decide(
    matches: Sequence[KeywordMatch],
    prediction: Prediction | None,
    order: Mapping[Intent, int],
    *,
    labelled: int = 0,
) -> Decision:
    """Return the intent that `matches` and `prediction` speak for; `order` decides ties.

    A keyword that the tenant set stands: where keywords alone would choose its intent, so does the
    decision, and the explanation names what the model would have overruled it with.
    """
    telling = [match for match in matches if not _is_hint(match)]
    weights = _weights(telling or matches)
    single = {intent: _heaviest_keyword(intent, matches) for intent in weights}
    scores = _scores(weights, single, prediction, order)
    last = len(order)
    by_keywords = min(
        weights, key=lambda i: (-weights[i], -single[i], order.get(i, last), i), default=None
    )
    by_model = _likeliest(prediction)
    if by_keywords is None and by_model is None:
        return Decision(
            FALLBACK_INTENT, None, 0.0, RouteExplanation(least_probability=LEAST_PROBABILITY)
        )
    best = scores[0]
    if not telling and best.probability < LEAST_PROBABILITY:
        best = _score_of(FALLBACK_INTENT, scores)
    overruled = None
    own = {match.rule.intent for match in telling if match.rule.is_own}
    if by_keywords in own and best.intent not in own:
        overruled, best = best.intent, _score_of(by_keywords, scores)
    explanation = RouteExplanation(
        decided_by=_decider(best.intent, by_keywords, by_model),
        scores=scores,
        features=prediction.features if prediction else (),
        overruled=overruled,
        least_probability=LEAST_PROBABILITY,
        labelled=labelled,
    )
    sure = confidence(
        best.probability, agrees=by_keywords == best.intent, silent=by_keywords is None
    )
    return Decision(best.intent, _also(best, scores), sure, explanation)


def _is_hint(match: KeywordMatch) -> bool:
    """Tell a greeting from what is asked: a keyword of `general` that is only a hint."""
    return match.rule.intent == FALLBACK_INTENT and match.rule.weight <= HINT_WEIGHT


def _weights(matches: Sequence[KeywordMatch]) -> dict[Intent, float]:
    weights: defaultdict[Intent, float] = defaultdict(float)
    for match in matches:
        weights[match.rule.intent] += match.counted
    return dict(weights)


def _scores(
    weights: Mapping[Intent, float],
    single: Mapping[Intent, float],
    prediction: Prediction | None,
    order: Mapping[Intent, int],
) -> tuple[IntentScore, ...]:
    """Return the score of every intent that has a routing or a keyword, the likeliest first.

    A tie goes to the intent with the heaviest keyword, then to the first in `order`.
    """
    chances: dict[Intent, float] = {}
    if prediction is not None:
        chances = dict(zip(prediction.intents, prediction.probabilities, strict=True))
    intents = [*order, *(intent for intent in weights if intent not in order)]
    prior = _UNKNOWN_CHANCE if chances else 1.0
    evidence = [
        math.log(max(chances.get(intent, prior), 1e-9))
        + WEIGHT_WORTH * min(weights.get(intent, 0.0), MOST_WEIGHT)
        for intent in intents
    ]
    highest = max(evidence)
    shares = [math.exp(value - highest) for value in evidence]
    total = sum(shares)
    scores = [
        IntentScore(intent, weights.get(intent, 0.0), chances.get(intent), share / total)
        for intent, share in zip(intents, shares, strict=True)
    ]
    last = len(order)
    return tuple(
        sorted(
            scores,
            key=lambda s: (
                -round(s.probability, 9),
                -single.get(s.intent, 0.0),
                order.get(s.intent, last),
            ),
        )
    )


def _heaviest_keyword(intent: Intent, matches: Sequence[KeywordMatch]) -> float:
    return max(match.counted for match in matches if match.rule.intent == intent)


def _likeliest(prediction: Prediction | None) -> Intent | None:
    """Return the model's own choice; None where it knows nothing that the message says."""
    if prediction is None or not prediction.features:
        return None
    chances = zip(prediction.probabilities, prediction.intents, strict=True)
    return max(chances)[1]


def _score_of(intent: Intent | None, scores: Sequence[IntentScore]) -> IntentScore:
    return next(score for score in scores if score.intent == intent)


def _also(best: IntentScore, scores: Sequence[IntentScore]) -> Intent | None:
    """Return the second intent of a message that asks for two things."""
    second = next((score for score in scores if score.intent != best.intent), None)
    if second is None or second.keywords < ALSO_WEIGHT or second.probability < ALSO_PROBABILITY:
        return None
    return second.intent


def _decider(intent: Intent, by_keywords: Intent | None, by_model: Intent | None) -> _Decider:
    if intent == by_keywords:
        return "both" if intent == by_model else "keywords"
    return "model" if intent == by_model else "nothing"
