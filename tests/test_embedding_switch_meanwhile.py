"""People and files go on while a tenant changes its embedding model; so does the model itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from leanrag import embedding_switch, embedding_switch_rows
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest import processing
from leanrag.passage_edits import PassageChange, passage_version
from tests.embedding_switching import (
    OLD,
    Mirrored,
    Switching,
    add_passages,
    ask,
    asking,
    assert_all_embedded,
    process_with,
    vectors_of,
)
from tests.product_parts import new_tenant

PASSAGES = 120


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding_switch, "PAGE_PASSAGES", 20)
    monkeypatch.setattr(embedding_switch, "_DELETED_AT_ONCE", 50)


@pytest.fixture
def before(shared_database: GuardedDatabase) -> Switching:
    """The process as it was: its settings name the old model."""
    return process_with(shared_database, OLD)


@pytest.fixture
def new() -> Mirrored:
    return Mirrored()


@pytest.fixture
def after(shared_database: GuardedDatabase, new: Mirrored) -> Switching:
    """The process restarted: its settings name the new model."""
    return process_with(shared_database, new, [OLD])


@pytest.fixture
def tenant_id(before: Switching) -> UUID:
    tenant_id = new_tenant(before.parts.database)
    add_passages(before, tenant_id, PASSAGES)
    return tenant_id


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, switching: Switching, act: Callable[[], None], *, page: int = 2
) -> None:
    """Act once, when so many pages of new vectors are made and not yet stored."""
    store, calls = switching.switches._store, []

    def store_after(*given: Any) -> bool:
        calls.append(given)
        if len(calls) == page:
            act()
        return store(*given)

    monkeypatch.setattr(switching.switches, "_store", store_after)


def test_a_source_added_in_the_middle_is_found_before_and_after(
    monkeypatch: pytest.MonkeyPatch, after: Switching, tenant_id: UUID
):
    after.switches.start(tenant_id)
    seen = []

    def add() -> None:
        add_passages(after, tenant_id, 30, seed=2)
        seen.append(ask(after, tenant_id))

    meanwhile(monkeypatch, after, add)
    after.finish(tenant_id)
    (during,) = seen
    assert during.model == OLD.model
    assert during.with_vectors() == len(during.passages)
    assert any("mark2" in passage.text for passage in during.passages)
    assert_all_embedded(after.parts.database, tenant_id, Mirrored())
    assert after.status(tenant_id).total_count == PASSAGES + 30


def test_a_source_of_a_process_that_knows_nothing_of_the_change_is_completed(
    monkeypatch: pytest.MonkeyPatch, before: Switching, after: Switching, tenant_id: UUID
):
    after.switches.start(tenant_id)
    meanwhile(monkeypatch, after, lambda: add_passages(before, tenant_id, 30, seed=2) and None)
    after.finish(tenant_id)
    assert_all_embedded(after.parts.database, tenant_id, Mirrored())


def test_what_is_being_stored_when_the_tenant_switches_gets_the_new_vectors(
    monkeypatch: pytest.MonkeyPatch, after: Switching, tenant_id: UUID
):
    """It was embedded for the old model alone; nobody may find it by words only for ever."""
    processing, finished = after.parts.ingest._processing, []
    store = processing._store

    def switch_first(*given: Any) -> bool:
        if not finished:
            finished.append(True)
            after.switches.start(tenant_id)
            after.finish(tenant_id)
        return store(*given)

    monkeypatch.setattr(processing, "_store", switch_first)
    add_passages(after, tenant_id, 30, seed=2)
    assert after.status(tenant_id).model == "mirrored"
    assert_all_embedded(after.parts.database, tenant_id, Mirrored())


def test_an_edit_in_the_middle_has_the_vector_of_its_new_words(
    monkeypatch: pytest.MonkeyPatch, after: Switching, tenant_id: UUID
):
    after.switches.start(tenant_id)
    (source,) = after.parts.sources.list(tenant_id)

    def edit() -> None:
        for chunk in after.parts.sources.chunks(tenant_id, source.source_id, limit=PASSAGES)[::10]:
            change = PassageChange(text=f"Our parcels take days to the harbour {chunk.position}.")
            version = passage_version(chunk)
            after.edits.edit(tenant_id, chunk.chunk_id, change, expected=version)

    meanwhile(monkeypatch, after, edit)
    after.finish(tenant_id)
    assert_all_embedded(after.parts.database, tenant_id, Mirrored())


def test_a_source_deleted_in_the_middle_stays_deleted(
    monkeypatch: pytest.MonkeyPatch, before: Switching, after: Switching, tenant_id: UUID
):
    second = add_passages(before, tenant_id, 30, seed=2)
    after.switches.start(tenant_id)

    def delete() -> None:
        after.parts.sources.delete(tenant_id, second.source_id)

    meanwhile(monkeypatch, after, delete, page=7)
    after.finish(tenant_id)
    assert vectors_of(after.parts.database, tenant_id) == {"mirrored": PASSAGES}
    assert after.status(tenant_id).total_count == PASSAGES


def test_switching_back_in_the_middle_uses_the_vectors_that_are_there(
    monkeypatch: pytest.MonkeyPatch, before: Switching, after: Switching, tenant_id: UUID
):
    after.switches.start(tenant_id)
    meanwhile(monkeypatch, after, lambda: before.switches.start(tenant_id) and None)
    after.switches.run(tenant_id)  # ends early: its model is wanted no more
    status = before.status(tenant_id)
    assert (status.model, status.next_model) == (OLD.model, "")
    found = ask(before, tenant_id)
    assert found.with_vectors() == len(found.passages)
    before.switches.run(tenant_id)
    assert vectors_of(before.parts.database, tenant_id) == {OLD.model: PASSAGES}


def test_going_to_a_third_model_and_back_buys_nothing_twice(
    monkeypatch: pytest.MonkeyPatch, after: Switching, new: Mirrored, tenant_id: UUID
):
    third = process_with(after.parts.database, Mirrored("third"), [OLD, new])
    after.switches.start(tenant_id)
    meanwhile(monkeypatch, after, lambda: third.switches.start(tenant_id) and None, page=3)
    after.switches.run(tenant_id)
    third.finish(tenant_id)
    assert vectors_of(after.parts.database, tenant_id) == {"third": PASSAGES}
    monkeypatch.undo()
    after.switches.start(tenant_id)
    after.finish(tenant_id)
    assert vectors_of(after.parts.database, tenant_id) == {"mirrored": PASSAGES}
    passages = [text for text in new.asked if "mark" in text]
    assert len(passages) == len(set(passages)) == PASSAGES


def test_edits_files_and_deletions_at_any_time_leave_every_passage_its_own_vector(
    before: Switching, after: Switching, tenant_id: UUID
):
    """Three changes of model back and forth, and people who work on the sources all the while."""
    over = threading.Event()
    database = after.parts.database

    def meddle() -> None:
        chance = np.random.default_rng(7)
        for round_number in range(1_000):
            if over.is_set():
                return
            added = add_passages(after, tenant_id, 12, seed=10 + round_number)
            chunks = after.parts.sources.chunks(tenant_id, added.source_id, limit=12)
            for chunk in chance.choice(chunks, 3, replace=False):
                change = PassageChange(text=f"{chunk.text} Edited in round {round_number}.")
                version = passage_version(chunk)
                after.edits.edit(tenant_id, chunk.chunk_id, change, expected=version)
            if round_number % 3 == 2:
                after.parts.sources.delete(tenant_id, added.source_id)

    with ThreadPoolExecutor(1) as thread, asking(after, tenant_id) as answers:
        meddling = thread.submit(meddle)
        try:
            for process in (after, before_with_new(before), after):
                assert process.switches.start(tenant_id)
                process.finish(tenant_id)
        finally:
            over.set()
        meddling.result()
    assert {answer.model for answer in answers} == {OLD.model, "mirrored"}
    for answer in answers:
        answer.with_vectors()  # fails for a vector of another model
    after.finish(tenant_id)
    assert_all_embedded(database, tenant_id, Mirrored())


def before_with_new(before: Switching) -> Switching:
    """The process with the old settings, which can make the new model's embeddings too."""
    return process_with(before.parts.database, OLD, [Mirrored()])


