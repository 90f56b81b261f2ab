"""Kills a worker with SIGKILL in each step of a job, and tells what the database holds then.

    python -m tests.killed_jobs

Everything is real: the worker's process, the database, the reading of the PDF. Only the embedder
is ours, made here, and passes for one that is paid: it writes down what it has sold.
"""

from __future__ import annotations

import io
import json
import shutil
import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from reportlab.pdfgen.canvas import Canvas
from sqlalchemy import func, select, text

from db.embedded import start_embedded
from db.engine import APPLICATION_ROLE, make_admin_engine, make_engine, with_driver
from db.migrate import migrate
from db.models import ChunkRow, EmbeddingCache, NewerFile, Source, SourceFile, UsageEvent
from leanrag.embeddings import Embedded
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.progress import STEPS
from tests.job_parts import heard, job_states, quick_queue, running_python, wait_until
from tests.product_parts import (
    CountingEmbedder,
    Parts,
    counted_statistics,
    make_parts,
    new_tenant,
    recounted_statistics,
)

BATCH_TEXTS = 8
PAGES = 24
TOKENS_A_TEXT = 10  # as CountingEmbedder bills

_WORKER = """
import sys, time
from pathlib import Path
from db.engine import make_admin_engine, make_engine, with_driver
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest import child_process, processing, progress
from tests.job_parts import QUICK
from leanrag.ingest.jobs import JobQueue
from tests.killed_jobs import SellingEmbedder, selling_parts

address, step, sales = with_driver(sys.argv[1]), sys.argv[2], Path(sys.argv[3])

def block():
    print(step, flush=True)
    time.sleep(600)

def before(function):
    def blocked(*given, **named):
        block()
    return blocked

def after(function):
    def blocked(*given, **named):
        function(*given, **named)
        block()
    return blocked

class Stopping(SellingEmbedder):
    def embed(self, texts):
        if step == "embedding" and len(self.asked) >= 16:
            block()
        return super().embed(texts)

begin = progress.Progress.begin

def begin_and_block(self, begun, total=0):
    begin(self, begun, total)
    if begun == step:
        block()

if step == "extracting":
    child_process._await = before(child_process._await)  # its process reads
elif step in ("cutting", "summarising"):
    progress.Progress.begin = begin_and_block
elif step == "storing":
    processing.replace_passages = after(processing.replace_passages)  # before its commit
elif step == "stored":
    processing.Processing._store = after(processing.Processing._store)  # after its commit
database = GuardedDatabase(make_engine(address), make_admin_engine(address))
parts = selling_parts(database, Stopping(sales))
JobQueue(address, QUICK).run_worker(parts.ingest.process)
"""

PassageFacts = tuple[object, ...]


class SellingEmbedder(CountingEmbedder):
    """Writes what it has sold into a file that outlives its process."""

    def __init__(self, sales: Path) -> None:
        super().__init__()
        self._sales = sales

    def embed(self, texts: Sequence[str]) -> Embedded:
        sold = super().embed(texts)
        with self._sales.open("a") as file:
            file.writelines(f"{json.dumps(text)}\n" for text in texts)
        return sold


@dataclass(frozen=True)
class Held:
    """What the database holds of a source, and what was bought for it."""

    status: str
    step: str
    progress: int
    passages: tuple[PassageFacts, ...]
    statistics_are_exact: bool
    cached_embeddings: int
    billed_tokens: int
    usage_rows: int
    jobs: tuple[str, ...]
    has_newer_file: bool
    file_hash: int
    sold: tuple[str, ...]


@dataclass(frozen=True)
class Killed:
    """One kill: what was held when the worker was dead, and when another had done the job."""

    step: str
    is_again: bool
    before: Held | None  # as processed the first time, where it was processed again
    at_death: Held
    after: Held
    expected: tuple[PassageFacts, ...]
    seconds: float = field(compare=False, default=0.0)


def selling_parts(database: GuardedDatabase, embedder: CountingEmbedder) -> Parts:
    return make_parts(database, embedder, embedding_batch_texts=BATCH_TEXTS, chunk_tokens=64)


def terms_pdf(days: str) -> bytes:
    """Write a PDF in which every second page depends on `days`."""
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(595, 842))
    canvas.setTitle("Terms of delivery")
    for page in range(PAGES):
        canvas.setFont("Helvetica", 18)
        canvas.drawString(72, 780, f"Region {page}")
        canvas.setFont("Helvetica", 12)
        shown = days if page % 2 else "five"
        for line in range(6):
            canvas.drawString(
                72,
                740 - 40 * line,
                f"Rule {line} of region {page}: delivery takes {shown} days and costs {page} lira.",
            )
        canvas.showPage()
    canvas.save()
    return output.getvalue()


OLD, NEW = Upload("old.pdf", terms_pdf("three")), Upload("new.pdf", terms_pdf("two"))


