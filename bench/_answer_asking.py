"""Asks one question of the product and quotes its answer, with 1, 2 and 3 sentences."""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID

from bench._answer_data import Item
from bench._learn_examples import folded
from leanrag.abstention import Answerability
from leanrag.bootstrap import Services
from leanrag.extractive import MAX_SENTENCES, ExtractiveAnswerer
from leanrag.text.normalize import clean
from leanrag.text.tokens import load_counter
from leanrag.types import Language, PassageDecision

SENTENCES = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was answered: by how many sentences, whether they hold a gold answer.

    `tokens` are those of the quotes; `decisions` and `language` are what they were chosen from;
    `milliseconds` of this thread's processor time it took: a neighbour's work is not counted.
    """

    item: Item
    language: Language
    decisions: tuple[PassageDecision, ...]
    answerability: Answerability
    is_held: dict[int, bool]
    is_in_prompt: bool
    tokens: int
    milliseconds: float


class Asker:
    """Asks questions of one tenant, through embedding, router, retrieval, guard and budget."""

    def __init__(self, services: Services, tenant_id: UUID) -> None:
        self._previews = services.previews
        self._tenant_id = tenant_id
        self._counter = load_counter()
        self._extractive = {n: ExtractiveAnswerer(max_sentences=n) for n in SENTENCES}

    def ask(self, item: Item) -> Asked:
        """Ask it, and quote whatever the chance that the sources answer."""
        text = clean(item.text).strip()
        preview = self._previews.preview(self._tenant_id, text)
        language, decisions = preview.route.language, preview.prompt.decisions
        started = time.thread_time()
        chosen = self._extractive[MAX_SENTENCES].quote(text, language, decisions)
        milliseconds = (time.thread_time() - started) * 1000
        answers = [folded(answer) for answer in item.answers]

        def holds(texts: list[str]) -> bool:
            said = folded("\n".join(texts))
            return any(answer in said for answer in answers)

        quotes = {n: self._extractive[n].quote(text, language, decisions).quotes for n in SENTENCES}
        return Asked(
            item,
            language,
            decisions,
            chosen.answerability,
            {n: holds([quote.text for quote in own]) for n, own in quotes.items()},
            holds([decision.text for decision in decisions]),
            sum(self._counter.count(quote.text) for quote in chosen.quotes),
            milliseconds,
        )
