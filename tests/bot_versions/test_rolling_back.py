"""A rollback is a new version; versions are compared, and are of their tenant alone."""

from __future__ import annotations

from uuid import UUID

import pytest

from leanrag.bot_versions import BotVersions
from leanrag.bots import Bots
from leanrag.errors import Conflict, NotFound
from leanrag.guarded_database import GuardedDatabase
from leanrag.routing_rows import RoutingOverlay
from tests.bot_versions.drafting import SHIPPING_ROUTING, numbers, own_rows, publish, save
from tests.product_parts import new_tenant


def test_a_rollback_is_a_new_version_that_says_and_routes_as_the_old_one(
    versions: BotVersions, tenant_id: UUID, shared_database: GuardedDatabase
):
    before = versions.get(tenant_id)
    publish(versions, tenant_id, persona="New.", routing=SHIPPING_ROUTING)
    draft = save(versions, tenant_id, "assistant", fallback={"en": "No idea."})
    made = versions.rollback(tenant_id, to=1, edited_by="Reza", note="Too short")
    assert (made.stamp.version, made.stamp.restored_from, made.stamp.based_on) == (3, 1, 2)
    assert (made.stamp.edited_by, made.stamp.note) == ("Reza", "Too short")
    assert made.content == before.content
    assert own_rows(shared_database, tenant_id) == RoutingOverlay()
    assert versions.get(tenant_id, version=2).content.persona == "New."
    assert versions.open_draft(tenant_id) == draft
    assert versions.get(tenant_id, "second").stamp.version == 3


def test_there_is_nothing_to_roll_back_to_what_is_in_force_or_to_what_never_was(
    versions: BotVersions, tenant_id: UUID
):
    save(versions, tenant_id, persona="A draft is no version.")
    with pytest.raises(Conflict, match="says exactly this already"):
        versions.rollback(tenant_id, to=1)
    for unknown in (0, 2, -1):
        with pytest.raises(NotFound, match=f"no version {unknown}"):
            versions.rollback(tenant_id, to=unknown)


def test_two_versions_are_compared_field_by_field(versions: BotVersions, tenant_id: UUID):
    publish(versions, tenant_id, greeting={"en": "Hi!"}, routing=SHIPPING_ROUTING)
    changed = versions.compare(tenant_id, None, 1, 2)
    assert [(change.field, change.before, change.after) for change in changed] == [
        ("greeting.en", "", "Hi!"),
        ("keyword / shipping / en / parcel", "", "weight 3"),
        ("routing / shipping", "", "600 tokens of website + 200 tokens of faq"),
    ]
    back = versions.compare(tenant_id, None, 2, 1)
    assert [(change.before, change.after) for change in back] == [
        (change.after, change.before) for change in changed
    ]


def test_another_tenants_bots_and_versions_are_not_found(
    versions: BotVersions, tenant_id: UUID, shared_database: GuardedDatabase
):
    publish(versions, tenant_id, persona="Ours.")
    stranger = new_tenant(shared_database)
    with pytest.raises(NotFound):
        versions.list(stranger, Bots(shared_database).find(tenant_id).bot_id)
    assert numbers(versions, stranger) == [(1, "published")]
    with pytest.raises(NotFound):
        versions.get(stranger, version=2)
