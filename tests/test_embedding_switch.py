"""A tenant changes its embedding model, and goes on answering all the while."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from db.models import EmbeddingSwitch, UsageEvent
from leanrag import embedding_switch
from leanrag.embeddings import LocalEmbedder
from leanrag.errors import EmbeddingUnavailable, ProcessingDelayed, ProcessingInterrupted
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.attempt import Attempt
from leanrag.response_cache import KNOWLEDGE_VERSION
from tests.embedding_switching import (
    OLD,
    Mirrored,
    Switching,
    add_passages,
    ask,
    asking,
    assert_all_embedded,
    process_with,
    switch_row,
    vectors_of,
)
from tests.job_parts import job_states, wait_until
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


def test_the_tenant_answers_by_the_old_model_until_every_passage_has_the_new(
    before: Switching, after: Switching, tenant_id: UUID
):
    database = after.parts.database
    assert ask(after, tenant_id).with_vectors() > 0
    assert after.switches.start(tenant_id)
    assert (after.status(tenant_id).model, after.status(tenant_id).next_model) == (
        OLD.model,
        "mirrored",
    )
    with asking(after, tenant_id) as answers:
        wait_until(lambda: len(answers) > 3)
        after.switches.run(tenant_id)
        seen = len(answers)
        wait_until(lambda: len(answers) > seen + 3)
        after.switches.run(tenant_id)
    counts = [answer.with_vectors() for answer in answers]
    assert min(counts) == max(counts) == len(ask(after, tenant_id).passages)
    assert {answer.model for answer in answers} == {OLD.model, "mirrored"}
    assert vectors_of(database, tenant_id) == {"mirrored": PASSAGES}
    assert_all_embedded(database, tenant_id, Mirrored())
    status = after.status(tenant_id)
    assert (status.model, status.next_model, status.error) == ("mirrored", "", "")


def test_both_processes_ask_by_the_tenant_s_model_whatever_their_settings_name(
    before: Switching, after: Switching, tenant_id: UUID
):
    after.switches.start(tenant_id)
    for process in (before, after):
        assert ask(process, tenant_id).model == OLD.model
    after.finish(tenant_id)
    late = process_with(after.parts.database, OLD, [Mirrored()])
    for process in (late, after):
        found = ask(process, tenant_id)
        assert (found.model, found.with_vectors()) == ("mirrored", len(found.passages))


def test_an_index_in_memory_follows_the_tenant_s_model(after: Switching, tenant_id: UUID):
    held = after.indexes._kept
    ask(after, tenant_id)
    after.indexes.wait(10)
    assert held[tenant_id].index.model == OLD.model
    after.switches.start(tenant_id)
    after.switches.run(tenant_id)
    ask(after, tenant_id)
    after.indexes.wait(10)
    assert held[tenant_id].index.model == "mirrored"
    found = ask(after, tenant_id)
    assert found.with_vectors() == len(found.passages)


def test_from_a_model_that_ranking_does_not_look_at_to_one_that_it_does(
    shared_database: GuardedDatabase, before: Switching, new: Mirrored, tenant_id: UUID
):
    after = process_with(shared_database, new, [OLD], uses_dense=lambda name: name == new.model)
    found = ask(after, tenant_id)
    assert found.passages
    assert found.with_vectors() == 0
    after.indexes.wait(10)
    assert after.indexes._kept[tenant_id].index.dimensions == 0
    after.switches.start(tenant_id)
    after.finish(tenant_id)
    for _ in range(2):
        found = ask(after, tenant_id)
        assert found.with_vectors() == len(found.passages)
        after.indexes.wait(10)
    assert after.indexes._kept[tenant_id].index.dimensions == new.dimensions


def test_a_passage_is_bought_once_and_billed_to_the_tenant(
    after: Switching, new: Mirrored, tenant_id: UUID
):
    after.switches.start(tenant_id)
    after.finish(tenant_id)
    passages = [said for said in new.asked if "mark" in said]
    assert len(passages) == len(set(passages)) == PASSAGES
    with after.parts.database.tenant(tenant_id) as session:
        billed = session.scalar(
            select(func.sum(UsageEvent.prompt_tokens)).where(UsageEvent.tenant_id == tenant_id)
        )
    assert billed == 10 * PASSAGES


def test_right_after_a_switch_the_old_vectors_are_still_there_to_go_back_to(
    shared_database: GuardedDatabase, before: Switching, after: Switching, tenant_id: UUID
):
    after.switches.start(tenant_id)
    after.switches.run(tenant_id)
    assert vectors_of(shared_database, tenant_id) == {OLD.model: PASSAGES, "mirrored": PASSAGES}
    back = process_with(shared_database, OLD)  # it has no key for the new one any more
    back.switches.start(tenant_id)
    back.switches.run(tenant_id)
    found = ask(back, tenant_id)
    assert (found.model, found.with_vectors()) == (OLD.model, len(found.passages))


def test_without_the_old_model_questions_are_searched_by_words_and_the_status_says_so(
    shared_database: GuardedDatabase, before: Switching, new: Mirrored, tenant_id: UUID
):
    keyless = process_with(shared_database, new)
    keyless.switches.start(tenant_id)
    assert keyless.status(tenant_id).by_words_alone
    found = ask(keyless, tenant_id)
    assert found.passages
    assert found.with_vectors() == 0
    add_passages(keyless, tenant_id, 10, seed=2)  # with the new model's vectors alone
    keyless.finish(tenant_id)
    assert not keyless.status(tenant_id).by_words_alone
    assert_all_embedded(shared_database, tenant_id, new)


class Away(Mirrored):
    """Fails so many times, for this reason."""

    def __init__(self, reason: str, failures: int) -> None:
        super().__init__()
        self._reason, self._failures = reason, failures

    def embed(self, texts: Any) -> Any:
        if len(self.asked) >= 40 and self._failures > 0:
            self._failures -= 1
            raise EmbeddingUnavailable("The provider is away; try again.", reason=self._reason)
        return super().embed(texts)


def test_a_provider_that_is_away_is_told_and_tried_again(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    away = Away("provider_unavailable", 1)
    after = process_with(shared_database, away, [OLD])
    after.switches.start(tenant_id)
    with pytest.raises(ProcessingDelayed):
        after.switches.run(tenant_id, Attempt(1, lambda: False))
    status = after.status(tenant_id)
    assert (status.error, status.done_count) == ("The provider is away; try again.", 40)
    assert ask(after, tenant_id).with_vectors() > 0
    after.switches.run(tenant_id, Attempt(0, lambda: False))
    assert after.status(tenant_id).error == ""
    assert after.status(tenant_id).model == "mirrored"
    passages = [said for said in away.asked if "mark" in said]
    assert len(passages) == len(set(passages)) == PASSAGES


def test_a_provider_that_is_away_for_longer_than_a_job_is_tried_by_another(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    after = process_with(shared_database, Away("provider_timeout", 1), [OLD])
    after.switches.start(tenant_id)
    after.switches.run(tenant_id, Attempt(0, lambda: False))
    assert after.status(tenant_id).error
    assert job_states(after.parts, tenant_id) == ["todo"]


def test_a_key_that_is_refused_is_told_and_tried_again_when_a_person_says_so(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    after = process_with(shared_database, Away("provider_unauthorized", 1), [OLD])
    after.switches.start(tenant_id)
    after.switches.run(tenant_id, Attempt(5, lambda: False))
    assert after.status(tenant_id).error == "The provider is away; try again."
    assert after.switches.start(tenant_id)
    assert after.status(tenant_id).error == ""
    after.finish(tenant_id)
    assert_all_embedded(shared_database, tenant_id, Mirrored())


def test_a_source_added_while_the_new_model_is_away_is_found_by_the_old_one(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    away = Away("provider_unavailable", 2)
    after = process_with(shared_database, away, [OLD])
    after.switches.start(tenant_id)
    after.switches.run(tenant_id, Attempt(0, lambda: False))
    add_passages(after, tenant_id, 30, seed=2)
    found = ask(after, tenant_id)
    assert found.with_vectors() == len(found.passages)
    after.finish(tenant_id)
    assert_all_embedded(shared_database, tenant_id, away)


def test_a_worker_that_ends_leaves_the_rest_to_the_next(
    after: Switching, new: Mirrored, tenant_id: UUID
):
    after.switches.start(tenant_id)
    with pytest.raises(ProcessingInterrupted):
        after.switches.run(tenant_id, Attempt(3, lambda: len(new.asked) >= 40))
    assert 0 < after.status(tenant_id).done_count < PASSAGES
    assert after.status(tenant_id).error == ""
    after.finish(tenant_id)
    assert_all_embedded(after.parts.database, tenant_id, new)


def test_a_job_that_broke_off_too_often_says_so(after: Switching, tenant_id: UUID):
    after.switches.start(tenant_id)
    after.switches.run(tenant_id, Attempt(-1, lambda: False))
    assert "broke off again and again" in after.status(tenant_id).error


def test_every_tenant_that_needs_it_is_started_and_no_other(
    database: GuardedDatabase, new: Mirrored
):
    before = process_with(database, OLD)
    first, second, empty = (new_tenant(database) for _ in range(3))
    for tenant_id in (first, second):
        add_passages(before, tenant_id, 30)
    after = process_with(database, new, [OLD])
    assert before.switches.start_due() == 0
    assert after.switches.start_due() == 2
    assert job_states(after.parts, first) == job_states(after.parts, second) == ["todo"]
    assert after.switches.start_due() == 2  # a second start of the process
    assert job_states(after.parts, first) == ["todo"]
    after.finish(first)
    assert (ask(after, first).model, ask(after, second).model) == ("mirrored", OLD.model)
    after.finish(second)
    assert ask(after, second).with_vectors() > 0
    assert after.switches.start_due() == 0
    assert after.status(empty).model == "mirrored"
    assert vectors_of(database, first) == vectors_of(database, second) == {"mirrored": 30}


def test_a_tenant_without_passages_uses_the_settings_model_from_the_first_source_on(
    shared_database: GuardedDatabase, after: Switching, new: Mirrored
):
    tenant_id = new_tenant(shared_database)
    assert not after.switches.start(tenant_id)
    add_passages(after, tenant_id, 10)
    assert switch_row(shared_database, tenant_id).model == new.model
    assert_all_embedded(shared_database, tenant_id, new)


def test_passages_of_several_models_from_before_there_were_switches_become_one(
    shared_database: GuardedDatabase, before: Switching, after: Switching, tenant_id: UUID
):
    with shared_database.tenant(tenant_id) as session:
        session.delete(session.get_one(EmbeddingSwitch, tenant_id))
    other = process_with(shared_database, LocalEmbedder(128))
    with shared_database.tenant(tenant_id) as session:
        session.add(EmbeddingSwitch(tenant_id=tenant_id, model=other.models.own.model))
    add_passages(other, tenant_id, 30, seed=2)
    with shared_database.tenant(tenant_id) as session:
        session.delete(session.get_one(EmbeddingSwitch, tenant_id))
    assert before.switches.start(tenant_id)
    before.finish(tenant_id)
    assert_all_embedded(shared_database, tenant_id, OLD)


def test_an_answer_that_was_found_by_the_old_vectors_is_not_given_again(
    after: Switching, tenant_id: UUID
):
    def version() -> str:
        with after.parts.database.tenant(tenant_id) as session:
            return str(session.scalar(text(KNOWLEDGE_VERSION), {"tenant": tenant_id}))

    was = version()
    after.switches.start(tenant_id)
    assert version() == was
    after.switches.run(tenant_id)
    assert version() != was


def test_a_suspended_tenant_s_change_waits_until_it_is_resumed(
    database: GuardedDatabase, new: Mirrored
):
    tenant_id = new_tenant(database)
    add_passages(process_with(database, OLD), tenant_id, 30)
    after = process_with(database, new, [OLD])
    name = str(tenant_id)
    after.parts.tenants.suspend(name, reason="The bill is not paid.")
    assert after.switches.start_due() == 1
    after.switches.run(tenant_id)  # a worker that took the job just before
    assert new.asked == []
    assert queue_names(database, tenant_id) == ["suspended:reembed"]
    after.parts.tenants.resume(name)
    assert queue_names(database, tenant_id) == ["reembed"]
    after.finish(tenant_id)
    assert_all_embedded(database, tenant_id, new)


def queue_names(database: GuardedDatabase, tenant_id: UUID) -> list[str]:
    query = text("SELECT queue_name FROM procrastinate_jobs WHERE args->>'tenant_id' = :tenant")
    with database.tenant(tenant_id) as session:
        return list(session.scalars(query, {"tenant": str(tenant_id)}))
