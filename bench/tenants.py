"""What a large tenant takes to export and to delete, and what the audit log's triggers cost.

    python bench/tenants.py --passages FILE [--size 50000] [--triggers]

Triggers, in seconds of the database: a save of 5,000 keywords, one that changes a single of them,
and the storing of a list of 5,000 passages, each with the triggers and without, in turn.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median
from uuid import UUID

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sqlalchemy import event, text

from bench import _recall_data as data
from bench import _scale_tenants as tenants
from bench import _turn_product as product
from bench._scale_passages import prepare
from leanrag.bootstrap import Services, start_services
from leanrag.embeddings import embedder_from
from leanrag.ingest.extracted import Chunk
from leanrag.router import KeywordRule
from leanrag.text.tokens import load_counter

SEED = 24_640
OTHERS, OTHERS_EACH = 5, 500
ROWS = 5_000
ROUNDS = 5
_MEGABYTE = 1024**2
_AUDITED = ("intent_keywords", "intent_routings", "bot_versions", "sources")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure tenants whole, and the audit log.")
    parser.add_argument("--passages", type=Path, required=True, help="JSON lines, plain or gzip")
    parser.add_argument("--size", type=int, default=50_000, help="passages of the large tenant")
    parser.add_argument("--triggers", action="store_true", help="measure the triggers alone")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    with product.data_directory() as home:
        settings = product.settings_for(home)
        with closing(start_services(settings, worker=False, demo=False)) as services:
            _measure_triggers(services)
            if not options.triggers:
                _measure_whole(services, options, home)
    return 0


def _measure_whole(services: Services, options: argparse.Namespace, home: Path) -> None:
    embedder = embedder_from(services.settings)
    pool = prepare(
        data.read_passages(options.passages),
        options.size,
        embedder=embedder,
        counter=load_counter(),
        seed=SEED,
    )
    large = tenants.write(
        services,
        "large",
        count=1,
        passages_each=options.size,
        pool=pool,
        model=embedder.model,
        seed=SEED,
    )
    tenants.write(
        services,
        "other",
        count=OTHERS,
        passages_each=OTHERS_EACH,
        pool=pool,
        model=embedder.model,
        seed=1,
    )
    tenants.settle(services)
    for with_vectors in (False, True):
        started = time.perf_counter()
        path = home / f"{with_vectors}.zip"
        written = services.tenant_export.write(large.ids[0], path, with_vectors=with_vectors)
        print(
            f"export {'with' if with_vectors else 'without'} vectors:"
            f" {time.perf_counter() - started:.1f} s, {sum(written.rows.values()):,} rows,"
            f" {written.byte_size / _MEGABYTE:.1f} MB"
        )
    longest, last = 0.0, time.perf_counter()

    def note(_progress: object) -> None:
        nonlocal longest, last
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()

    removed = services.tenant_removal.remove("large-0", confirmed="large-0", on_progress=note)
    print(
        f"delete: {removed.seconds:.1f} s, {sum(removed.rows.values()):,} rows,"
        f" longest transaction {longest:.2f} s"
    )


def _measure_triggers(services: Services) -> None:
    for name, work in (
        (f"save {ROWS:,} keywords", _save_all),
        ("change one of them", _change_one),
        (f"store {ROWS:,} passages", _store),
    ):
        times: dict[bool, list[float]] = {True: [], False: []}
        for number in range(ROUNDS):
            for is_audited in (True, False) if number % 2 else (False, True):
                _switch(services, is_audited)
                slug = f"t{number}-{is_audited}-{name[:3]}".lower()
                tenant_id = services.tenants.create(slug, "T").tenant_id
                times[is_audited].append(work(services, tenant_id))
        audited, plain = median(times[True]), median(times[False])
        print(f"{name:<24} {audited:.2f} s with triggers, {plain:.2f} s without", flush=True)
    _switch(services, True)


def _timed(services: Services, work: Callable[[], object]) -> float:
    """Return the seconds that the database took: a neighbour's load weighs more on ours."""
    spent = 0.0
    began = 0.0

    def begin(*_: object) -> None:
        nonlocal began
        began = time.perf_counter()

    def end(*_: object) -> None:
        nonlocal spent
        spent += time.perf_counter() - began

    engine = services.database.engine
    listeners = (("before_cursor_execute", begin), ("after_cursor_execute", end))
    for name, listener in listeners:
        event.listen(engine, name, listener)
    work()
    for name, listener in listeners:
        event.remove(engine, name, listener)
    return spent


def _save_all(services: Services, tenant_id: UUID) -> float:
    draft = services.tuning.load(tenant_id)
    rules = tuple(KeywordRule("pricing", "en", f"word{n}", 1) for n in range(ROWS))
    wider = replace(draft, keywords=(*draft.keywords, *rules))
    return _timed(services, lambda: services.tuning.save(tenant_id, wider))


def _change_one(services: Services, tenant_id: UUID) -> float:
    _save_all(services, tenant_id)
    draft = services.tuning.load(tenant_id)
    *others, last = draft.keywords
    changed = replace(draft, keywords=(*others, replace(last, weight=3)))
    return _timed(services, lambda: services.tuning.save(tenant_id, changed))


def _store(services: Services, tenant_id: UUID) -> float:
    chunks = [
        Chunk(
            position=n,
            title="Facts",
            heading="",
            text=f"Fact {n} is told here.",
            tldr="",
            language="en",
            page=None,
            token_count=7,
            content_hash=f"{n:064x}",
        )
        for n in range(ROWS)
    ]
    return _timed(
        services,
        lambda: services.ingest.add_records(
            tenant_id,
            kind="faq",
            title="Facts",
            filename="facts.csv",
            data=str(tenant_id).encode(),
            chunks=chunks,
        ),
    )


def _switch(services: Services, is_audited: bool) -> None:
    word = "ENABLE" if is_audited else "DISABLE"
    with services.database.administration() as session:
        for table in _AUDITED:
            names = session.scalars(
                text("SELECT tgname FROM pg_trigger WHERE tgname LIKE :name"),
                {"name": f"audit_{table}%"},
            ).all()
            for name in names:
                session.execute(text(f"ALTER TABLE {table} {word} TRIGGER {name}"))


if __name__ == "__main__":
    sys.exit(main())
