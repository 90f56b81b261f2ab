"""`kill -9` in every step: nothing is lost, nothing doubled, and questions see old or new."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from uuid import UUID

import pytest

from db.models import ChunkRow
from leanrag.bootstrap import Services
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.progress import STEPS
from tests.killed_jobs import TOKENS_A_TEXT, kill_in, row_of
from tests.product_parts import new_tenant, rows

PROGRESS_FROM = {"extracting": 5, "cutting": 35, "summarising": 40, "embedding": 50, "storing": 90}


@pytest.mark.slow
@pytest.mark.parametrize("again", [False, True], ids=["first", "again"])
@pytest.mark.parametrize("step", [*STEPS, "stored"])
def test_a_kill_in_any_step_loses_nothing_and_doubles_nothing(
    database: GuardedDatabase, tmp_path: Path, step: str, again: bool
):
    killed = kill_in(step, again=again, database=database, directory=tmp_path)
    death, after = killed.at_death, killed.after
    assert death.jobs == ("doing",)
    assert death.statistics_are_exact
    if step == "stored":
        assert (death.status, death.progress) == ("processed", 100)
        assert death.passages == killed.expected
    else:
        assert (death.status, death.step) == ("processing", step)
        assert death.progress >= PROGRESS_FROM[step]
        assert death.passages == (killed.before.passages if killed.before else ())
        assert death.has_newer_file is again
    # What was bought is kept and billed, in the very moment of the kill.
    assert death.cached_embeddings == len(death.sold) == death.billed_tokens // TOKENS_A_TEXT
    assert (after.status, after.step, after.progress, after.jobs) == ("processed", "", 100, ())
    assert after.passages == killed.expected
    assert after.statistics_are_exact
    assert not after.has_newer_file
    assert len(after.sold) == len(set(after.sold)) == after.billed_tokens // TOKENS_A_TEXT
    assert "NOT" not in row_of(killed)


def test_a_question_sees_all_old_or_all_new_while_a_source_is_replaced(services: Services):
    """2,000 passages, each of which answers; a reader asks without a pause."""
    tenant_id = new_tenant(services.database)
    old, new = (
        "\n\n".join(
            f"Shop {n} in {version} opens at nine and closes at noon every day."
            for n in range(4000)
        )
        for version in ("Ankara", "Izmir")
    )
    source_id = services.ingest.add(
        tenant_id, Upload("shops.txt", old.encode(), chunk_tokens=32)
    ).source_id
    assert len(rows(services, tenant_id, ChunkRow)) >= 1900
    seen: list[frozenset[str]] = []
    over = threading.Event()
    reader = threading.Thread(target=ask_until, args=(services, tenant_id, over, seen))
    reader.start()
    try:
        services.ingest.replace_file(
            tenant_id, source_id, Upload("shops.txt", new.encode(), chunk_tokens=32)
        )
        while services.sources.get(tenant_id, source_id).status != "processed":
            time.sleep(0.1)
        asked_during = len(seen)
        while len(seen) < asked_during + 2:
            time.sleep(0.1)
    finally:
        over.set()
        reader.join()
    assert set(seen) == {frozenset({"Ankara"}), frozenset({"Izmir"})}, set(seen)
    assert seen == sorted(seen, key=sorted)  # never back to the old
    assert asked_during > 3


def ask_until(
    services: Services, tenant_id: UUID, over: threading.Event, seen: list[frozenset[str]]
) -> None:
    while not over.is_set():
        found = services.previews.search(tenant_id, "When does the shop open?")
        texts = " ".join(passage.text for passage in found.passages)
        seen.append(frozenset(town for town in ("Ankara", "Izmir") if town in texts))
