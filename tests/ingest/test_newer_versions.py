"""A newer version of a source: it takes the old one's place once it is read, and not before."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from db.models import NewerFile
from leanrag import passage_embedding
from leanrag.errors import Conflict, EmbeddingUnavailable
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.record_files import RECORDS_MEDIA_TYPE, write_records
from leanrag.ingest.record_rows import FaqRow
from leanrag.sources import SourceView
from tests.product_parts import DELIVERY, RETURNS, Parts, make_parts, new_tenant, rows_of

BROKEN_PDF = b"%PDF-1.7\nnothing of a PDF follows"


@pytest.fixture
def parts(shared_database: GuardedDatabase) -> Parts:
    return make_parts(shared_database)


@pytest.fixture
def tenant_id(shared_database: GuardedDatabase) -> UUID:
    return new_tenant(shared_database)


def texts(parts: Parts, tenant_id: UUID, source: SourceView) -> list[str]:
    return [chunk.text for chunk in parts.sources.chunks(tenant_id, source.source_id)]


def give(parts: Parts, tenant_id: UUID, source: SourceView, upload: Upload) -> SourceView:
    parts.ingest.replace_file(tenant_id, source.source_id, upload)
    parts.ingest.process(tenant_id, source.source_id)
    return parts.sources.get(tenant_id, source.source_id)


def test_it_takes_the_place_of_the_old_and_what_people_said_of_it_stays(
    parts: Parts, tenant_id: UUID
):
    upload = Upload("a.txt", DELIVERY.encode(), title="Delivery", tags=("shop",))
    source = parts.ingest.add(tenant_id, upload)
    after = give(parts, tenant_id, source, Upload("b.md", f"# Goods\n\n{RETURNS}".encode()))
    assert (after.status, after.error, after.title, after.tags) == (
        "processed",
        None,
        "Delivery",
        ("shop",),
    )
    assert (after.filename, after.media_type) == ("b.md", "text/markdown")
    assert [RETURNS in text for text in texts(parts, tenant_id, source)] == [True]
    assert RETURNS.encode() in parts.sources.file(tenant_id, source.source_id).data
    assert rows_of(parts, tenant_id, NewerFile) == 0


def test_one_that_cannot_be_read_leaves_the_earlier_in_use_and_says_why(
    parts: Parts, tenant_id: UUID
):
    source = parts.ingest.add(tenant_id, Upload("a.txt", DELIVERY.encode()))
    after = give(parts, tenant_id, source, Upload("a.pdf", BROKEN_PDF))
    assert after.status == "processed"
    assert "earlier one stays in use" in (after.error or "")
    assert DELIVERY in texts(parts, tenant_id, source)[0]
    assert parts.sources.file(tenant_id, source.source_id).data == DELIVERY.encode()
    assert rows_of(parts, tenant_id, NewerFile) == 0


def test_a_list_that_was_typed_in_here_is_kept_whatever_fails(
    parts: Parts, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
):
    def fall(*_: Any, **__: Any) -> None:
        raise EmbeddingUnavailable("The provider could not embed.")

    def listed(answer: str) -> Upload:
        data = write_records([FaqRow("What does delivery cost?", answer)], "faq")
        return Upload("faq.csv", data, "faq", media_type=RECORDS_MEDIA_TYPE, form="records")

    source = parts.ingest.add(tenant_id, listed("95 lira."))
    with monkeypatch.context() as outage:
        outage.setattr(passage_embedding, "embed_cached", fall)
        after = give(parts, tenant_id, source, listed("Nothing."))
    assert (after.status, rows_of(parts, tenant_id, NewerFile)) == ("processed", 1)
    assert "95 lira." in texts(parts, tenant_id, source)[0]
    parts.ingest.process_again(tenant_id, source.source_id)
    assert "Nothing." in texts(parts, tenant_id, source)[0]
    assert rows_of(parts, tenant_id, NewerFile) == 0


def test_a_file_that_is_another_source_is_refused(parts: Parts, tenant_id: UUID):
    source = parts.ingest.add(tenant_id, Upload("a.txt", DELIVERY.encode()))
    parts.ingest.add(tenant_id, Upload("b.txt", RETURNS.encode()))
    with pytest.raises(Conflict, match="another source"):
        parts.ingest.replace_file(tenant_id, source.source_id, Upload("c.txt", RETURNS.encode()))
    assert parts.sources.get(tenant_id, source.source_id).status == "processed"
