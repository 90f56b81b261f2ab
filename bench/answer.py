"""Measures the answerer without a model: does it quote the answer, and is it silent without one?

    python bench/answer.py --passages FILE --questions FILE [--lang fa] [--limit N] [--learn]
                           [--json]

All passages go into one tenant through the product's ingest. Every question goes through
`Previews.preview`: embedding, router, retrieval, guard, budget; the extractive answerer then quotes
from what the prompt of 1,500 tokens carries. A question counts as held when the quoted sentences
hold a gold answer, both folded as for search.

Then every question is asked again without its document: the documents are in twenty parts by the
hash of their `doc_id` (translations of a document are in one part), and a part is deleted, its
questions are asked, and it is added again. Wrong abstention is silence though the document is
there; missed abstention is an answer though it is gone. Where another document holds the answer
too, that is counted apart.

The demo tenant is asked its own questions, some about the same shop that its sources do not answer
(bench/unanswered.jsonl), and every tenth public question, which is about something else.

Questions are in two halves by the SHA-256 of their ids; what is learned (--learn prints the weights
for each half) is learned on the even one. Everything happens in a data directory of its own, which
is removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read by numpy once: threads would measure the neighbours

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _answer_data as data
from bench import _answer_figures as figures
from bench import _answer_learn as learning
from bench import _question_options as question_options
from bench import _turn_product as product
from bench._answer_asking import Asked, Asker
from leanrag.bootstrap import Services, start_services
from leanrag.demo.loader import DEMO_SLUG
from leanrag.types import LANGUAGES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report."""
    options = _parse(arguments)
    logging.basicConfig(level=logging.WARNING)
    with (
        product.data_directory() as home,
        closing(start_services(product.settings_for(home), worker=False, demo=True)) as services,
    ):
        report, lessons = measure(services, options)
    if options.json:
        print(json.dumps({**asdict(report), "learned": lessons}, indent=2))
    else:
        print("\n".join([*figures.lines(report), *learning.lines(lessons)]))
    return 0


def measure(
    services: Services, options: argparse.Namespace
) -> tuple[figures.Report, learning.Lessons]:
    """Ask every question with its document and without, and the demo's; learn if that is asked."""
    items = data.read_items(options.questions, language=options.lang, limit=options.limit)
    present, absent, passages = _ask_library(services, items, options.passages)
    answered, unanswered, off_topic = _ask_demo(services, items, options.lang)
    report = figures.Report(
        machine=product.describe_machine(services),
        passages=passages,
        containment=figures.containment(present),
        abstaining=figures.abstaining(present, absent),
        demo=figures.demo(answered, unanswered, off_topic),
        choose=figures.spread([one.milliseconds for one in present]),
    )
    if not options.learn:
        return report, {}
    return report, learning.learn(present, absent, answered, [*unanswered, *off_topic])


def _ask_library(
    services: Services, items: Sequence[data.Item], passages: Path
) -> tuple[list[Asked], list[Asked], int]:
    """Return the public questions with their documents, the same without, and the passages."""
    tenant_id = services.tenants.create("library", "Library").tenant_id
    library = data.Library(services, tenant_id, passages)
    asker = Asker(services, tenant_id)
    present = [asker.ask(item) for item in items]
    places: dict[int, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        places[data.part_of(item.document)].append(place)
    without: dict[int, Asked] = {}
    for part, own in places.items():
        library.take_out(part)
        without.update((place, asker.ask(items[place])) for place in own)
        library.put_back(part)
    return present, [without[place] for place in range(len(items))], library.passages


def _ask_demo(
    services: Services, items: Sequence[data.Item], language: str | None
) -> tuple[list[Asked], list[Asked], list[Asked]]:
    asker = Asker(services, services.tenants.find(DEMO_SLUG).tenant_id)
    answered, unanswered = data.demo_items(language=language)
    return (
        [asker.ask(item) for item in answered],
        [asker.ask(item) for item in unanswered],
        [asker.ask(item) for item in data.every_tenth(items)],
    )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the answers that are quoted.")
    question_options.add_files(parser)
    parser.add_argument("--lang", choices=LANGUAGES, help="ask this language's questions alone")
    parser.add_argument("--limit", type=int, metavar="N", help="questions of each language")
    parser.add_argument("--learn", action="store_true", help="fit the weights on each half too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    question_options.check(parser, options)
    return options


if __name__ == "__main__":
    sys.exit(main())
