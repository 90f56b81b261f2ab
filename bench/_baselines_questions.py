"""Asks the baselines, and looks for the gold answers in the first tokens of what they return."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from bench._baselines_data import (
    PARAGRAPH_BREAK,
    DocumentKey,
    WholeDocument,
    folded,
    load_encoding,
)
from bench._baselines_figures import Asked, Everything, everything_of
from bench._baselines_pipelines import Baseline
from bench._recall_data import PublicQuestion

FIRST_TOP_K = 50  # doubled until the largest budget is full


def ask(
    baseline: Baseline,
    question: PublicQuestion,
    text: str,
    budgets: Sequence[int],
    *,
    is_default: bool,
) -> Asked:
    """Ask `text`, with the baseline's default top-k or with enough to fill the largest budget."""
    if is_default:
        tokens, milliseconds = _timed(baseline, text, None)
    else:
        tokens, milliseconds = _filled(baseline, text, max(budgets))
    answers = [folded(answer) for answer in question.answers]
    return Asked(
        language=question.language,
        is_found={budget: _holds(tokens[:budget], answers) for budget in budgets},
        tokens={budget: min(budget, len(tokens)) for budget in budgets},
        is_found_uncut=_holds(tokens, answers) if is_default else None,
        tokens_uncut=len(tokens) if is_default else None,
        milliseconds=milliseconds,
    )


def send_everything(
    documents: Sequence[WholeDocument],
    questions: Sequence[PublicQuestion],
    document_keys: Mapping[tuple[str, str], DocumentKey],
) -> Everything:
    """Count what it takes to send the document that answers, and the whole corpus."""
    encoding = load_encoding()
    counts = {d.key: len(encoding.encode_ordinary(d.text)) for d in documents}
    texts = {d.key: folded(d.text) for d in documents}
    own = [document_keys[question.language, question.question_id] for question in questions]
    is_found = [
        any(folded(answer) in texts[key] for answer in question.answers)
        for key, question in zip(own, questions, strict=True)
    ]
    return everything_of(
        corpus_tokens=sum(counts.values()),
        languages=[question.language for question in questions],
        document_tokens=[counts[key] for key in own],
        is_found=is_found,
    )


def _filled(baseline: Baseline, text: str, budget: int) -> tuple[list[int], float]:
    """Search for as many chunks as the budget takes; the time is the last search's alone."""
    top_k = FIRST_TOP_K
    while True:
        tokens, milliseconds = _timed(baseline, text, top_k)
        if len(tokens) >= budget or top_k >= baseline.chunks:
            return tokens, milliseconds
        top_k *= 2


def _timed(baseline: Baseline, text: str, top_k: int | None) -> tuple[list[int], float]:
    started = time.perf_counter()
    chunks = baseline.search(text, top_k=top_k)
    milliseconds = (time.perf_counter() - started) * 1000
    return load_encoding().encode_ordinary(PARAGRAPH_BREAK.join(chunks)), milliseconds


def _holds(tokens: Sequence[int], folded_answers: Sequence[str]) -> bool:
    context = folded(load_encoding().decode(tokens, errors="ignore"))
    return any(answer in context for answer in folded_answers)
