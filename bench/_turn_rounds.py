"""Asks questions, and measures turns, prompts and answers, beside the least possible work."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, text

from bench._turn_figures import Recall, TurnTimes, spread
from db.models import ChunkEmbedding
from leanrag.answer import Question
from leanrag.bootstrap import Services
from leanrag.demo.loader import DemoQuestion
from leanrag.embeddings import embedder_from
from leanrag.ledger import Ledger
from leanrag.types import TurnEnded

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Turn:
    """One question's turn: how long it took, what was said, and its ledger."""

    milliseconds: float
    answer: str
    ledger: Ledger


@dataclass(frozen=True, slots=True)
class Round:
    """A turn with the baseline that was measured right after it, in milliseconds."""

    turn: Turn
    dot_product_ms: float
    select_1_ms: float


def ask(
    services: Services, tenant_id: UUID, question: str, conversation_id: UUID | None = None
) -> tuple[Turn, UUID]:
    """Run one turn to its end; return it and its conversation."""
    started = time.perf_counter()
    *_, last = services.answerer.answer(tenant_id, Question(question, conversation_id))
    milliseconds = (time.perf_counter() - started) * 1000
    if not isinstance(last, TurnEnded):
        raise RuntimeError(f"The turn failed: {last}")
    ledger = services.conversations.message(tenant_id, last.message_id).ledger
    if ledger is None:
        raise RuntimeError("The turn left no ledger.")
    return Turn(milliseconds, last.text, ledger), last.conversation_id


class Baseline:
    """The least work that finds a passage: all vectors in memory, and one empty transaction."""

    def __init__(self, services: Services, tenant_id: UUID) -> None:
        self._services = services
        self._tenant_id = tenant_id
        self._embedder = embedder_from(services.settings)
        query = select(ChunkEmbedding.dense).where(ChunkEmbedding.tenant_id == tenant_id)
        with services.database.tenant(tenant_id) as session:
            vectors = [np.asarray(dense) for dense in session.scalars(query)]
        self._vectors: Matrix = np.asarray(vectors, dtype=np.float32)
        self.passages = len(vectors)

    def after(self, turn: Turn, question: str) -> Round:
        """Measure the baseline for the question of a turn."""
        vector = self._embedder.embed([question]).vectors[0]
        started = time.perf_counter()
        np.argsort(-(self._vectors @ vector))[:20]
        found = time.perf_counter()
        with self._services.database.tenant(self._tenant_id) as session:
            session.execute(text("SELECT 1")).scalar_one()
        ended = time.perf_counter()
        return Round(turn, (found - started) * 1000, (ended - found) * 1000)


def turn_times(rounds: Sequence[Round]) -> TurnTimes:
    """Summarise the times; what comes after the steps that the ledger holds is the settlement."""
    steps: defaultdict[str, list[float]] = defaultdict(list)
    for measured in rounds:
        step_ms = measured.turn.ledger.step_ms
        for step in ("admit", "embed", "retrieve", "budget", "generate"):
            steps[step].append(step_ms[step])
        steps["settle"].append(measured.turn.milliseconds - sum(step_ms.values()))
    total = spread([measured.turn.milliseconds for measured in rounds])
    baseline = spread([r.dot_product_ms + r.select_1_ms for r in rounds])
    return TurnTimes(
        turns=len(rounds),
        total=total,
        steps={step: spread(times) for step, times in steps.items()},
        dot_product=spread([r.dot_product_ms for r in rounds]),
        select_1=spread([r.select_1_ms for r in rounds]),
        baseline=baseline,
        ratio_p50=round(total.p50_ms / baseline.p50_ms, 1),
        ratio_p95=round(total.p95_ms / baseline.p95_ms, 1),
    )


def recall(questions: Sequence[DemoQuestion], turns: Sequence[Turn]) -> Recall:
    """Count the answers that stand, letter by letter, in the prompt's passages and in quotes."""
    in_prompt = [
        any(question.answer in decision.text for decision in turn.ledger.prompt.carried())
        for question, turn in zip(questions, turns, strict=True)
    ]
    silent = [turn.ledger.metadata.outcome == "abstained" for turn in turns]
    return Recall(
        questions=len(questions),
        in_prompt=sum(in_prompt),
        in_quotes=sum(q.answer in t.answer for q, t in zip(questions, turns, strict=True)),
        abstained=sum(silent),
        abstained_with_evidence=sum(a and b for a, b in zip(silent, in_prompt, strict=True)),
    )
