"""The learn-only passages next to a text: this tenant's, and never citable ones."""

from __future__ import annotations

from sqlalchemy import update

from db.models import ChunkRow
from leanrag.guarded_database import GuardedDatabase
from leanrag.private_knowledge import PrivateKnowledge, read_private_knowledge
from tests.product_parts import DELIVERY, RETURNS, add_text, make_parts, new_tenant

SECRET = "Our supplier Anadolu Bakir sells us the copper cezve for 212 lira."


def test_learn_only_passages_alone_are_found_and_named(shared_database: GuardedDatabase):
    parts = make_parts(shared_database)
    tenant_id = new_tenant(shared_database)
    add_text(parts.ingest, tenant_id, SECRET, name="supplier-prices.txt", is_citable=False)
    add_text(parts.ingest, tenant_id, RETURNS, name="other.txt", is_citable=False)
    add_text(parts.ingest, tenant_id, DELIVERY, name="delivery.txt")
    with shared_database.tenant(tenant_id) as session:
        found = read_private_knowledge(tenant_id, "copper cezve supplier", session=session)
    assert found.texts == (SECRET, RETURNS)
    assert len(found.names) == 2


def test_another_tenant_has_none_of_it(shared_database: GuardedDatabase):
    parts = make_parts(shared_database)
    add_text(parts.ingest, new_tenant(shared_database), SECRET, is_citable=False)
    stranger = new_tenant(shared_database)
    with shared_database.tenant(stranger) as session:
        assert read_private_knowledge(stranger, SECRET, session=session) == PrivateKnowledge()


def test_one_learn_only_passage_of_a_citable_source_is_found_too(shared_database: GuardedDatabase):
    parts = make_parts(shared_database)
    tenant_id = new_tenant(shared_database)
    source = add_text(parts.ingest, tenant_id, SECRET, name="prices.txt")
    with shared_database.tenant(tenant_id) as session:
        session.execute(
            update(ChunkRow)
            .where(ChunkRow.tenant_id == tenant_id, ChunkRow.source_id == source.source_id)
            .values(is_citable=False)
        )
        found = read_private_knowledge(tenant_id, "copper cezve supplier", session=session)
    assert found == PrivateKnowledge((SECRET,), ())
