"""Whose name stands beside a change: nobody signs for another."""

from __future__ import annotations

import pytest

from db.models import LabelledMessage
from db.tenancy import Actor, acting
from leanrag.acting_name import MAX_NAME_CHARACTERS, acting_name
from leanrag.bootstrap import Services
from leanrag.ingest.pipeline import Upload
from leanrag.passage_edits import PassageChange, passage_version
from tests.product_parts import new_tenant, rows

SARA = Actor("person", "7", "Sara", "203.0.113.9")


@pytest.mark.parametrize(
    ("actor", "given", "name"),
    [
        (SARA, "", "Sara"),
        (SARA, "Somebody else", "Sara"),
        (Actor("key", "3", "Website"), "Sara", "Website"),
        (Actor("local", name="local operator"), "Reza", "Reza"),
        (Actor("local", name="command line"), "", ""),
        (Actor("system"), "", ""),
        (None, "Reza", "Reza"),
        (Actor("person", "7", " two\nlines\0 "), "", "two lines"),
        (Actor("person", "7", "m" * 300), "", "m" * MAX_NAME_CHARACTERS),
    ],
)
def test_the_name_is_the_actors_where_it_is_known(
    actor: Actor | None, given: str, name: str
) -> None:
    if actor is None:
        assert acting_name(given) == name
        return
    with acting(actor):
        assert acting_name(given) == name


def test_what_is_kept_beside_each_change_is_who_made_it(services: Services) -> None:
    tenant_id = new_tenant(services.database)
    with acting(SARA):
        file = Upload("kettle.txt", b"The kettle holds two litres.", added_by="Somebody else")
        source = services.ingest.add(tenant_id, file)
        (passage,) = services.sources.chunks(tenant_id, source.source_id)
        services.passage_edits.edit(
            tenant_id,
            passage.chunk_id,
            PassageChange(text="The kettle holds three litres."),
            expected=passage_version(passage),
            by="Somebody else",
        )
        draft = services.bot_versions.open_draft(tenant_id)
        content = draft.content
        services.bot_versions.save_draft(
            tenant_id, None, content, edit=draft.stamp.edit, based_on=draft.stamp.based_on
        )
        services.labelled_messages.save(tenant_id, "how much is it", "pricing", labelled_by="x")
    assert services.sources.get(tenant_id, source.source_id).added_by == "Sara"
    (event,) = [
        event
        for event in services.audit.find(tenant_id, limit=100).events
        if event.object_kind == "passage_edit"
    ]
    assert (event.actor_name, event.ip) == ("Sara", "203.0.113.9")
    assert services.bot_versions.open_draft(tenant_id).stamp.edited_by == "Sara"
    (labelled,) = rows(services, tenant_id, LabelledMessage)
    assert labelled.labelled_by == "Sara"
