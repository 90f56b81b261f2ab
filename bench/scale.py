"""Measures retrieval as tenants grow: one of 10,000 passages, alone and among up to 1,000 others.

    python bench/scale.py --passages FILE --questions FILE [--sizes 10k,100k,1m]
                          [--tenants N --per-tenant M] [--ask N] [--json]

Stage `10k` holds one tenant of 10,000 passages; `100k` adds 100 tenants of 1,000, and `1m` 900
more; `--tenants N --per-tenant M` adds a stage of that shape. The passages are the public ones and
copies with other words put in, drawn for each tenant with a fixed seed; every row is what the
product would have stored for that text, written by COPY. Questions are public ones.

*Warm*: the tenant's index is in memory. *Cold*: the same product with LEANRAG_INDEX_CACHE_MB=0,
which scans the tenant's passages in the database for every question; its answer is exact, and
recall is measured against it. Times are the product's own retriever and token budget, from opening
the transaction to the packed prompt. Everything happens in a data directory of its own, which is
removed afterwards; `1m` needs 20 GB there while it runs.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import random
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read by numpy once: threads would measure the neighbours

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil

from bench import _question_options as question_options
from bench import _recall_data as data
from bench import _scale_figures as figures
from bench import _scale_rounds as rounds
from bench import _scale_tenants as tenants
from bench import _turn_product as product
from bench import _turn_rounds as turns
from bench._scale_passages import Prepared, prepare
from bench._turn_figures import Spread, spread
from leanrag.bootstrap import Services, start_services
from leanrag.embeddings import embedder_from
from leanrag.text.tokens import load_counter

SEED = 24_640
SHAPES = {"10k": (1, 10_000), "100k": (100, 1_000), "1m": (900, 1_000)}
POOL_PASSAGES = 30_000  # of which every tenant has its own draw
ACTIVE_TENANTS = 50  # of the many: so many are asked warm
COLD_SHARE = 4  # a question in so many is also asked cold


class Benchmark:
    """One database that grows, with the product on it twice: with indexes and without."""

    def __init__(self, services: Services, exact: Services, options: argparse.Namespace) -> None:
        self._services = services
        self._exact = exact
        questions = list(data.read_questions(options.questions))
        random.Random(SEED).shuffle(questions)
        self._questions = questions[: options.ask]
        self._embedder = embedder_from(services.settings)
        self._pool: list[Prepared] = prepare(
            data.read_passages(options.passages),
            POOL_PASSAGES if len(options.shapes) > 1 else SHAPES["10k"][1],
            embedder=self._embedder,
            counter=load_counter(),
            seed=SEED,
        )
        gc.collect()
        gc.freeze()  # a product's process holds no pool, nor pauses to look through one
        self._written: list[tenants.Tenants] = []

    def stage(self, name: str, count: int, passages_each: int) -> figures.Stage:
        """Add tenants, then measure the first tenant and those that were added."""
        started = time.perf_counter()
        added = tenants.write(
            self._services,
            name,
            count=count,
            passages_each=passages_each,
            pool=self._pool,
            model=self._embedder.model,
            seed=SEED + len(self._written),
        )
        tenants.settle(self._services)
        seconds = time.perf_counter() - started
        self._written.append(added)
        shown = self._written[:1] if len(self._written) == 1 else [self._written[0], added]
        groups = [self._group(f"{t.passages_each:,}", t) for t in shown]
        disk = tenants.disk(self._services)
        everyone = [tenant_id for group in self._written for tenant_id in group.ids]
        return figures.Stage(
            name=name,
            passages=disk.passages,
            tenants=len(everyone),
            write_seconds=round(seconds, 1),
            disk=disk,
            groups=groups,
            mixed=self._mixed(added),
            mixed_tenants=len(added.ids),
            turn=self._turns(added),
            memory_mb=psutil.Process().memory_info().rss // figures.MEGABYTE,
            index_mb=rounds.cache_of(self._services).nbytes() // figures.MEGABYTE,
        )

    def _group(self, name: str, group: tenants.Tenants) -> figures.Group:
        active = tenants.Tenants(group.ids[:ACTIVE_TENANTS], group.passages_each)
        few = self._questions[::COLD_SHARE]
        asker, exact = rounds.Asker(self._services), rounds.Asker(self._exact)
        exact.ask(active.ids, few[: len(few) // 4])
        cold = exact.ask(active.ids, few)
        cache = rounds.cache_of(self._services)
        held = cache.nbytes()
        load_seconds = rounds.warm(self._services, active.ids, self._questions[0])
        index_bytes = (cache.nbytes() - held) / (len(active.ids) * active.passages_each)
        asker.ask(active.ids, few)
        warm = asker.ask(active.ids, self._questions)
        floor = rounds.floor(self._services, active.ids[0], few)
        return figures.Group(
            name=name,
            tenants=len(active.ids),
            passages_each=active.passages_each,
            questions=len(self._questions),
            warm=warm.retrieve(),
            cold=cold.retrieve(),
            warm_search=spread(warm.find),
            pack=spread(warm.pack),
            route=spread(warm.route),
            embed=spread(warm.embed),
            recall=rounds.recall(asker, exact, active, few),
            floor=floor,
            ratio_p50=round(warm.retrieve().p50_ms / floor.p50_ms, 1),
            load_seconds=round(load_seconds, 3),
            index_bytes_a_passage=round(index_bytes),
        )

    def _mixed(self, group: tenants.Tenants) -> Spread:
        """Ask tenants at random, as they come: found in memory, loaded meanwhile, or scanned."""
        chance = random.Random(SEED)
        chosen = [chance.choice(group.ids) for _ in self._questions]
        return rounds.Asker(self._services).ask(chosen, self._questions).retrieve()

    def _turns(self, group: tenants.Tenants) -> Spread:
        """Time whole turns without a model, each in a conversation of its own."""
        active = group.ids[:ACTIVE_TENANTS]
        return spread(
            [
                turns.ask(self._services, active[n % len(active)], question.text)[0].milliseconds
                for n, question in enumerate(self._questions[::COLD_SHARE])
            ]
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report."""
    options = _parse(arguments)
    logging.basicConfig(level=logging.WARNING)
    with product.data_directory() as home:
        report = measure(home, options)
    print(
        json.dumps(asdict(report), indent=2) if options.json else "\n".join(figures.lines(report))
    )
    return 0


