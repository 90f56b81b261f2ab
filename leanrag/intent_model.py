"""A linear model of intents: which one a message's words and letter groups speak for.

It stands beside the keywords, and every weight that counted can be shown. The shipped weights are
learned by `python bench/routing.py --learn` from messages of our own (docs/routing.md); a tenant's
own labelled messages change them (leanrag/intent_learning.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leanrag.intent_features import MessageFeatures, message_features
from leanrag.types import Intent, Language, ModelFeature

WEIGHTS_FILE = Path(__file__).with_name("intent_model.tsv")
UNIT = 100  # the file holds hundredths of log-odds
TOP_FEATURES = 5
_BIASES = "*"  # the name of the row that always counts; no feature is called so

Weights = NDArray[np.float32]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The chances of the intents, and the words that spoke for each.

    `logits` are log-odds up to a shift that all share; `probabilities` add up to 1.
    """

    intents: tuple[Intent, ...]
    logits: tuple[float, ...]
    probabilities: tuple[float, ...]
    features: tuple[ModelFeature, ...]


@dataclass(frozen=True, slots=True, eq=False)
class IntentModel:
    """Weights in log-odds by feature and intent, added to those of `start`, if there is one.

    `rows` finds a feature's row in `weights`, shape (features, intents); `biases` has the intents'
    shape. The intents begin with those of `start`. `learned_from` counts the messages that taught
    this model, without those of `start`.
    """

    intents: tuple[Intent, ...]
    rows: Mapping[str, int]
    weights: Weights
    biases: Weights
    learned_from: int
    start: IntentModel | None = None

    def predict(self, message: str, language: Language) -> Prediction:
        """Return what the model makes of `message`."""
        features = message_features(message, language)
        logits, weights = self._read(features)
        exponentials = np.exp(logits - logits.max())
        probabilities = exponentials / exponentials.sum()
        best = int(logits.argmax())
        return Prediction(
            self.intents,
            tuple(map(float, logits)),
            tuple(map(float, probabilities)),
            self._top_features(features, weights[:, best].tolist(), self.intents[best]),
        )

    def logits(self, features: MessageFeatures) -> Numbers:
        """Return the log-odds of the intents, shape (intents,), up to a shift."""
        return self._read(features)[0]

    def _read(self, features: MessageFeatures) -> tuple[Numbers, Numbers]:
        """Return `logits`, and each feature's weights, shape (features, intents)."""
        logits = self.biases.astype(np.float64)
        weights = np.zeros((len(features.names), len(self.intents)))
        if self.start is not None:
            size = len(self.start.intents)
            before, weights[:, :size] = self.start._read(features)
            logits[:size] += before
        rows = list(map(self.rows.get, features.names))
        places = [place for place, row in enumerate(rows) if row is not None]
        if places:
            own = self.weights[[row for row in rows if row is not None]]
            logits += np.array([features.values[place] for place in places]) @ own
            weights[places] += own
        return logits, weights

    @staticmethod
    def _top_features(
        features: MessageFeatures, weights: Sequence[float], intent: Intent
    ) -> tuple[ModelFeature, ...]:
        """Return the customer's words that spoke most for one intent, with their log-odds."""
        weight_of: defaultdict[str, float] = defaultdict(float)
        for shown, value, weight in zip(features.shown, features.values, weights, strict=True):
            if weight and shown:
                weight_of[shown] += value * weight
        spoke = [(weight, shown) for shown, weight in weight_of.items() if weight > 0]
        return tuple(
            ModelFeature(shown, intent, round(weight, 3))
            for weight, shown in sorted(spoke, reverse=True)[:TOP_FEATURES]
        )


@lru_cache(maxsize=1)
def shipped_model() -> IntentModel:
    """Load the model that the product ships (cached; about 0.1 s the first time)."""
    return read_model(WEIGHTS_FILE)


def read_model(path: Path) -> IntentModel:
    """Read a model that `write_model` wrote."""
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    count, *intents = head.split("\t")
    names = [line.partition("\t")[0] for line in lines]
    numbers = " ".join(line.partition("\t")[2] for line in lines)
    weights = np.fromstring(numbers, dtype=np.float32, sep=" ").reshape(len(lines), len(intents))
    weights /= UNIT
    return IntentModel(
        intents=tuple(intents),
        rows={name: row for row, name in enumerate(names[1:])},
        weights=weights[1:],
        biases=weights[0],
        learned_from=int(count),
    )


def write_model(model: IntentModel, path: Path, *, most_features: int) -> None:
    """Write the heaviest features of a model that stands alone, one a line, in hundredths.

    The first line counts the messages it learned from and names the intents.
    """
    heaviest = np.argsort(-np.abs(model.weights).max(axis=1), kind="stable")[:most_features]
    names = list(model.rows)
    lines = ["\t".join((str(model.learned_from), *model.intents)), _line(_BIASES, model.biases)]
    lines += sorted(_line(names[row], model.weights[row]) for row in heaviest)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _line(name: str, weights: Weights) -> str:
    return f"{name}\t" + " ".join(str(int(number)) for number in np.rint(weights * UNIT))
