"""A model writes the TL;DRs of a long manual: checked, paid for once, and never in the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from db.models import Bot, ChunkRow, UsageEvent
from db.models.usage import LearnedMargin
from leanrag import passage_embedding
from leanrag.bootstrap import Services
from leanrag.embedding_models import EmbeddingModels
from leanrag.embeddings import LocalEmbedder
from leanrag.errors import ProcessingInterrupted
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.attempt import Attempt
from leanrag.ingest.extracts import long_extract
from leanrag.ingest.extracts_model import MAX_FAILURES, model_extracts
from leanrag.ingest.jobs import JobQueue
from leanrag.ingest.pipeline import Ingest, Upload
from leanrag.llm import OpenAiChatModel
from leanrag.passage_edits import PassageChange, PassageEdits, passage_version
from leanrag.provider import provider_config
from leanrag.settings import Settings
from leanrag.sources import ChunkView, Sources, SourceView
from leanrag.text.sentences import split_sentences
from leanrag.text.tokens import load_counter
from leanrag.token_margin import TokenMargins, served_models
from tests.product_parts import new_tenant
from tests.provider_server import ProviderServer, Reply
from tests.speaking_services import settings_for
from tests.tldr_texts import PASSAGES, SHORTENED

COUNTER = load_counter()
MODELS = EmbeddingModels(LocalEmbedder())
SECTIONS = 8  # of 151 words each: 1,208 words, and headings
SHORT = "We write in plain words."
GOOD = Reply(text=SHORTENED["en"])
BAD = Reply(text=f"Here is the short version: {SHORTENED['en']}")
DOWN = Reply(status=500)


@dataclass
class Feeding:
    """An ingest whose instructions are shortened by a model."""

    database: GuardedDatabase
    ingest: Ingest
    sources: Sources
    tenant_id: UUID
    settings: Settings

    def add(self, text: str, **more: Any) -> SourceView:
        source = self.ingest.add(self.tenant_id, upload(text, **more))
        assert source.status == "processed", source.error
        return source

    def passages(self, source: SourceView) -> tuple[ChunkView, ...]:
        return self.sources.chunks(self.tenant_id, source.source_id)

    def long(self, source: SourceView) -> tuple[ChunkView, ...]:
        return tuple(p for p in self.passages(source) if len(p.text.split()) > 120)

    def rows(self, model: Any) -> list[Any]:
        with self.database.tenant(self.tenant_id) as session:
            query = select(model).where(model.tenant_id == self.tenant_id)
            return list(session.scalars(query))

    def outcomes(self) -> list[str]:
        calls = sorted(self.rows(UsageEvent), key=lambda row: row.occurred_at)
        return [call.outcome for call in calls if call.kind == "tldr"]


def manual(sections: int = SECTIONS, short: str = SHORT) -> str:
    parts = [f"## Part {n}\n\n{PASSAGES['en']}" for n in range(sections)]
    return "\n\n".join(["# Rules", "## Tone", short, *parts])


def upload(text: str, **more: Any) -> Upload:
    given: dict[str, Any] = {"kind": "manual", "title": "Rules", "form": "manual", **more}
    return Upload("manual.md", text.encode(), **given)


@pytest.fixture
def settings(tmp_path: Path, provider: ProviderServer) -> Settings:
    return settings_for(tmp_path, provider, provider_max_retries=0)


@pytest.fixture
def feeding(shared_database: GuardedDatabase, settings: Settings) -> Iterator[Feeding]:
    model = OpenAiChatModel(provider_config(settings))
    yield make_feeding(shared_database, settings, model, new_tenant(shared_database))
    model.close()


def make_feeding(
    database: GuardedDatabase, settings: Settings, model: OpenAiChatModel, tenant_id: UUID
) -> Feeding:
    margins = TokenMargins(served_models(settings), max_prompt_tokens=settings.max_prompt_tokens)
    tldrs = model_extracts(model, COUNTER, margins, database, settings)
    jobs = JobQueue(database.engine.url)
    ingest = Ingest(database, MODELS, COUNTER, jobs, settings, tldrs)
    return Feeding(database, ingest, Sources(database), tenant_id, settings)


def test_each_long_passage_gets_the_models_tldr_and_the_short_one_its_own_words(
    feeding: Feeding, provider: ProviderServer
) -> None:
    provider.script(*[GOOD] * SECTIONS)
    source = feeding.add(manual())
    assert len(feeding.long(source)) == SECTIONS
    assert {passage.tldr for passage in feeding.long(source)} == {SHORTENED["en"]}
    (short,) = [p for p in feeding.passages(source) if p.heading == "Tone"]
    assert short.tldr == SHORT
    by = {row.heading_path: row.details.get("tldr_by") for row in feeding.rows(ChunkRow)}
    assert by.pop("Tone") is None
    assert set(by.values()) == {"gpt-4o-mini"}


def test_the_services_have_their_model_write_them(
    speaking: Services, provider: ProviderServer
) -> None:
    provider.script(*[GOOD] * SECTIONS)
    tenant_id = new_tenant(speaking.database)
    source = speaking.ingest.add(tenant_id, upload(manual()))
    passages = speaking.sources.chunks(tenant_id, source.source_id)
    assert [passage.tldr for passage in passages] == [SHORT, *[SHORTENED["en"]] * SECTIONS]


def test_every_call_is_accounted_for_with_its_bot(
    feeding: Feeding, provider: ProviderServer
) -> None:
    with feeding.database.tenant(feeding.tenant_id) as session:
        bot_id = session.scalars(select(Bot.bot_id)).one()
    provider.script(*[GOOD] * (SECTIONS - 1), Reply(text=SHORTENED["en"], cached_tokens=7))
    feeding.add(manual(), bot_id=bot_id)
    calls = feeding.rows(UsageEvent)
    assert feeding.outcomes() == ["complete"] * SECTIONS
    for call in calls:
        assert (call.kind, call.model, call.bot_id) == ("tldr", "gpt-4o-mini", bot_id)
        assert call.prompt_tokens == call.counted_tokens <= 1_500
        assert call.completion_tokens == COUNTER.count(SHORTENED["en"])
        assert call.cost_usd > 0
        assert call.is_reported
        assert call.excess_tokens == 0
        assert call.latency_ms >= call.first_token_ms > 0
    assert sorted(call.cached_tokens for call in calls) == [0] * (SECTIONS - 1) + [7]


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


def test_the_same_passage_is_never_paid_for_again(
    feeding: Feeding, provider: ProviderServer
) -> None:
    provider.script(*[GOOD] * SECTIONS)
    source = feeding.add(manual())
    before = feeding.passages(source)
    asked = len(provider.requests)
    feeding.ingest.process_again(feeding.tenant_id, source.source_id)
    after = feeding.passages(source)
    assert [(p.text, p.tldr) for p in after] == [(p.text, p.tldr) for p in before]
    twin = feeding.add(manual(short="We answer in the customer's language."))
    assert {passage.tldr for passage in feeding.long(twin)} == {SHORTENED["en"]}
    assert len(provider.requests) == asked
    repeated = manual().replace("## Part 1\n", "## Part 0\n").replace("# Rules", "# House rules")
    provider.script(*[GOOD] * SECTIONS)
    feeding.add(repeated, title="House rules")  # its title makes other passages of them
    assert len(provider.requests) == asked + SECTIONS - 1


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


def test_an_edited_passage_keeps_the_edit_and_what_was_paid_for(
    feeding: Feeding, provider: ProviderServer
) -> None:
    provider.script(*[GOOD] * SECTIONS)
    source = feeding.add(manual())
    edits = PassageEdits(feeding.database, MODELS, COUNTER, feeding.settings)
    first, second, *_ = feeding.long(source)
    for passage, change in (
        (first, PassageChange(tldr="What to do about damage.")),
        (second, PassageChange(text="We do not replace anything at all.")),
    ):
        version = passage_version(passage)
        edits.edit(feeding.tenant_id, passage.chunk_id, change, expected=version)
    asked = len(provider.requests)
    feeding.ingest.process_again(feeding.tenant_id, source.source_id)
    assert len(provider.requests) == asked
    kept = {p.heading: p for p in feeding.passages(source)}
    assert kept["Part 0"].tldr == "What to do about damage."
    assert kept["Part 1"].text == "We do not replace anything at all."
    for heading in ("Part 0", "Part 1"):
        edit_id = kept[heading].edit_id
        assert edit_id is not None
        edits.revert(feeding.tenant_id, edit_id)
    feeding.ingest.process_again(feeding.tenant_id, source.source_id)
    assert len(provider.requests) == asked
    assert {passage.tldr for passage in feeding.long(source)} == {SHORTENED["en"]}


def test_another_model_writes_its_own(
    feeding: Feeding, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.script(*[GOOD] * SECTIONS)
    source = feeding.add(manual())
    asked = len(provider.requests)
    other = settings_for(tmp_path, provider, provider_max_retries=0, model="gpt-4o")
    model = OpenAiChatModel(provider_config(other))
    theirs = make_feeding(feeding.database, other, model, feeding.tenant_id)
    provider.script(*[GOOD] * SECTIONS)
    theirs.ingest.process_again(feeding.tenant_id, source.source_id)
    model.close()
    assert len(provider.requests) == asked + SECTIONS


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (manual(6), {}),  # under 1,000 words
        (manual(), {"form": "file"}),  # a document that serves as a manual
        ("\n\n".join(["# Rules", *(f"## {n}\n\n{SHORT}" for n in range(220))]), {}),
    ],
    ids=["short", "file", "short passages"],
)
def test_no_model_is_asked_for_what_needs_no_long_tldr(
    feeding: Feeding, provider: ProviderServer, text: str, more: dict[str, Any]
) -> None:
    asked = len(provider.requests)
    source = feeding.add(text, **more)
    assert len(provider.requests) == asked
    assert all(len(passage.tldr.split()) <= 40 for passage in feeding.passages(source))


def test_a_preview_shows_own_sentences_and_asks_nobody(
    feeding: Feeding, provider: ProviderServer
) -> None:
    asked = len(provider.requests)
    chunks = feeding.ingest.preview(upload(manual()))
    assert len(chunks) == SECTIONS + 1
    assert [chunk.tldr for chunk in chunks] == [long_extract(chunk) for chunk in chunks]
    assert len(provider.requests) == asked


def test_learn_only_instructions_are_shortened_too(
    feeding: Feeding, provider: ProviderServer
) -> None:
    provider.script(*[GOOD] * SECTIONS)
    source = feeding.add(manual(), is_citable=False)
    assert {passage.tldr for passage in feeding.long(source)} == {SHORTENED["en"]}
    assert not any(passage.is_citable for passage in feeding.passages(source))


def test_a_provider_that_counts_more_is_learned_from(
    feeding: Feeding, provider: ProviderServer
) -> None:
    provider.script(*[Reply(text=SHORTENED["en"], token_ratio=1.2)] * SECTIONS)
    feeding.add(manual())
    (margin,) = feeding.rows(LearnedMargin)
    assert (margin.model, margin.language) == ("gpt-4o-mini", "en")
    assert len(margin.ratios) == SECTIONS


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
    _wait_for(lambda: len(provider.requests) == asked + 2)
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


def _wait_for(is_so: Any, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)
