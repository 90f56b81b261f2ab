"""Asks one question of the product, and packs what it found into each budget."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from bench._recall_data import PublicQuestion
from bench._recall_figures import Asked
from leanrag import prompts
from leanrag.bootstrap import Services
from leanrag.budget import BudgetLimits, TokenBudgetController
from leanrag.previews import TurnPreview
from leanrag.router import FALLBACK_INTENT, IntentRouting
from leanrag.text.normalize import clean, fold
from leanrag.text.tokens import encoding_for_model, load_counter
from leanrag.tuning import TuningDraft
from leanrag.types import SOURCE_KINDS, BudgetedPrompt, Evidence, Memory

# One route for every question, which prefers no kind of source.
_ALL_KINDS = TuningDraft((), (IntentRouting(FALLBACK_INTENT, SOURCE_KINDS, 1_500, (), 0),), "")


class Asker:
    """Asks questions of one tenant; every budget sees the same passages in the same order."""

    def __init__(
        self, services: Services, tenant_id: UUID, budgets: Sequence[int], *, use_router: bool
    ) -> None:
        self._previews = services.previews
        self._tenant_id = tenant_id
        self._budgets = budgets
        self._draft = None if use_router else _ALL_KINDS
        self._persona = services.bots.find(tenant_id).persona
        self._counter = load_counter(encoding_for_model(services.settings.model))
        self._limits = BudgetLimits(
            max_prompt_tokens=services.settings.max_prompt_tokens,
            max_question_tokens=services.settings.max_question_tokens,
            max_conversation_tokens=services.settings.max_conversation_tokens,
        )

    def ask(self, question: PublicQuestion, text: str) -> Asked:
        """Ask `text`, which is the question as it is or mistyped."""
        text = clean(text).strip()
        started = time.perf_counter()
        preview = self._previews.preview(self._tenant_id, text, draft=self._draft)
        preview_ms = (time.perf_counter() - started) * 1000
        empty = self._pack(text, preview, Evidence((), ()), self._limits).total_tokens
        evidence = _evidence_of(preview)
        is_found, tokens, pack_ms = {}, {}, {}
        for budget in self._budgets:
            limits = replace(
                self._limits,
                max_prompt_tokens=empty + budget,
                # What the prompt has beside the evidence is known: nothing is kept free for it.
                max_question_tokens=self._counter.count(text),
                max_conversation_tokens=0,
            )
            started = time.perf_counter()
            prompt = self._pack(text, preview, evidence, limits)
            pack_ms[budget] = (time.perf_counter() - started) * 1000
            tokens[budget] = prompt.total_tokens - empty
            context = _folded(_context(prompt))
            is_found[budget] = any(_folded(answer) in context for answer in question.answers)
        return Asked(
            question.language, preview.route.language, is_found, tokens, preview_ms, pack_ms
        )

    def _pack(
        self, text: str, preview: TurnPreview, evidence: Evidence, limits: BudgetLimits
    ) -> BudgetedPrompt:
        return TokenBudgetController(self._counter, limits).assemble(
            persona=self._persona,
            question=text,
            memory=Memory(),
            citable=evidence,
            learn_only=Evidence((), ()),
            route=preview.route,
        )


def _evidence_of(preview: TurnPreview) -> Evidence:
    """Return all passages that the preview retrieved, each share in the order of its rank."""
    decisions = preview.prompt.decisions
    return Evidence(
        tuple(d.passage for d in decisions if d.section == "primary"),
        tuple(d.passage for d in decisions if d.section == "secondary"),
        preview.widened,
        searched=len(decisions),
    )


def _context(prompt: BudgetedPrompt) -> str:
    """Return the evidence as the prompt's user message shows it."""
    return "".join(
        prompts.citable_passage(d.passage, d.text, d.marker)
        for d in prompt.carried()
        if d.marker is not None
    )


def _folded(text: str) -> str:
    return " ".join(fold(text).split())
