"""kill -9 in the middle of a change of embedding models, and workers that do its jobs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from db.models import UsageEvent
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.jobs import JobQueue
from tests.embedding_switching import (
    DIMENSIONS,
    OLD,
    Switching,
    add_passages,
    ask,
    process_with,
    vectors_of,
)
from tests.job_parts import QUICK, REPOSITORY, heard, job_states, wait_until
from tests.killed_jobs import SellingEmbedder
from tests.product_parts import CountingEmbedder, new_tenant

PASSAGES = 120
TOKENS_A_TEXT = 10  # as CountingEmbedder bills
NEW = CountingEmbedder(DIMENSIONS).model

_WORKER = """
import sys, time
from pathlib import Path
from db.engine import make_admin_engine, make_engine, with_driver
from leanrag import embedding_cache, embedding_switch
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.jobs import JobQueue
from tests.embedding_switching import OLD, process_with
from tests.job_parts import QUICK
from tests.killed_jobs import SellingEmbedder

address, moment, sales = with_driver(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
database = GuardedDatabase(make_engine(address), make_admin_engine(address))
embedder = SellingEmbedder(sales)
working = process_with(database, embedder, [OLD], embedding_batch_texts=10)
embedding_switch.PAGE_PASSAGES = 40
embedding_switch._DELETED_AT_ONCE = 30
calls = {}

def block_in(owner, name, call, *, after=False):
    own = getattr(owner, name)
    def counted(*given, **named):
        calls[name] = calls.get(name, 0) + 1
        if after:
            own_result = own(*given, **named)
        if calls[name] == call:
            print(moment, flush=True)
            time.sleep(600)
        return own_result if after else own(*given, **named)
    setattr(owner, name, counted)

if moment == "embedding":
    block_in(embedder, "embed", 6)
elif moment == "storing":
    block_in(embedding_switch, "store_vectors", 2, after=True)  # before its commit
elif moment == "switching":
    block_in(embedding_switch, "forget_answers", 1, after=True)  # before its commit
elif moment == "deleting":
    block_in(embedding_switch, "delete_others", 2)
JobQueue(address, QUICK).run_worker(working.parts.ingest.process, working.switches.run)
"""


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    path = tmp_path / "sales.jsonl"
    path.touch()
    return path


@pytest.fixture
def after(database: GuardedDatabase, sales: Path) -> Switching:
    return process_with(database, SellingEmbedder(sales), [OLD], embedding_batch_texts=10)


@pytest.fixture
def tenant_id(database: GuardedDatabase) -> UUID:
    tenant_id = new_tenant(database)
    add_passages(process_with(database, OLD), tenant_id, PASSAGES)
    return tenant_id


@pytest.fixture
def worker(after: Switching) -> Iterator[JobQueue]:
    """A worker that has not begun yet."""
    queue = JobQueue(after.parts.database.engine.url, QUICK)
    yield queue
    queue.close()


def kill_while(moment: str, database: GuardedDatabase, sales: Path) -> None:
    address = database.admin_engine.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-c", _WORKER, address, moment, str(sales)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as doomed:
        assert heard(doomed) == moment
        doomed.send_signal(signal.SIGKILL)


# What the database holds of the new model at death, and of the model in use.
@pytest.mark.parametrize(
    ("moment", "new_vectors", "model"),
    [
        ("embedding", 40, OLD.model),
        ("storing", 40, OLD.model),
        ("switching", PASSAGES, OLD.model),
        ("deleting", PASSAGES, NEW),
    ],
)
def test_after_a_kill_nothing_is_lost_bought_twice_or_mixed(
    after: Switching,
    worker: JobQueue,
    tenant_id: UUID,
    sales: Path,
    moment: str,
    new_vectors: int,
    model: str,
):
    database = after.parts.database
    after.switches.start(tenant_id)
    kill_while(moment, database, sales)
    held = vectors_of(database, tenant_id)
    assert held[NEW] == new_vectors
    assert held[OLD.model] == (PASSAGES if moment != "deleting" else PASSAGES - 30)
    found = ask(after, tenant_id)
    assert found.model == model
    assert found.with_vectors() == len(found.passages)

    worker.start_worker(after.parts.ingest.process, after.switches.run)
    wait_until(lambda: job_states(after.parts, tenant_id) == [])
    assert vectors_of(database, tenant_id) == {NEW: PASSAGES}
    assert after.status(tenant_id).model == NEW
    found = ask(after, tenant_id)
    assert found.with_vectors() == len(found.passages)
    sold = [json.loads(line) for line in sales.read_text().splitlines()]
    passages = [text for text in sold if "mark" in text]
    assert len(passages) == len(set(passages)) == PASSAGES
    with database.tenant(tenant_id) as session:
        billed = session.scalar(
            select(func.sum(UsageEvent.prompt_tokens)).where(UsageEvent.tenant_id == tenant_id)
        )
    assert billed == PASSAGES * TOKENS_A_TEXT + _questions(sold) * TOKENS_A_TEXT


def _questions(sold: list[str]) -> int:
    return len([text for text in sold if "mark" not in text])


def test_a_worker_changes_two_tenants_one_after_the_other_beside_files(
    after: Switching, worker: JobQueue, database: GuardedDatabase, tenant_id: UUID
):
    second = new_tenant(database)
    add_passages(process_with(database, OLD), second, PASSAGES, seed=2)
    assert after.switches.start_due() == 2
    worker.start_worker(after.parts.ingest.process, after.switches.run)
    wait_until(lambda: not job_states(after.parts, tenant_id) + job_states(after.parts, second))
    for changed in (tenant_id, second):
        assert vectors_of(database, changed) == {NEW: PASSAGES}
        assert after.status(changed).model == NEW


def test_a_worker_that_cannot_change_models_leaves_that_to_another(
    after: Switching, worker: JobQueue, tenant_id: UUID
):
    after.switches.start(tenant_id)
    worker.start_worker(after.parts.ingest.process)
    source = add_passages(after, tenant_id, 5, seed=2)
    after.parts.ingest.reprocess(tenant_id, source.source_id, chunk_tokens=None)
    wait_until(lambda: job_states(after.parts, tenant_id) == ["todo"])
    assert after.status(tenant_id).model == OLD.model
