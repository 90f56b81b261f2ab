"""Measures evidence recall: does the context of a prompt hold a known answer, in N tokens?

    python bench/recall.py --passages FILE --questions FILE --budgets 300,600,1000
                           [--lang fa] [--noise SEED] [--router] [--limit N] [--json]

All passages of all languages go into one tenant through the product's ingest. Every question goes
through `Answerer.preview`: embedding, routing, retrieval, guard. Its passages, in its order, are
then packed by the product's own `TokenBudgetController` once for each budget, with a prompt limit
of N tokens above that question's prompt without evidence: the evidence gets exactly N tokens, and
its markers, titles and tags are paid for out of them. This is the context that the prompt carries,
sentences that were trimmed to fit included; nothing is cut off behind the Nth token. A question
counts as found when that context holds a gold answer, both folded as for search. The milliseconds
are the preview's: a whole turn before the model, with a prompt of 1,500 tokens.

Without --router every kind of source counts alike. Everything happens in a data directory of its
own, which is removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read by numpy once: threads would measure the neighbours

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _question_options as question_options
from bench import _recall_data as data
from bench import _recall_figures as figures
from bench import _turn_product as product
from bench._recall_noise import add_noise
from bench._recall_questions import Asker
from leanrag.bootstrap import start_services
from leanrag.types import LANGUAGES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report."""
    options = _parse(arguments)
    logging.basicConfig(level=logging.WARNING)
    with product.data_directory() as home:
        report = measure(home, options)
    if options.json:
        print(json.dumps(asdict(report), indent=2))
    else:
        print("\n".join(figures.lines(report)))
    return 0


def measure(home: Path, options: argparse.Namespace) -> figures.Report:
    """Index all passages, then ask the chosen questions one after the other."""
    passages = data.read_passages(options.passages)
    questions = data.read_questions(options.questions, language=options.lang, limit=options.limit)
    with closing(start_services(product.settings_for(home), worker=False, demo=False)) as services:
        tenant_id = services.tenants.create("recall", "Recall").tenant_id
        started = time.perf_counter()
        stored = data.index(services, tenant_id, passages)
        index_seconds = time.perf_counter() - started
        asker = Asker(services, tenant_id, options.budgets, use_router=options.router)
        asked = []
        for question in questions:
            text = question.text
            if options.noise is not None:
                key = f"{options.noise}:{question.question_id}"
                text = add_noise(text, question.language, key=key)
            asked.append(asker.ask(question, text))
        return figures.Report(
            machine=product.describe_machine(services),
            passages=stored,
            index_seconds=round(index_seconds, 1),
            noise=options.noise,
            router=options.router,
            languages=figures.by_language(asked, options.budgets),
        )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure evidence recall on public questions.")
    question_options.add_files(parser)
    parser.add_argument(
        "--budgets", type=question_options.prompt_budgets, default=(300, 600, 1000), metavar="N,N,…"
    )
    parser.add_argument("--lang", choices=LANGUAGES, help="ask this language's questions alone")
    parser.add_argument("--noise", type=int, metavar="SEED", help="type as people do")
    parser.add_argument("--router", action="store_true", help="route by the default keywords")
    parser.add_argument("--limit", type=int, metavar="N", help="questions of each language")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    question_options.check(parser, options)
    return options


if __name__ == "__main__":
    sys.exit(main())
