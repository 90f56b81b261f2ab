"""Measures the turn without a model: start, times, prompt tokens, recall, a PDF, a large tenant.

    python bench/turn.py [--json] [--repeat N]

Everything happens in a data directory of its own, which is removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read by numpy once: threads would measure the neighbours

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _turn_figures as figures
from bench import _turn_product as product
from bench import _turn_rounds as rounds
from bench import _turn_tenant as large
from leanrag.bootstrap import Services
from leanrag.budget import TOKENS_PER_MESSAGE, TOKENS_PER_REPLY
from leanrag.demo.loader import DemoQuestion, demo_questions
from leanrag.prompts import system_text
from leanrag.text.tokens import encoding_for_model, load_counter
from leanrag.types import LANGUAGES

PDF_TIMES = 3
SENT_MESSAGES = 6


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report."""
    parser = argparse.ArgumentParser(description="Measure a turn without a model.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="rounds (default 3)")
    options = parser.parse_args(arguments)
    if options.repeat < 1:
        parser.error("--repeat counts rounds: give 1 or more")
    logging.basicConfig(level=logging.WARNING)
    with product.data_directory() as home:
        report = measure(home, options.repeat)
    if options.json:
        print(json.dumps(asdict(report), indent=2))
    else:
        print("\n".join(figures.lines(report)))
    return 0


def measure(home: Path, repeat: int) -> figures.Report:
    """Start cold and ask; start again, warm, and take a PDF in."""
    questions = demo_questions()
    services, cold_seconds = product.start(home)
    with closing(services):
        machine = product.describe_machine(services)
        baseline = rounds.Baseline(services, services.local_tenant_id)
        measured = ask_demo(services, baseline, questions, repeat)
        large_tenant = measure_large_tenant(services, repeat)
    services, warm_seconds = product.start(home)
    with closing(services):
        pdf_seconds = product.measure_pdf(services, PDF_TIMES)
    turns = [one.turn for one in measured[: len(questions)]]
    return figures.Report(
        machine=machine,
        start=figures.Start(product.seconds_to_import(), cold_seconds, warm_seconds),
        passages=baseline.passages,
        times=rounds.turn_times(measured),
        prompt_tokens=tokens_by_language(questions, turns),
        recall=recall_by_language(questions, turns),
        pdf_seconds=pdf_seconds,
        large_tenant=large_tenant,
    )


def ask_demo(
    services: Services,
    baseline: rounds.Baseline,
    questions: Sequence[DemoQuestion],
    repeat: int,
) -> list[rounds.Round]:
    """Ask the demo's questions, each in a conversation of its own; the first round warms up."""
    tenant_id = services.local_tenant_id
    measured: list[rounds.Round] = []
    for number in range(repeat + 1):
        for question in questions:
            turn, _ = rounds.ask(services, tenant_id, question.question)
            if number > 0:
                measured.append(baseline.after(turn, question.question))
    return measured


def tokens_by_language(
    questions: Sequence[DemoQuestion], turns: Sequence[rounds.Turn]
) -> dict[str, figures.PromptTokens]:
    """Return the prompt tokens of all questions and of each language's."""
    pairs = list(zip(questions, turns, strict=True))
    return {
        name: _tokens([turn for question, turn in pairs if name in ("all", question.language)])
        for name in ("all", *LANGUAGES)
    }


def recall_by_language(
    questions: Sequence[DemoQuestion], turns: Sequence[rounds.Turn]
) -> dict[str, figures.Recall]:
    """Return how many answers were found, of all questions and of each language's."""
    pairs = list(zip(questions, turns, strict=True))
    found = {}
    for name in ("all", *LANGUAGES):
        chosen = [(q, t) for q, t in pairs if name in ("all", q.language)]
        found[name] = rounds.recall([q for q, _ in chosen], [t for _, t in chosen])
    return found


def measure_large_tenant(services: Services, repeat: int) -> figures.LargeTenant:
    """Ask English questions of the large tenant, each after a conversation of six messages."""
    knowledge = large.make_knowledge()
    tenant_id = large.load_tenant(services, knowledge)
    baseline = rounds.Baseline(services, tenant_id)
    questions = [q.question for q in demo_questions() if q.language == large.ENGLISH]
    questions += large.english_faq_questions()
    measured: list[rounds.Round] = []
    for _ in range(repeat):
        conversation_id = _open_conversation(services, tenant_id, questions[-SENT_MESSAGES // 2 :])
        for question in questions:
            turn, _ = rounds.ask(services, tenant_id, question, conversation_id)
            measured.append(baseline.after(turn, question))
    return figures.LargeTenant(
        manual_words=len(knowledge.manual.split()),
        passages=baseline.passages,
        everything_tokens_counted=_count_everything(services, tenant_id, knowledge, questions),
        tokens=_tokens([one.turn for one in measured[: len(questions)]]),
        times=rounds.turn_times(measured),
    )


def _open_conversation(services: Services, tenant_id: UUID, questions: Sequence[str]) -> UUID:
    """Exchange the six messages that stand before every measured question."""
    conversation_id: UUID | None = None
    for question in questions:
        _, conversation_id = rounds.ask(services, tenant_id, question, conversation_id)
    if conversation_id is None:
        raise RuntimeError("A conversation needs a question.")
    return conversation_id


def _count_everything(
    services: Services, tenant_id: UUID, knowledge: large.Knowledge, questions: Sequence[str]
) -> int:
    """Build the send-everything prompt of the first question, six messages in, and count it."""
    counter = load_counter(encoding_for_model(services.settings.model))
    conversation_id = _open_conversation(services, tenant_id, questions[-SENT_MESSAGES // 2 :])
    messages = services.conversations.messages(tenant_id, conversation_id)
    persona = services.bots.find(tenant_id).persona
    system = "\n\n".join((system_text(persona), *knowledge.texts()))
    sent = [system, *(message.text for message in messages[-SENT_MESSAGES:]), questions[0]]
    overhead = (TOKENS_PER_MESSAGE + 1) * len(sent) + TOKENS_PER_REPLY  # the role is one token
    return sum(map(counter.count, sent)) + overhead


def _tokens(turns: Sequence[rounds.Turn]) -> figures.PromptTokens:
    return figures.prompt_tokens(
        [turn.ledger.prompt.total_tokens for turn in turns],
        [turn.ledger.counterfactual.total_tokens for turn in turns],
    )


if __name__ == "__main__":
    sys.exit(main())
