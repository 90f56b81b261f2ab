"""Measures the replay of a draft: 50 real questions of the demo tenant, and every keyword.

    python bench/what_if.py [--json] [--repeat N]

The questions are asked first, in a data directory of its own, which is removed afterwards; so they
are replayed from the messages as a tenant's are. Beside it the time of as many bare previews.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import UUID

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read by numpy once: threads would measure the neighbours

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _turn_product as product
from bench._turn_figures import Machine
from bench._turn_tenant import english_faq_questions
from leanrag.answer import Question
from leanrag.bootstrap import Services
from leanrag.demo.loader import demo_questions
from leanrag.keyword_lab import LabReport
from leanrag.recent_questions import DEFAULT_QUESTIONS
from leanrag.router import KeywordRule
from leanrag.routing_rows import RoutingOverlay, lay_over, overlay
from leanrag.tuning import TuningDraft
from leanrag.what_if import WhatIfReport

GOAL_SECONDS = 1.0
_POLL_SECONDS = 0.1
# A change as an operator would try it: three words, and less room for products.
_WORDS = (
    KeywordRule("contact", "en", "delivery", 3),
    KeywordRule("product", "en", "kettle", 3),
    KeywordRule("pricing", "tr", "kargo", 3),
)
_PRODUCT_TOKENS = 300


@dataclass(frozen=True, slots=True)
class Seconds:
    """The first time in a new process, and the middle one of those after it.

    `cpu` is what this process worked meanwhile: neighbours cannot lengthen it, and the database's
    own work is not in it.
    """

    first: float
    median: float
    first_cpu: float
    median_cpu: float


@dataclass(frozen=True, slots=True)
class Report:
    """Seconds for all questions, and what the draft changed in them."""

    machine: Machine
    questions: int
    keywords: int
    what_if: Seconds
    what_if_without_change: Seconds
    keyword_lab: Seconds
    previews: Seconds
    intents_changed: int
    prompts_changed: int
    passages_gained: int
    passages_lost: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report."""
    parser = argparse.ArgumentParser(description="Measure what a draft would change, and how fast.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="rounds (default 5)")
    options = parser.parse_args(arguments)
    if options.repeat < 1:
        parser.error("--repeat counts rounds: give 1 or more")
    logging.basicConfig(level=logging.WARNING)
    with product.data_directory() as home:
        # In a process of its own, or the first replay would find everything warm.
        asking = multiprocessing.get_context("spawn").Process(target=_ask, args=(home,))
        asking.start()
        asking.join()
        if asking.exitcode != 0:
            raise RuntimeError("The questions could not be asked.")
        report = measure(home, options.repeat)
    print(json.dumps(asdict(report), indent=2) if options.json else "\n".join(lines(report)))
    return 0


def measure(home: Path, repeat: int) -> Report:
    """Start anew, so that nothing is warm, and replay the questions that were asked."""
    services, _ = product.start(home)
    with closing(services):
        tenant_id = services.local_tenant_id
        engine, keyword_lab = services.what_if, services.keyword_lab
        in_force = services.tuning.load(tenant_id)
        draft = changed(in_force)
        what_if: list[WhatIfReport] = []
        lab: list[LabReport] = []
        first = _timed(lambda: what_if.append(engine.replay(tenant_id, draft)), repeat)
        unchanged = _timed(lambda: engine.replay(tenant_id, in_force), repeat)
        examined = _timed(lambda: lab.append(keyword_lab.examine(tenant_id, draft)), repeat)
        texts = [one.question.text for one in what_if[0].questions]
        previews = _timed(lambda: _preview(services, tenant_id, texts), repeat)
        machine = product.describe_machine(services)
    replayed = what_if[0].questions
    return Report(
        machine=machine,
        questions=len(replayed),
        keywords=len(lab[0].after.keywords),
        what_if=first,
        what_if_without_change=unchanged,
        keyword_lab=examined,
        previews=previews,
        intents_changed=sum(one.changes_intent for one in replayed),
        prompts_changed=sum(one.changes_prompt for one in replayed),
        passages_gained=sum(len(one.gained) for one in replayed),
        passages_lost=sum(len(one.lost) for one in replayed),
    )


def changed(in_force: TuningDraft) -> TuningDraft:
    """Return the draft that is tried."""
    product_routing = next(r for r in in_force.routings if r.intent == "product")
    rows = lay_over(
        RoutingOverlay(in_force.keywords, in_force.routings),
        overlay(_WORDS, [replace(product_routing, primary_tokens=_PRODUCT_TOKENS)]),
    )
    return replace(in_force, keywords=rows.keywords, routings=rows.routings)


def lines(report: Report) -> list[str]:
    """Return the report for people."""
    rows = (
        ("what-if of a draft", report.what_if),
        ("what-if of no change", report.what_if_without_change),
        ("keyword lab", report.keyword_lab),
        ("bare previews", report.previews),
    )
    warm, cold = (
        "reached" if seconds < GOAL_SECONDS else "missed"
        for seconds in (report.what_if.median, report.what_if.first)
    )
    return [
        f"{report.machine.cores} cores, Python {report.machine.python},"
        f" PostgreSQL {report.machine.postgresql}; {report.keywords:,} keywords",
        f"{'seconds for all questions':<26} {'first':>7} {'CPU':>7} {'median':>7} {'CPU':>7}",
        *(
            f"{name:<26} {s.first:7.3f} {s.first_cpu:7.3f} {s.median:7.3f} {s.median_cpu:7.3f}"
            for name, s in rows
        ),
        f"what-if: {report.questions} questions in {report.what_if.median:.2f} s (goal"
        f" {GOAL_SECONDS:.0f} s: {warm}), {report.what_if.first:.2f} s in a new process ({cold}),"
        f" {report.previews.median:.2f} s as previews; {report.intents_changed} other intents,"
        f" {report.prompts_changed} other prompts, {report.passages_gained} passages gained,"
        f" {report.passages_lost} lost",
    ]


def _ask(home: Path) -> None:
    """Ask the demo tenant fifty different questions, as customers would."""
    texts = dict.fromkeys(q.question for q in demo_questions())
    texts |= dict.fromkeys(english_faq_questions())
    services, _ = product.start(home)
    with closing(services):
        tenant_id = services.local_tenant_id
        while any(s.status in {"pending", "processing"} for s in services.sources.list(tenant_id)):
            time.sleep(_POLL_SECONDS)
        for text in [*texts][:DEFAULT_QUESTIONS]:
            for _event in services.answerer.answer(tenant_id, Question(text)):
                pass


def _preview(services: Services, tenant_id: UUID, texts: Sequence[str]) -> None:
    for text in texts:
        services.previews.preview(tenant_id, text)


def _timed(work: Callable[[], object], repeat: int) -> Seconds:
    wall, cpu = [], []
    for _ in range(repeat + 1):
        started, worked = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - worked)
    return Seconds(round(wall[0], 3), _median(wall[1:]), round(cpu[0], 3), _median(cpu[1:]))


def _median(seconds: Sequence[float]) -> float:
    return round(sorted(seconds)[len(seconds) // 2], 3)


if __name__ == "__main__":
    sys.exit(main())
