"""How often a route like this one is right: calibrated on labelled messages.

Platt, "Probabilistic Outputs for Support Vector Machines" (1999): a logistic regression of "was
the route right?" on the score. Fitted by `python bench/routing.py --calibrate` to messages of our
own, each routed with a model that had not seen it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Calibration:
    """Log-odds that a route is right: `offset` and what each circumstance adds.

    `slope` times the log-odds of the best intent's probability; `keywords_agree` where keywords
    name that intent; `keywords_silent` where none was found.
    """

    offset: float
    slope: float
    keywords_agree: float
    keywords_silent: float


# Of our own messages, each routed with a model that had not seen it: docs/routing.md.
CALIBRATION = Calibration(offset=0.163, slope=0.731, keywords_agree=-0.181, keywords_silent=0.328)
_MOST_SURE = 0.999  # of a probability, before its log-odds are taken


def confidence(
    probability: float,
    *,
    agrees: bool,
    silent: bool,
    calibration: Calibration = CALIBRATION,
) -> float:
    """Return the share of routes right among those with this score, 0 to 1.

    `probability` is the best intent's, 0 to 1; `agrees`: the keywords name it; `silent`: there are
    none.
    """
    clipped = min(max(probability, 1 - _MOST_SURE), _MOST_SURE)
    log_odds = (
        calibration.offset
        + calibration.slope * math.log(clipped / (1 - clipped))
        + calibration.keywords_agree * agrees
        + calibration.keywords_silent * silent
    )
    return 1 / (1 + math.exp(-log_odds))