def test_edits_of_a_process_that_cannot_make_the_new_model_s_vectors_are_completed(
    monkeypatch: pytest.MonkeyPatch, before: Switching, after: Switching, tenant_id: UUID
):
    """They take back vectors that were made already: one round is not enough."""
    after.switches.start(tenant_id)
    (source,) = after.parts.sources.list(tenant_id)

    def edit() -> None:
        for chunk in before.parts.sources.chunks(tenant_id, source.source_id, limit=60)[::10]:
            change = PassageChange(text=f"Our parcels take days to the harbour {chunk.position}.")
            version = passage_version(chunk)
            before.edits.edit(tenant_id, chunk.chunk_id, change, expected=version)

    meanwhile(monkeypatch, after, edit, page=6)
    after.finish(tenant_id)
    assert_all_embedded(after.parts.database, tenant_id, Mirrored())


def test_a_switch_waits_for_passages_that_are_being_stored(
    monkeypatch: pytest.MonkeyPatch, before: Switching, after: Switching, tenant_id: UUID
):
    """They have the old model's vectors alone: once switched, nobody would complete them."""
    after.switches.start(tenant_id)
    store = processing.replace_passages
    with ThreadPoolExecutor(1) as thread:

        def store_slowly(*given: Any, **named: Any) -> None:
            store(*given, **named)
            running.append(thread.submit(after.switches.run, tenant_id))
            with pytest.raises(TimeoutError):
                running[0].result(timeout=1)

        running: list[Future[None]] = []
        monkeypatch.setattr(processing, "replace_passages", store_slowly)
        add_passages(before, tenant_id, 30, seed=2)
        running[0].result()
    assert (after.status(tenant_id).error, after.status(tenant_id).model) == ("", "mirrored")
    assert vectors_of(after.parts.database, tenant_id)["mirrored"] == PASSAGES + 30


def test_a_source_that_is_deleted_while_its_vectors_are_stored_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch, after: Switching, tenant_id: UUID
):
    after.switches.start(tenant_id)
    (source,) = after.parts.sources.list(tenant_id)
    insert = embedding_switch_rows.insert_rows
    with ThreadPoolExecutor(1) as thread:

        def insert_slowly(*given: Any, **named: Any) -> None:
            if not running:
                delete = after.parts.sources.delete
                running.append(thread.submit(delete, tenant_id, source.source_id))
                time.sleep(0.5)
            insert(*given, **named)

        running: list[Future[None]] = []
        monkeypatch.setattr(embedding_switch_rows, "insert_rows", insert_slowly)
        after.switches.run(tenant_id)
        running[0].result()
    assert (after.status(tenant_id).error, after.status(tenant_id).model) == ("", "mirrored")
    assert vectors_of(after.parts.database, tenant_id) == {}
