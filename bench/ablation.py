"""Measures what each part of retrieval earns: evidence recall with one part taken away at a time.

    python bench/ablation.py --passages FILE --questions FILE [--budgets 300,600,1000]
                             [--noise SEED] [--only NAME,…] [--limit N] [--json]

Passages, questions, budgets and what counts as found are those of `bench/recall.py`, asked by its
own code: all languages in one tenant, no router. A part is taken away by patching the product's
name that it hangs on, or by another weight in the ranking profile; the other weights stay as they
were learned with it, so a difference says what the part earns in this product, not what a product
that was tuned without it would lose. A part that changes what is stored indexes again in a database
of its own. With --noise every question is asked as it is, and as a hurried customer types it.

Beside each difference stands how many questions it is made of: those that are found only now, and
those that are found no more. A handful either way is chance.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read by numpy once: threads would measure the neighbours

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from bench import _question_options as question_options
from bench import _recall_data as data
from bench import _recall_figures as figures
from bench import _turn_product as product
from bench._ablation_parts import AS_SHIPPED, PARTS, Part, learned_on_the_other_half
from bench._learn_examples import half_of
from bench._recall_noise import add_noise
from bench._recall_questions import Asker
from bench._scale_rounds import cache_of
from leanrag.bootstrap import Services, start_services

Questions = Sequence[data.PublicQuestion]
Found = tuple[figures.Asked, ...]
ByNoise = dict[int | None, Found]  # questions as they are (None), and mistyped by a seed


@dataclass(frozen=True, slots=True)
class BudgetEffect:
    """Recall in percent at one budget, the mean over languages, and what the part changed.

    `difference` is in points, to the product as shipped; `gained` and `lost` are questions.
    """

    mean_percent: float
    by_language: dict[str, float]
    difference: float
    gained: int
    lost: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What one part's absence did to questions as they are (`noise` None) or mistyped."""

    part: str
    noise: int | None
    questions: int
    budgets: dict[int, BudgetEffect]
    preview_p50_ms: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print each part's figures as soon as they are known."""
    options = _parse(arguments)
    logging.basicConfig(level=logging.WARNING)
    for effect in measure(options):
        print(json.dumps(asdict(effect)) if options.json else line(effect), flush=True)
    return 0


def measure(options: argparse.Namespace) -> Iterator[Effect]:
    """Yield the effects of the chosen parts; the product as shipped comes first."""
    shipped: ByNoise = {}
    for part, by_noise in _ask_all(options):
        for noise, asked in by_noise.items():
            yield effect_of(part.name, noise, asked, shipped.setdefault(noise, asked))


def effect_of(name: str, noise: int | None, asked: Found, shipped: Found) -> Effect:
    """Compare the same questions, in the same order, with and without a part."""
    budgets = {}
    for budget in asked[0].is_found:
        pairs = [
            (a.is_found[budget], b.is_found[budget]) for a, b in zip(asked, shipped, strict=True)
        ]
        own, whole = _recall(asked, budget), _recall(shipped, budget)
        mean = float(np.mean(list(own.values())))
        budgets[budget] = BudgetEffect(
            mean_percent=round(mean, 1),
            by_language={language: round(percent, 1) for language, percent in own.items()},
            difference=round(mean - float(np.mean(list(whole.values()))), 1) + 0.0,  # no "-0.0"
            gained=pairs.count((True, False)),
            lost=pairs.count((False, True)),
        )
    p50 = float(np.median([one.preview_ms for one in asked]))
    return Effect(name, noise, len(asked), budgets, round(p50, 1))


def line(effect: Effect) -> str:
    """Return one part's figures as a line for people."""
    typing = "as they are" if effect.noise is None else f"noise {effect.noise}"
    means = "  ".join(
        f"@{budget} {own.mean_percent:5.1f} ({own.difference:+5.1f} = +{own.gained} -{own.lost})"
        for budget, own in effect.budgets.items()
    )
    languages = "  ".join(
        f"{language} " + "/".join(f"{o.by_language[language]:.1f}" for o in effect.budgets.values())
        for language in next(iter(effect.budgets.values())).by_language
    )
    return f"{effect.part:28}{typing:12} {means}  {languages}  {effect.preview_p50_ms:.1f} ms"