def measure(home: Path, options: argparse.Namespace) -> figures.Report:
    """Build one stage on the other and measure each."""
    settings = product.settings_for(home)
    without = settings.model_copy(update={"index_cache_mb": 0})
    with (
        closing(start_services(settings, worker=False, demo=False)) as services,
        closing(start_services(without, worker=False, demo=False)) as exact,
    ):
        started = time.perf_counter()
        benchmark = Benchmark(services, exact, options)
        seconds = time.perf_counter() - started
        stages = [benchmark.stage(name, *shape) for name, shape in options.shapes.items()]
        first, last = stages[0].groups[0], stages[-1].groups[0]
        return figures.Report(
            machine=product.describe_machine(services),
            seed=SEED,
            prepare_seconds=round(seconds, 1),
            stages=stages,
            growth_warm=round(last.warm.p95_ms / first.warm.p95_ms, 2),
            growth_cold=round(last.cold.p95_ms / first.cold.p95_ms, 2),
        )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure retrieval as tenants grow.")
    question_options.add_files(parser)
    parser.add_argument("--sizes", default="10k", help="of 10k,100k,1m (default 10k)")
    parser.add_argument("--tenants", type=int, metavar="N", help="a stage with so many tenants")
    parser.add_argument("--per-tenant", type=int, default=1_000, metavar="M", help="of M passages")
    parser.add_argument("--ask", type=int, default=400, metavar="N", help="questions of a round")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    names = options.sizes.split(",")
    if not set(names) <= set(SHAPES):
        parser.error(f"--sizes takes {', '.join(SHAPES)}")
    options.shapes = {name: shape for name, shape in SHAPES.items() if name in names}
    if options.tenants is not None:
        options.shapes["own"] = (options.tenants, options.per_tenant)
    question_options.check(parser, options)
    return options


if __name__ == "__main__":
    sys.exit(main())
