"""What row-level security costs: the product's queries with policies, and the same without.

    python bench/policies.py --passages FILE --questions FILE [--size 50000] [--ask 60] [--plans]

One tenant of 50,000 passages among 20 of 500. Every query runs as the application's role, which
policies bind, and at once after as the owner, whom they do not: the same statements, rows and
server, in turn. The ratio is that of the medians; up to 1.15 is the aim. `--plans` prints what
PostgreSQL did for one of each.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read by numpy once: threads would measure the neighbours

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sqlalchemy import event, text

from bench import _question_options as question_options
from bench import _recall_data as data
from bench import _scale_tenants as tenants
from bench import _turn_product as product
from bench._scale_passages import prepare
from bench._turn_figures import spread
from db.engine import make_admin_engine
from db.models.base import new_id
from db.tenancy import Database
from leanrag.audit import Audit, AuditFilter
from leanrag.bootstrap import Services, start_services
from leanrag.conversations import Conversations
from leanrag.embeddings import embedder_from
from leanrag.passage_browser import PassageBrowser
from leanrag.passage_filter import PassageFilter
from leanrag.passage_search import PassageSearch
from leanrag.retriever import _question_weights
from leanrag.sources import Sources
from leanrag.text.tokens import load_counter
from leanrag.tuning import Tuning
from leanrag.usage import Usage

SEED = 24_640
AIM = 1.15
OTHERS, OTHERS_EACH = 20, 500
CONVERSATIONS, EVENTS = 2_000, 20_000
_FEW = 12  # of the questions warm the server up

Query = Callable[[Database, int], object]


@dataclass(frozen=True, slots=True)
class Compared:
    """Medians and 95th percentiles in milliseconds, with policies and without."""

    name: str
    with_p50: float
    with_p95: float
    without_p50: float
    without_p95: float

    @property
    def ratio(self) -> float:
        """How many times as long the median takes with policies."""
        return self.with_p50 / self.without_p50


class Comparison:
    """One filled database, and the two ways to ask it."""

    def __init__(self, services: Services, options: argparse.Namespace) -> None:
        self._services = services
        owner = make_admin_engine(services.database.admin_engine.url)
        event.listen(owner, "connect", _find_jobs)
        self.guarded: Database = services.database
        self.unguarded = Database(owner, owner)
        self._embedder = embedder_from(services.settings)
        self._tenant_id = self._fill(options)
        chosen = list(data.read_questions(options.questions))
        random.Random(SEED).shuffle(chosen)
        self._questions = chosen[: options.ask]
        vectors = self._embedder.embed([q.text for q in self._questions]).vectors
        self._vectors = vectors
        self._bot_id = services.bots.find(self._tenant_id).bot_id
        self._words, self._both = (
            PassageSearch(self._embedder.model, candidates=50, uses_dense=partial(_always, answer))
            for answer in (False, True)
        )

    def close(self) -> None:
        """Release the owner's connections."""
        self.unguarded.dispose()

    def queries(self) -> dict[str, Query]:
        """Return the product's own queries, by name."""
        tenant_id = self._tenant_id
        return {
            "search by words": lambda d, n: self._find(self._words, d, n),
            "search by words and embeddings": lambda d, n: self._find(self._both, d, n),
            "nearest embeddings": self._nearest,
            "read the proposed passages": self._proposed,
            "list sources": lambda d, _: Sources(d).list(tenant_id, limit=50),
            "list passages": lambda d, n: PassageBrowser(d).find(tenant_id, offset=25 * (n % 40)),
            "search passages by text": lambda d, n: PassageBrowser(d).find(
                tenant_id, PassageFilter(words=self._questions[n].text.split()[0])
            ),
            "list conversations": lambda d, _: Conversations(d).list(tenant_id),
            "list the audit log": lambda d, _: Audit(d).find(tenant_id, limit=50),
            "filter the audit log": lambda d, _: Audit(d).find(
                tenant_id, AuditFilter(object_kind="report", actor="Sara"), limit=50
            ),
            "load keywords": lambda d, _: Tuning(d).load(tenant_id),
            "usage of a week": lambda d, _: Usage(d).report(tenant_id, hours=168),
        }

    def compare(self, name: str, query: Query) -> Compared:
        """Run a query with and without policies in turn, so that a busy moment meets both."""
        times: dict[bool, list[float]] = {True: [], False: []}
        count = len(self._questions)
        for number in range(-_FEW, count):
            # Which of the two comes first takes turns: the second finds warmer caches.
            for is_guarded in (True, False) if number % 2 else (False, True):
                database = self.guarded if is_guarded else self.unguarded
                started = time.perf_counter()
                query(database, number % count)
                if number >= 0:
                    times[is_guarded].append((time.perf_counter() - started) * 1000)
        guarded, free = spread(times[True]), spread(times[False])
        return Compared(name, guarded.p50_ms, guarded.p95_ms, free.p50_ms, free.p95_ms)

    def plans(self, query: Query) -> str:
        """Return how the server ran each statement of a query, with policies and without."""
        lines = []
        for named, database in (("with policies", self.guarded), ("without", self.unguarded)):
            for statement, parameters in self._statements(query, database):
                with database.tenant(self._tenant_id) as session:
                    explained = session.connection().exec_driver_sql(
                        f"EXPLAIN (ANALYZE, COSTS OFF, BUFFERS OFF) {statement}", parameters
                    )
                    lines += [f"  -- {named}", *(f"  {row[0]}" for row in explained)]
        return "\n".join(lines)

    def _statements(self, query: Query, database: Database) -> list[tuple[str, Any]]:
        seen: list[tuple[str, Any]] = []

        def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            if statement.lstrip().startswith(("SELECT", "WITH")):
                seen.append((statement, parameters))

        event.listen(database.engine, "before_cursor_execute", note)
        try:
            query(database, 0)
        finally:
            event.remove(database.engine, "before_cursor_execute", note)
        return seen

    def _find(self, search: PassageSearch, database: Database, number: int) -> object:
        question, vector = self._questions[number], self._vectors[number]
        with database.tenant(self._tenant_id) as session:
            state = search.open(self._tenant_id, bot_id=self._bot_id, session=session)
            weights = _question_weights(question.text, question.language, state.statistics)
            return search.find(state, weights, vector, session=session)

    def _nearest(self, database: Database, number: int) -> object:
        query = text(
            "SELECT chunk_id FROM chunk_embeddings WHERE tenant_id = :tenant AND model = :model"
            " ORDER BY dense <#> CAST(:vector AS halfvec) LIMIT 50"
        )
        vector = "[" + ",".join(f"{value:.4f}" for value in self._vectors[number]) + "]"
        given = {"tenant": self._tenant_id, "model": self._embedder.model, "vector": vector}
        with database.tenant(self._tenant_id) as session:
            return session.execute(query, given).all()

    def _proposed(self, database: Database, number: int) -> object:
        """Read by id what an index in memory proposes: the product's warm search."""
        if not hasattr(self, "_warm"):
            self._warm = self._services.answerer._steps.retriever._search
            for _ in range(2):
                self._find(self._warm, self.guarded, 0)
                cache = self._warm._indexes
                assert cache is not None
                cache.wait(120)
        return self._find(self._warm, database, number)

    def _fill(self, options: argparse.Namespace) -> UUID:
        pool = prepare(
            data.read_passages(options.passages),
            options.size,
            embedder=self._embedder,
            counter=load_counter(),
            seed=SEED,
        )
        model = self._embedder.model
        write = partial(tenants.write, self._services, pool=pool, model=model)
        large = write("large", count=1, passages_each=options.size, seed=SEED)
        write("other", count=OTHERS, passages_each=OTHERS_EACH, seed=1)
        self._talk(large.ids[0])
        tenants.settle(self._services)
        return large.ids[0]

    def _talk(self, tenant_id: UUID) -> None:
        """Give the tenant conversations, usage and a log, as they are after some months."""
        bot_id = self._services.bots.find(tenant_id).bot_id
        given = {"tenant": tenant_id, "bot": bot_id, "first": new_id()}
        with self.guarded.tenant(tenant_id) as session:
            for statement in _TALK:
                session.execute(text(statement), given)


