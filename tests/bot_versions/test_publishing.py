"""Publishing puts a draft in force, all of it or nothing."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from leanrag.bot_content import BotContent
from leanrag.bot_versions import BotVersions
from leanrag.bots import Bots
from leanrag.errors import Conflict, InvalidInput, LeanRagError
from leanrag.guarded_database import GuardedDatabase
from leanrag.router import KeywordRule
from leanrag.routing_rows import RoutingOverlay
from leanrag.tenants import DEFAULT_PERSONA
from leanrag.tuning import Tuning
from tests.bot_versions.drafting import (
    PARCEL,
    SHIPPING,
    SHIPPING_ROUTING,
    numbers,
    own_rows,
    publish,
    published_routings,
    save,
)


def test_publishing_puts_everything_in_force_under_the_next_number(
    versions: BotVersions, tenant_id: UUID, shared_database: GuardedDatabase, tuning: Tuning
):
    content = BotContent(
        "Be brief.", "Offer a colleague.", {"fa": "سلام"}, {"tr": "Bilmiyorum."}, SHIPPING_ROUTING
    )
    opened = versions.open_draft(tenant_id).stamp
    draft = versions.save_draft(
        tenant_id, None, content, edit=opened.edit, based_on=opened.based_on, edited_by="Sara"
    )
    made = versions.publish(tenant_id, edit=draft.stamp.edit, note="All of it")
    stamp = made.stamp
    assert (stamp.version, stamp.state, stamp.note, stamp.edited_by) == (
        2,
        "published",
        "All of it",
        "Sara",
    )
    assert made.content == content == versions.get(tenant_id).content
    assert numbers(versions, tenant_id) == [(2, "published"), (1, "retired")]
    bot = Bots(shared_database).find(tenant_id)
    assert (bot.prompt_version, bot.persona, bot.instructions) == (
        2,
        "Be brief.",
        content.instructions,
    )
    assert (bot.greeting, bot.fallback) == (content.greeting, content.fallback)
    assert own_rows(shared_database, tenant_id) == SHIPPING_ROUTING
    assert PARCEL in tuning.load(tenant_id).keywords


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"persona": "Be kind. " * 120}, "tokens"),
        ({"persona": "Be kind. " * 60, "instructions": "Be brief. " * 60}, "tokens"),
        ({"routing": RoutingOverlay((PARCEL,), ())}, "'parcel'"),
        ({"routing": RoutingOverlay((), (replace(SHIPPING, primary_tokens=9_999),))}, "9999"),
        ({"routing": RoutingOverlay((KeywordRule("general", "en", "x" * 81, 1),), ())}, "1 to 80"),
        ({}, "says exactly this already"),
    ],
)
def test_what_cannot_be_put_in_force_leaves_all_as_it_was(
    versions: BotVersions,
    tenant_id: UUID,
    shared_database: GuardedDatabase,
    fields: dict,
    named: str,
):
    draft = save(versions, tenant_id, **fields)
    with pytest.raises(LeanRagError, match=named) as refusal:
        versions.publish(tenant_id, edit=draft.stamp.edit)
    assert isinstance(refusal.value, InvalidInput | Conflict)
    assert versions.open_draft(tenant_id) == draft
    assert versions.get(tenant_id).content.persona == DEFAULT_PERSONA
    assert own_rows(shared_database, tenant_id) == RoutingOverlay()


def test_a_failure_halfway_through_publishing_undoes_all_of_it(
    versions: BotVersions,
    tenant_id: UUID,
    shared_database: GuardedDatabase,
    monkeypatch: pytest.MonkeyPatch,
):
    draft = save(versions, tenant_id, persona="New.", routing=SHIPPING_ROUTING)

    def break_down(*_: object, **__: object) -> None:
        raise RuntimeError("halfway")

    monkeypatch.setattr("leanrag.bot_version_rows.publish_routing", break_down)
    with pytest.raises(RuntimeError, match="halfway"):
        versions.publish(tenant_id, edit=draft.stamp.edit)
    assert numbers(versions, tenant_id) == [(0, "draft"), (1, "published")]
    assert versions.open_draft(tenant_id) == draft
    assert own_rows(shared_database, tenant_id) == RoutingOverlay()


def test_only_texts_leave_the_routing_and_the_other_bots_alone(
    versions: BotVersions, tenant_id: UUID, tuning: Tuning
):
    before = tuning.load(tenant_id)
    publish(versions, tenant_id, persona="Be brief.")
    assert tuning.load(tenant_id).version == before.version  # an open tuning page may still save
    assert numbers(versions, tenant_id, "second") == [(1, "published")]


def test_a_new_routing_gives_every_bot_of_the_tenant_a_version(
    versions: BotVersions, tenant_id: UUID, shared_database: GuardedDatabase
):
    publish(versions, tenant_id, routing=SHIPPING_ROUTING)
    second = versions.get(tenant_id, "second")
    assert (second.stamp.version, second.stamp.note) == (2, "routing")
    assert second.content == BotContent("The second.", routing=SHIPPING_ROUTING)
    assert published_routings(shared_database, tenant_id) == [SHIPPING_ROUTING] * 2
