"""The prompt of a turn: its evidence guarded and within the budget, and what everything would take.

Asked by the turn itself and by everything that only looks at what a turn would do.
"""

from __future__ import annotations

from collections.abc import Sequence

from leanrag import privacy
from leanrag.counterfactual import count_everything
from leanrag.ledger import Counterfactual
from leanrag.token_margin import TokenMargin
from leanrag.turn_basis import TurnBasis
from leanrag.turn_steps import TurnSteps
from leanrag.types import BudgetedPrompt, Evidence, Memory, PastMessage, Route

# What a turn that asks nothing sends.
NO_PROMPT = BudgetedPrompt((), 0, (), (), "")
NO_EVIDENCE = Evidence((), ())


def assemble(
    steps: TurnSteps,
    basis: TurnBasis,
    question: str,
    memory: Memory,
    evidence: Evidence,
    route: Route,
    margin: TokenMargin,
) -> BudgetedPrompt:
    """Separate citable and learn-only evidence, and put the prompt together within its limit."""
    citable, learn_only = privacy.split(evidence)
    return steps.budget.assemble(
        persona=basis.voice,
        question=question,
        memory=memory,
        citable=citable,
        learn_only=learn_only,
        route=route,
        margin=margin,
    )


def everything(
    steps: TurnSteps, basis: TurnBasis, question: str, *, latest: Sequence[PastMessage] | None
) -> Counterfactual:
    """Count what sending everything would take; without `latest`, of a typical conversation."""
    own = steps.budget.check_persona(basis.voice) + steps.counter.count(question)
    return count_everything(basis.totals, latest, own_tokens=own, counter=steps.counter)
