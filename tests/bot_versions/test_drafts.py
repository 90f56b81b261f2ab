"""Drafts of what a bot says: saved, lost to nobody silently, without effect until published."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from leanrag.bot_content import BotContent
from leanrag.bot_versions import BotVersions
from leanrag.bots import Bots
from leanrag.errors import Conflict, InvalidInput
from leanrag.guarded_database import GuardedDatabase
from leanrag.router import KeywordRule
from leanrag.routing_rows import RoutingOverlay, overlay
from leanrag.tenants import DEFAULT_PERSONA
from leanrag.tuning import Tuning
from tests.bot_versions.drafting import (
    PARCEL,
    SHIPPING,
    SHIPPING_ROUTING,
    numbers,
    own_rows,
    publish,
    save,
)


def test_a_new_bot_begins_with_version_1(versions: BotVersions, tenant_id: UUID):
    assert numbers(versions, tenant_id) == [(1, "published")]
    first = versions.get(tenant_id, "assistant")
    assert first.content == BotContent(persona=DEFAULT_PERSONA)
    assert first.stamp.published_at is not None


def test_opening_a_draft_stores_nothing_and_saving_it_changes_nothing_in_force(
    versions: BotVersions, tenant_id: UUID, shared_database: GuardedDatabase
):
    opened = versions.open_draft(tenant_id)
    assert (opened.stamp.edit, opened.stamp.based_on) == (0, 1)
    assert numbers(versions, tenant_id) == [(1, "published")]
    saved = save(versions, tenant_id, persona="Be brief.", routing=SHIPPING_ROUTING)
    assert versions.open_draft(tenant_id) == saved
    assert numbers(versions, tenant_id) == [(0, "draft"), (1, "published")]
    assert Bots(shared_database).find(tenant_id).persona == DEFAULT_PERSONA
    assert own_rows(shared_database, tenant_id) == RoutingOverlay()


def test_a_draft_is_stored_without_blank_edges_blank_messages_and_control_characters(
    versions: BotVersions, tenant_id: UUID
):
    saved = save(
        versions,
        tenant_id,
        persona="  Be\x00 kind.\n",
        greeting={"tr": "Merhaba ", "en": "  "},
        routing=RoutingOverlay((PARCEL, KeywordRule("contact", "en", "phone", 1)), ()),
    )
    assert saved.content.persona == "Be kind."
    assert saved.content.greeting == {"tr": "Merhaba"}
    assert [rule.keyword for rule in saved.content.routing.keywords] == ["phone", "parcel"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"persona": "x" * 8_001}, "persona has 8,001 characters"),
        ({"instructions": "x" * 8_001}, "instructions has 8,001"),
        ({"greeting": {"de": "Hallo"}}, "'de'"),
        ({"routing": RoutingOverlay((KeywordRule("a", "en", "nul\x00", 1),), ())}, "nul"),
        ({"routing": RoutingOverlay((PARCEL, replace(PARCEL, weight=1)), ())}, "parcel.* twice"),
        ({"routing": RoutingOverlay((), (SHIPPING, SHIPPING))}, "shipping.* twice"),
        ({"routing": RoutingOverlay((), (replace(SHIPPING, intent="half\ud83d"),))}, "half"),
        ({"fallback": {"fa": "x" * 1_001}}, r"fallback \(fa\) has 1,001"),
    ],
)
def test_what_cannot_be_stored_is_named_when_it_is_saved(
    versions: BotVersions, tenant_id: UUID, fields: dict, named: str
):
    with pytest.raises(InvalidInput, match=named):
        save(versions, tenant_id, **fields)
    assert numbers(versions, tenant_id) == [(1, "published")]


def test_who_saves_over_somebody_else_is_told_who_it_was_and_when(
    versions: BotVersions, tenant_id: UUID
):
    mine = versions.open_draft(tenant_id)
    theirs = save(versions, tenant_id, persona="Theirs.")
    with pytest.raises(Conflict, match=r"Sara saved this draft at \d{4}-\d\d-\d\d \d\d:\d\d UTC"):
        versions.save_draft(
            tenant_id, None, replace(mine.content, persona="Mine."), edit=0, based_on=1
        )
    assert versions.open_draft(tenant_id) == theirs


def test_an_edits_number_never_comes_twice(versions: BotVersions, tenant_id: UUID):
    first = save(versions, tenant_id, persona="First.")
    versions.discard_draft(tenant_id, edit=first.stamp.edit)
    second = save(versions, tenant_id, persona="Second.")
    assert second.stamp.edit > first.stamp.edit
    with pytest.raises(Conflict):  # whoever still has the first one open
        versions.save_draft(
            tenant_id, None, first.content, edit=first.stamp.edit, based_on=1, edited_by="Late"
        )
    with pytest.raises(Conflict):
        versions.discard_draft(tenant_id, edit=first.stamp.edit)
    assert versions.open_draft(tenant_id).content.persona == "Second."


def test_a_draft_that_was_published_meanwhile_is_not_saved_again(
    versions: BotVersions, tenant_id: UUID
):
    draft = save(versions, tenant_id, persona="New.")
    versions.publish(tenant_id, edit=draft.stamp.edit, edited_by="Reza")
    with pytest.raises(Conflict, match="version 2, published by Reza"):
        versions.save_draft(tenant_id, None, draft.content, edit=draft.stamp.edit, based_on=1)


def test_without_a_draft_nothing_is_published_or_discarded(versions: BotVersions, tenant_id: UUID):
    for call in (versions.publish, versions.discard_draft):
        with pytest.raises(Conflict, match="no open draft"):
            call(tenant_id, edit=0)


def test_a_draft_takes_over_what_it_did_not_touch_itself(
    versions: BotVersions, tenant_id: UUID, tuning: Tuning
):
    draft = save(versions, tenant_id, persona="Be brief.")
    in_force = tuning.load(tenant_id)
    tuning.save(
        tenant_id,
        replace(
            in_force,
            keywords=(*in_force.keywords, PARCEL),
            routings=(*in_force.routings, SHIPPING),
        ),
    )
    made = versions.publish(tenant_id, edit=draft.stamp.edit)
    assert made.stamp.version == 3
    assert made.content == BotContent("Be brief.", routing=SHIPPING_ROUTING)


def test_a_draft_of_other_routing_does_not_replace_a_newer_one(
    versions: BotVersions, tenant_id: UUID, tuning: Tuning, shared_database: GuardedDatabase
):
    draft = save(versions, tenant_id, "second", routing=SHIPPING_ROUTING)
    phone = overlay([KeywordRule("contact", "en", "hotline", 3)], [])
    publish(versions, tenant_id, "assistant", routing=phone)
    with pytest.raises(Conflict, match=r"Version 2 .* routing") as refusal:
        versions.publish(tenant_id, "second", edit=draft.stamp.edit)
    assert refusal.value.details == {"fields": ["routing"], "published": 2}
    assert own_rows(shared_database, tenant_id) == phone
    seen = versions.save_draft(
        tenant_id,
        "second",
        replace(draft.content, routing=overlay([*phone.keywords, PARCEL], [SHIPPING])),
        edit=draft.stamp.edit,
        based_on=2,
    )
    versions.publish(tenant_id, "second", edit=seen.stamp.edit)
    assert len(own_rows(shared_database, tenant_id).keywords) == 2


def test_a_draft_does_not_undo_a_rollback_that_it_has_not_seen(
    versions: BotVersions, tenant_id: UUID
):
    publish(versions, tenant_id, persona="Bad.", greeting={"en": "Hi!"})
    draft = save(versions, tenant_id, persona="Bad, but longer.")
    versions.rollback(tenant_id, to=1)
    with pytest.raises(Conflict, match=r"Version 3 .*: persona\."):
        versions.publish(tenant_id, edit=draft.stamp.edit)
    seen = versions.save_draft(
        tenant_id, None, draft.content, edit=draft.stamp.edit, based_on=3, edited_by="Sara"
    )
    made = versions.publish(tenant_id, edit=seen.stamp.edit)
    assert made.content.persona == "Bad, but longer."
