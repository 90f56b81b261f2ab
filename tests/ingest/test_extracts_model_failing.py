"""A model whose TL;DRs are refused or fail, and one that nobody waits for any more."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from leanrag import passage_embedding
from leanrag.errors import ProcessingInterrupted
from leanrag.ingest.attempt import Attempt
from leanrag.ingest.extracts_model import MAX_FAILURES
from leanrag.text.sentences import split_sentences
from tests.job_parts import wait_until
from tests.provider_server import ProviderServer, Reply
from tests.shortened_manuals import (
    BAD,
    DOWN,
    GOOD,
    SECTIONS,
    Feeding,
    manual,
    upload,
)
from tests.tldr_texts import PASSAGES, SHORTENED


def test_what_is_refused_leaves_the_passages_own_sentences(
    feeding: Feeding, provider: ProviderServer, caplog: pytest.LogCaptureFixture
) -> None:
    provider.script(BAD, *[GOOD] * (SECTIONS - 1))
    source = feeding.add(manual())
    first, *others = feeding.long(source)
    assert all(sentence in PASSAGES["en"] for sentence in split_sentences(first.tldr))
    assert 80 <= len(first.tldr.split()) <= 120
    assert {passage.tldr for passage in others} == {SHORTENED["en"]}
    assert feeding.outcomes() == ["refused"] + ["complete"] * (SECTIONS - 1)
    assert "reasoning about the task" in caplog.text


@pytest.mark.parametrize(
    "failure", [DOWN, Reply(status=429), Reply(text=SHORTENED["en"], drop_after_pieces=3)]
)
def test_after_three_failures_in_a_row_the_model_is_not_asked_again(
    feeding: Feeding, provider: ProviderServer, failure: Reply
) -> None:
    provider.script(*[failure] * MAX_FAILURES, *[GOOD] * SECTIONS)
    asked = len(provider.requests)
    source = feeding.add(manual())
    assert len(provider.requests) == asked + MAX_FAILURES
    assert feeding.outcomes() == ["failed"] * MAX_FAILURES
    for passage in feeding.long(source):
        assert 80 <= len(passage.tldr.split()) <= 120
        assert passage.tldr != SHORTENED["en"]


def test_failures_that_are_not_in_a_row_do_not_end_it(
    feeding: Feeding, provider: ProviderServer
) -> None:
    provider.script(DOWN, DOWN, GOOD, DOWN, DOWN, GOOD, DOWN, GOOD)
    source = feeding.add(manual())
    assert [p.tldr == SHORTENED["en"] for p in feeding.long(source)] == [
        *(False, False, True, False, False, True, False, True),
    ]


def test_a_job_that_dies_before_it_stores_does_not_pay_twice(
    feeding: Feeding, provider: ProviderServer, monkeypatch: pytest.MonkeyPatch
):
    def die(*_: Any, **__: Any) -> None:
        raise MemoryError

    provider.script(GOOD, BAD, *[GOOD] * (SECTIONS - 2))
    with monkeypatch.context() as dying:
        dying.setattr(passage_embedding, "embed_cached", die)
        dead = feeding.ingest.add(feeding.tenant_id, upload(manual()))
    assert (dead.status, len(feeding.outcomes())) == ("failed", SECTIONS)
    source = feeding.add(manual())
    assert len(feeding.outcomes()) == SECTIONS  # nobody was asked again, not even for the refused
    written = [p for p in feeding.long(source) if p.tldr == SHORTENED["en"]]
    assert len(written) == SECTIONS - 1


def test_a_person_who_stops_it_does_not_wait_for_the_model(
    feeding: Feeding, provider: ProviderServer
) -> None:
    provider.script(GOOD, Reply(text=SHORTENED["en"], silence_before=100))
    source = feeding.ingest.accept(feeding.tenant_id, upload(manual())).source
    asked = len(provider.requests)
    working = threading.Thread(
        target=feeding.ingest.process, args=(feeding.tenant_id, source.source_id)
    )
    working.start()
    wait_until(lambda: len(provider.requests) == asked + 2)
    shown = feeding.sources.get(feeding.tenant_id, source.source_id)
    assert (shown.step, shown.step_total) == ("summarising", SECTIONS + 1)
    feeding.ingest.cancel(feeding.tenant_id, source.source_id)
    working.join(60)
    assert not working.is_alive()
    assert feeding.outcomes() == ["complete", "failed"]
    assert feeding.sources.get(feeding.tenant_id, source.source_id).status == "cancelled"
    assert feeding.passages(source) == ()


def test_a_worker_that_ends_puts_the_source_back(
    feeding: Feeding, provider: ProviderServer
) -> None:
    provider.script(GOOD, Reply(text=SHORTENED["en"], silence_before=100))
    source = feeding.ingest.accept(feeding.tenant_id, upload(manual())).source
    asked = len(provider.requests)
    attempt = Attempt(retries_left=3, is_ending=lambda: len(provider.requests) == asked + 2)
    with pytest.raises(ProcessingInterrupted):
        feeding.ingest.process(feeding.tenant_id, source.source_id, attempt)
    assert feeding.sources.get(feeding.tenant_id, source.source_id).status == "pending"
    provider.forget_script()
    provider.script(*[GOOD] * SECTIONS)
    feeding.ingest.process(feeding.tenant_id, source.source_id)
    assert {passage.tldr for passage in feeding.long(source)} == {SHORTENED["en"]}
