"""Asks the demo shop in Finglish and Arabizi: is the passage found, and does the prompt hold it?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from uuid import UUID

from bench import _turn_product as product
from bench._recall_data import PublicQuestion
from leanrag.answer import Question
from leanrag.bootstrap import Services, start_services
from leanrag.text.normalize import fold
from leanrag.types import LANGUAGES, Language, TurnEnded

FIRST = 5


@dataclass(frozen=True, slots=True)
class RomanizedRecall:
    """Questions asked in one language, and how many of them found what answers them.

    In the first five passages, in the prompt, and in the answer that quotes without a model.
    """

    language: Language
    questions: int
    found: int
    in_prompt: int
    answered: int


def measure(questions: Sequence[PublicQuestion]) -> tuple[RomanizedRecall, ...]:
    """Ask every question of the demo tenant, on a data directory that is removed afterwards."""
    with product.data_directory() as home:
        settings = product.settings_for(home)
        with closing(start_services(settings, worker=True)) as services:
            tenant_id = services.local_tenant_id
            asked = [(q, _ask(services, tenant_id, q)) for q in questions]
    return tuple(
        RomanizedRecall(language, len(own), *(sum(found) for found in zip(*own, strict=True)))
        for language in LANGUAGES
        if (own := [found for question, found in asked if question.language == language])
    )


def _ask(services: Services, tenant_id: UUID, question: PublicQuestion) -> tuple[bool, bool, bool]:
    passages = services.previews.search(tenant_id, question.text).passages[:FIRST]
    found = " ".join(f"{p.title} {p.heading} {p.text}" for p in passages)
    carried = services.previews.preview(tenant_id, question.text).prompt.carried()
    prompt = " ".join(f"{d.passage.title} {d.text}" for d in carried)
    answer = " ".join(
        event.text
        for event in services.answerer.answer(tenant_id, Question(question.text))
        if isinstance(event, TurnEnded)
    )
    return _holds(found, question), _holds(prompt, question), _holds(answer, question)


def _holds(text: str, question: PublicQuestion) -> bool:
    folded = _folded(text)
    return any(_folded(answer) in folded for answer in question.answers)


def _folded(text: str) -> str:
    return " ".join(fold(text).split())
