"""What the router learns: the shipped model, its calibration, and a tenant's own labels."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench._learn_logistic import fit_logistic
from bench._routing_examples import as_example, read_examples
from bench._routing_figures import Routed, accuracy, route_all
from bench._routing_messages import RoutingMessage
from leanrag.intent_learning import IntentExample, learn
from leanrag.intent_model import WEIGHTS_FILE, IntentModel, shipped_model, write_model
from leanrag.keyword_match import WEIGHTS
from leanrag.router import QueryRouter
from leanrag.routing_defaults import default_keywords, default_routings
from leanrag.types import Route

FOLDS = 4
MOST_FEATURES = 100_000  # of the shipped file: 2.6 MB; with all of them nothing is gained
LABELS = (0, 50, 100, 200)
_RIDGE = 1.0  # keeps a circumstance that never varies at nothing


@dataclass(frozen=True, slots=True)
class LearningStep:
    """A tenant with so many labelled messages: the share of held-out messages routed right."""

    labels: int
    accuracy: float
    model_alone: float


def learn_shipped(development: Sequence[RoutingMessage]) -> IntentModel:
    """Learn the model again from our own messages, and write it where the product reads it."""
    model = learn([*sure_keywords(), *read_examples(), *map(as_example, development)])
    write_model(model, WEIGHTS_FILE, most_features=MOST_FEATURES)
    return model


def sure_keywords() -> list[IntentExample]:
    """Return the default keywords of weight 3: what they mean carries over to words like them."""
    return [
        IntentExample(rule.keyword, rule.language, rule.intent)
        for rule in default_keywords()
        if rule.weight == max(WEIGHTS)
    ]


def fit_calibration() -> dict[str, float]:
    """Return the constants of leanrag/confidence.py, fitted to messages the model has not seen.

    The examples are routed, not the development half: the keywords were written with that in sight,
    and so are right there more often than elsewhere.
    """
    rows, right = [], []
    for example, route in _routed_unseen(read_examples()):
        rows.append(_circumstances(route))
        right.append(route.intent == example.intent)
    names = ("offset", "slope", "keywords_agree", "keywords_silent")
    truth = np.array(right, dtype=float)
    weights = fit_logistic(np.array(rows), truth, counts=np.ones(len(truth)), l2=_RIDGE)
    return {name: round(float(w), 3) for name, w in zip(names, weights, strict=True)}


def learning_curve(
    development: Sequence[RoutingMessage], held_out: Sequence[RoutingMessage]
) -> Iterator[LearningStep]:
    """Yield how a tenant's router grows better with labels, on messages never labelled.

    The start is a model that has not seen the development half, from which the labels come.
    """
    start = learn([*sure_keywords(), *read_examples()])
    labelled = sorted(development, key=lambda m: hashlib.sha256(m.text.encode()).digest())
    for count in LABELS:
        own = [as_example(message) for message in labelled[:count]]
        model = learn(own, start=start) if own else start
        routed = route_all(_router(model), held_out)
        alone = [
            Routed(m, max(zip(p.probabilities, p.intents, strict=True))[1], None, 0.0)
            for m in held_out
            for p in [model.predict(m.text, as_example(m).language)]
        ]
        yield LearningStep(count, round(accuracy(routed), 3), round(accuracy(alone), 3))


def default_router(model: IntentModel | None = None) -> QueryRouter:
    """Return the router of a new tenant."""
    return _router(shipped_model() if model is None else model)


def _router(model: IntentModel) -> QueryRouter:
    return QueryRouter(default_keywords(), default_routings(), model)


def _routed_unseen(
    examples: Sequence[IntentExample],
) -> Iterator[tuple[IntentExample, Route]]:
    """Yield every example with its route by a model that learned from the other folds."""
    folds = [hashlib.sha256(e.text.encode()).digest()[1] % FOLDS for e in examples]
    for fold in range(FOLDS):
        kept = [e for e, own in zip(examples, folds, strict=True) if own != fold]
        router = _router(learn([*sure_keywords(), *kept]))
        for example, own in zip(examples, folds, strict=True):
            if own == fold:
                yield example, router.route(example.text)


def _circumstances(route: Route) -> list[float]:
    """Return what the calibration looks at, in the order of its constants."""
    scores = {score.intent: score for score in route.explanation.scores}
    score = scores.get(route.intent)
    probability = min(max(score.probability if score else 0.001, 0.001), 0.999)
    decided = route.explanation.decided_by
    return [
        1.0,
        math.log(probability / (1 - probability)),
        float(decided in ("both", "keywords")),
        float(not route.matched),
    ]