def kill_in(step: str, *, again: bool, database: GuardedDatabase, directory: Path) -> Killed:
    """Kill a worker in a step of a first processing, or of one with a newer file."""
    sales = directory / f"{step}-{again}.jsonl"
    sales.touch()
    parts = selling_parts(database, SellingEmbedder(sales))
    tenant_id = new_tenant(database)
    if again:
        source_id = parts.ingest.add(tenant_id, OLD).source_id
        before = held(parts, tenant_id, source_id, sales)
        parts.ingest.replace_file(tenant_id, source_id, NEW)
    else:
        before = None
        source_id = parts.ingest.accept(tenant_id, NEW).source.source_id
    _kill_worker(database, step, sales)
    at_death = held(parts, tenant_id, source_id, sales)
    began = time.monotonic()
    queue = quick_queue(parts)
    queue.start_worker(parts.ingest.process)
    wait_until(lambda: job_states(parts, tenant_id) == [])
    seconds = time.monotonic() - began
    queue.close()
    after = held(parts, tenant_id, source_id, sales)
    return Killed(step, again, before, at_death, after, _undisturbed(database), seconds)


def _kill_worker(database: GuardedDatabase, step: str, sales: Path) -> None:
    address = database.admin_engine.url.render_as_string(hide_password=False)
    with running_python(_WORKER, address, step, str(sales)) as worker:
        assert heard(worker) == step
        worker.send_signal(signal.SIGKILL)


def _undisturbed(database: GuardedDatabase) -> tuple[PassageFacts, ...]:
    parts = selling_parts(database, CountingEmbedder())
    tenant_id = new_tenant(database)
    return _passages(parts, tenant_id, parts.ingest.add(tenant_id, NEW).source_id)


def held(parts: Parts, tenant_id: UUID, source_id: UUID, sales: Path) -> Held:
    """Read what the database holds of a tenant's one source."""
    counted = counted_statistics(parts.database, tenant_id)
    exact = counted == recounted_statistics(parts.database, tenant_id)
    with parts.database.tenant(tenant_id) as session:
        source = session.get_one(Source, (tenant_id, source_id))
        stored = session.get_one(SourceFile, (tenant_id, source_id))
        count = select(func.count())
        cached = session.scalar(count.select_from(EmbeddingCache)) or 0
        rows = session.scalar(count.select_from(UsageEvent)) or 0
        billed = session.scalar(select(func.sum(UsageEvent.prompt_tokens))) or 0
        newer = session.get(NewerFile, (tenant_id, source_id))
    return Held(
        status=source.status,
        step=source.step,
        progress=source.progress,
        passages=_passages(parts, tenant_id, source_id),
        statistics_are_exact=exact,
        cached_embeddings=cached,
        billed_tokens=billed,
        usage_rows=rows,
        jobs=tuple(job_states(parts, tenant_id)),
        has_newer_file=newer is not None,
        file_hash=hash(stored.data),
        sold=tuple(json.loads(line) for line in sales.read_text().splitlines()),
    )


def _passages(parts: Parts, tenant_id: UUID, source_id: UUID) -> tuple[PassageFacts, ...]:
    query = (
        select(ChunkRow)
        .where(ChunkRow.tenant_id == tenant_id, ChunkRow.source_id == source_id)
        .order_by(ChunkRow.position)
    )
    with parts.database.tenant(tenant_id) as session:
        rows = session.scalars(query).all()
        vectors: dict[Any, str] = dict(
            session.execute(
                text("SELECT chunk_id, dense::text FROM chunk_embeddings WHERE tenant_id = :t"),
                {"t": tenant_id},
            ).all()
        )
    return tuple(
        (
            *(row.position, row.page, row.title, row.heading_path, row.full_text, row.tldr),
            *(row.content_hash, row.token_count, row.language, row.is_citable, row.enabled),
            vectors[row.chunk_id],
        )
        for row in rows
    )


# ---- by hand ----------------------------------------------------------------------------------


def main() -> None:
    """Kill in every step, twice, and print what became of it."""
    home = Path(tempfile.mkdtemp(prefix="lr"))
    server = start_embedded(home / "pgdata")
    try:
        owner = with_driver(server.url())
        migrate(make_admin_engine(owner))
        application = make_engine(with_driver(server.url(user=APPLICATION_ROLE)))
        database = GuardedDatabase(application, make_admin_engine(owner))
        print("| killed while | in a | the database held | and after another worker |")
        print("|---|---|---|---|")
        for again in (False, True):
            for step in (*STEPS, "stored"):
                print(row_of(kill_in(step, again=again, database=database, directory=home)))
        database.dispose()
    finally:
        server.close()
        shutil.rmtree(home, ignore_errors=True)


def row_of(killed: Killed) -> str:
    """Return a row of the table."""
    death, after = killed.at_death, killed.after
    old = killed.before is not None and death.passages == killed.before.passages
    kept = f"{len(death.passages)} {'old' if old else 'new'}" if death.passages else "no"
    bought = len(killed.before.sold) if killed.before is not None else 0
    newer = ", the newer file waiting" if death.has_newer_file else ""
    good = (
        after.passages == killed.expected
        and after.statistics_are_exact
        and len(after.sold) == len(set(after.sold)) == after.billed_tokens // TOKENS_A_TEXT
    )
    return (
        f"| {killed.step} | {'second run, newer file' if killed.is_again else 'first run'} "
        f"| {death.status} {death.progress} %, {kept} passages, "
        f"{len(death.sold) - bought} embeddings bought and {death.cached_embeddings} cached, "
        f"job {', '.join(death.jobs) or 'gone'}{newer} "
        f"| {after.status} in {killed.seconds:.1f} s: {len(after.passages)} new passages, "
        f"{len(after.sold) - len(death.sold)} embeddings bought; "
        f"{'as undisturbed' if good else 'NOT AS UNDISTURBED'} |"
    )


if __name__ == "__main__":
    main()