def _always(answer: bool, _statistics: object) -> bool:
    return answer


_TALK = (
    "INSERT INTO conversations (tenant_id, conversation_id, bot_id, title, updated_at)"
    " SELECT :tenant, gen_random_uuid(), :bot, 'Question ' || n, now() - n * interval '1 minute'"
    f" FROM generate_series(1, {CONVERSATIONS}) n",
    "INSERT INTO usage_events (tenant_id, usage_id, occurred_at, kind, bot_id, model,"
    " prompt_tokens, completion_tokens, is_reported, outcome, latency_ms)"
    " SELECT :tenant, gen_random_uuid(), now() - n * interval '5 minutes', 'answer', :bot,"
    f" 'gpt', 900, 100, true, 'complete', 900 FROM generate_series(1, {CONVERSATIONS}) n",
    "INSERT INTO audit_log (tenant_id, event_id, actor_id, actor_name, action, object_kind,"
    " object_id) SELECT :tenant, gen_random_uuid(), n % 7, CASE n % 7 WHEN 0 THEN 'Sara' ELSE"
    " 'Ben' END, 'viewed', CASE n % 5 WHEN 0 THEN 'report' ELSE 'source' END, n"
    f" FROM generate_series(1, {EVENTS}) n",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 where a ratio is above the aim."""
    options = _parse(arguments)
    logging.basicConfig(level=logging.WARNING)
    with product.data_directory() as home:
        settings = product.settings_for(home).model_copy(update={"index_cache_mb": 512})
        with closing(start_services(settings, worker=False, demo=False)) as services:
            print(f"filling a tenant of {options.size:,} passages", file=sys.stderr)
            with closing(Comparison(services, options)) as comparison:
                return _report(comparison, options)


def _report(comparison: Comparison, options: argparse.Namespace) -> int:
    print(f"{'median / p95, ms':<32} {'with policies':>18} {'without':>18} {'ratio':>6}")
    above = 0
    for name, query in comparison.queries().items():
        c = comparison.compare(name, query)
        above += c.ratio > AIM
        guarded = f"{c.with_p50:.2f} / {c.with_p95:.2f}"
        free = f"{c.without_p50:.2f} / {c.without_p95:.2f}"
        print(f"{name:<32} {guarded:>18} {free:>18} {c.ratio:>6.2f}", flush=True)
        if options.plans:
            print(comparison.plans(query))
    return 1 if above else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure what row-level security costs.")
    question_options.add_files(parser)
    parser.add_argument("--size", type=int, default=50_000, help="passages of the tenant")
    parser.add_argument("--ask", type=int, default=60, metavar="N", help="runs of each query")
    parser.add_argument("--plans", action="store_true", help="print what PostgreSQL did")
    options = parser.parse_args(arguments)
    question_options.check(parser, options)
    return options


def _find_jobs(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET search_path TO public, jobs")
    connection.commit()


if __name__ == "__main__":
    sys.exit(main())