def _ask_all(options: argparse.Namespace) -> Iterator[tuple[Part, ByNoise]]:
    passages = data.read_passages(options.passages)
    questions = data.read_questions(options.questions, limit=options.limit)
    with product.data_directory() as shared:
        with AS_SHIPPED.taken_away(), _running(AS_SHIPPED, shared) as services:
            tenant_id = _store(services, passages)
        for part in options.only:
            if part.is_stored:
                with (
                    product.data_directory() as home,
                    part.taken_away(),
                    _running(part, home) as services,
                ):
                    yield part, _ask(services, _store(services, passages), questions, options)
            elif part.is_learned:
                yield part, _ask_halves(part, shared, tenant_id, questions, options)
            else:
                with part.taken_away(), _running(part, shared) as services:
                    yield part, _ask(services, tenant_id, questions, options)


def _ask_halves(
    part: Part, home: Path, tenant_id: UUID, questions: Questions, options: argparse.Namespace
) -> ByNoise:
    """Ask each half of the questions with the weights that the other half teaches."""
    asked: list[ByNoise] = []
    parts = learned_on_the_other_half(part, options.passages, options.questions)
    for half, own_part in enumerate(parts):
        own = [question for question in questions if half_of(question.question_id) == half]
        asked.append({})
        if own:
            with own_part.taken_away(), _running(own_part, home) as services:
                asked[half] = _ask(services, tenant_id, own, options)
    return together(questions, asked)


def together(questions: Questions, halves: Sequence[ByNoise]) -> ByNoise:
    """Put the halves' answers into the order of all questions; ids may repeat in languages."""
    whole: ByNoise = {}
    for noise in {noise: None for half in halves for noise in half}:
        waiting = [iter(half.get(noise, ())) for half in halves]
        whole[noise] = tuple(next(waiting[half_of(q.question_id)]) for q in questions)
    return whole


def _running(part: Part, home: Path) -> closing[Services]:
    return closing(start_services(part.settings(home), worker=False, demo=False))


def _store(services: Services, passages: Sequence[data.PublicPassage]) -> UUID:
    tenant_id = services.tenants.create("ablation", "Ablation").tenant_id
    data.index(services, tenant_id, passages)
    return tenant_id


def _ask(
    services: Services, tenant_id: UUID, questions: Questions, options: argparse.Namespace
) -> ByNoise:
    asker = Asker(services, tenant_id, options.budgets, use_router=False)
    asker.ask(questions[0], questions[0].text)
    cache_of(services).wait()  # all are asked of the index in memory, whichever comes first
    asked: ByNoise = {None: tuple(asker.ask(q, q.text) for q in questions)}
    if options.noise is not None:
        keys = [f"{options.noise}:{q.question_id}" for q in questions]
        typed = [add_noise(q.text, q.language, key=k) for q, k in zip(questions, keys, strict=True)]
        asked[options.noise] = tuple(map(asker.ask, questions, typed))
    return asked


def _recall(asked: Found, budget: int) -> dict[str, float]:
    """Return the percentage that was found, by language."""
    found: dict[str, list[bool]] = {}
    for one in asked:
        found.setdefault(one.language, []).append(one.is_found[budget])
    return {language: 100 * sum(own) / len(own) for language, own in found.items()}


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure what each part of retrieval earns.")
    question_options.add_files(parser)
    parser.add_argument(
        "--budgets", type=question_options.prompt_budgets, default=(300, 600, 1000), metavar="N,N,…"
    )
    parser.add_argument("--noise", type=int, metavar="SEED", help="ask as people type, too")
    parser.add_argument("--only", type=_parts, default=PARTS, metavar="NAME,…", help=_names())
    parser.add_argument("--limit", type=int, metavar="N", help="questions of each language")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    options = parser.parse_args(arguments)
    question_options.check(parser, options)
    return options


def _parts(text: str) -> tuple[Part, ...]:
    """Return the parts of these names in their own order, after the product as shipped."""
    wanted = {name.strip() for name in text.split(",")}
    unknown = wanted - {part.name for part in PARTS}
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no part {', '.join(sorted(unknown))}")
    return tuple(part for part in PARTS if part is AS_SHIPPED or part.name in wanted)


def _names() -> str:
    return "; ".join(part.name for part in PARTS)


if __name__ == "__main__":
    sys.exit(main())
