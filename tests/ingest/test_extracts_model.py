"""A model writes the TL;DRs of a long manual: checked, paid for once, and never in the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db.models import Bot, ChunkRow, UsageEvent
from db.models.usage import LearnedMargin
from leanrag.bootstrap import Services
from leanrag.ingest.extracts import long_extract
from leanrag.llm import OpenAiChatModel
from leanrag.passage_edits import PassageChange, PassageEdits, passage_version
from leanrag.provider import provider_config
from tests.product_parts import new_tenant
from tests.provider_server import ProviderServer, Reply
from tests.shortened_manuals import (
    COUNTER,
    GOOD,
    MODELS,
    SECTIONS,
    SHORT,
    Feeding,
    make_feeding,
    manual,
    upload,
)
from tests.speaking_services import settings_for
from tests.tldr_texts import SHORTENED


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
