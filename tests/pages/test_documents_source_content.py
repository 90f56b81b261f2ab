"""What one source holds, changed on the knowledge page: a list, instructions, a newer file."""

from __future__ import annotations

import hashlib
from uuid import UUID

import pytest

from db.models import Source, SourceFile
from leanrag.bootstrap import Services
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.record_files import RECORDS_MEDIA_TYPE, read_stored, write_records
from leanrag.ingest.record_rows import FaqRow, RecordRow
from leanrag.sources import SourceView
from tests.documents_page import (
    add_file,
    open_source,
    seen,
    texts,
    wait_until_read,
)
from tests.knowledge_page import edit

ROWS = (
    FaqRow("How long is the warranty?", "Two years.", None),
    FaqRow("Where is the shop?", "In Izmir.", None),
)
RULES = "# Returns\n\nWe take back everything within fourteen days."

pytestmark = pytest.mark.usefixtures("real_product")


@pytest.fixture
def faq(real_product: None, services: Services) -> SourceView:
    """A list of questions and answers that was read."""
    upload = Upload(
        "shop.csv",
        write_records(ROWS, "faq"),
        "faq",
        title="Shop",
        media_type=RECORDS_MEDIA_TYPE,
        form="records",
    )
    return services.ingest.add(services.local_tenant_id, upload)


@pytest.fixture
def rules(real_product: None, services: Services) -> SourceView:
    """Instructions that were read."""
    upload = Upload(
        "rules.md",
        RULES.encode(),
        "manual",
        title="Rules",
        form="manual",
        media_type="text/markdown",
    )
    return services.ingest.add(services.local_tenant_id, upload)


def test_a_list_is_changed_in_its_grid_and_read_again(services: Services, faq: SourceView) -> None:
    key = f"documents_rows_{faq.source_id}"
    page = open_source(faq.source_id)
    edit(page, key, {"edited_rows": {1: {"answer": "In Ankara."}}})
    page.button(key=f"{key}_save").click().run()
    assert not page.exception
    again = wait_until_read(services, faq.source_id)
    assert again.status == "processed"
    assert rows(services, faq.source_id)[1] == FaqRow("Where is the shop?", "In Ankara.", None)
    chunks = services.sources.chunks(services.local_tenant_id, faq.source_id)
    assert "In Ankara." in chunks[1].text


def test_a_list_that_somebody_else_changed_is_not_overwritten_unasked(
    services: Services, faq: SourceView
) -> None:
    key = f"documents_rows_{faq.source_id}"
    page = open_source(faq.source_id)
    edit(page, key, {"edited_rows": {0: {"answer": "Mine."}}})
    theirs = write_records([FaqRow("Theirs?", "Yes.", None)], "faq")
    upload = Upload("shop.csv", theirs, "faq", media_type=RECORDS_MEDIA_TYPE, form="records")
    services.ingest.replace_file(services.local_tenant_id, faq.source_id, upload)
    wait_until_read(services, faq.source_id)
    page.button(key=f"{key}_save").click().run()
    assert "Somebody else saved another version" in texts(page)
    assert len(rows(services, faq.source_id)) == 1
    page.button(key=f"{key}_save").click().run()
    wait_until_read(services, faq.source_id)
    assert rows(services, faq.source_id)[0] == FaqRow(ROWS[0].question, "Mine.", None)


def test_instructions_are_changed_where_they_were_written(
    services: Services, rules: SourceView
) -> None:
    page = open_source(rules.source_id)
    box = page.text_area(key=f"documents_text_{rules.source_id}")
    assert box.value == RULES
    box.set_value(RULES.replace("fourteen", "thirty")).run()
    assert "not saved yet" in texts(page)
    page.button(key="documents_text_save").click().run()
    wait_until_read(services, rules.source_id)
    chunks = services.sources.chunks(services.local_tenant_id, rules.source_id)
    assert "thirty days" in chunks[0].text
    assert seen(services, rules.source_id).title == "Rules"


def test_empty_instructions_are_refused_and_what_was_written_can_be_dropped(
    services: Services, rules: SourceView
) -> None:
    page = open_source(rules.source_id)
    page.text_area(key=f"documents_text_{rules.source_id}").set_value("  ").run()
    page.button(key="documents_text_save").click().run()
    assert "write the text first" in page.error[0].value
    page.button(key="documents_text_drop").click().run()
    assert page.text_area(key=f"documents_text_{rules.source_id}").value == RULES


def test_a_list_that_was_refused_in_the_end_can_be_brought_back(
    services: Services, faq: SourceView
) -> None:
    key = f"documents_rows_{faq.source_id}"
    page = open_source(faq.source_id)
    edit(page, key, {"edited_rows": {1: {"answer": "In Ankara."}}})
    page.button(key=f"{key}_save").click().run()
    wait_until_read(services, faq.source_id)
    refuse_newest(services, faq.source_id, write_records(ROWS, "faq"))
    page.run()
    page.button(key="documents_bring_back").click().run()
    page.button(key=f"{key}_save").click().run()
    wait_until_read(services, faq.source_id)
    assert rows(services, faq.source_id)[1] == FaqRow("Where is the shop?", "In Ankara.", None)


def test_instructions_that_were_refused_in_the_end_can_be_brought_back(
    services: Services, rules: SourceView
) -> None:
    page = open_source(rules.source_id)
    box = f"documents_text_{rules.source_id}"
    page.text_area(key=box).set_value("We take back nothing.").run()
    page.button(key="documents_text_save").click().run()
    wait_until_read(services, rules.source_id)
    refuse_newest(services, rules.source_id, RULES.encode())
    page.run()
    assert page.text_area(key=box).value == RULES
    page.button(key="documents_bring_back").click().run()
    assert page.text_area(key=box).value == "We take back nothing."


def test_a_newer_file_takes_the_place_of_the_old(services: Services) -> None:
    source = add_file(services)
    page = open_source(source.source_id)
    page.button(key="documents_newer").click().run()
    uploader = page.file_uploader(key=f"documents_newer_{source.source_id}")
    uploader.set_value([("new.md", b"# Hours\n\nAll shops open at six.", "text/markdown")])
    page.button(key="documents_newer_yes").click().run()
    assert not page.exception
    again = wait_until_read(services, source.source_id)
    assert (again.filename, again.passage_count, again.title) == ("new.md", 1, "Hours")


def test_a_newer_file_that_is_none_is_refused_where_it_was_chosen(services: Services) -> None:
    source = add_file(services)
    page = open_source(source.source_id)
    page.button(key="documents_newer").click().run()
    uploader = page.file_uploader(key=f"documents_newer_{source.source_id}")
    uploader.set_value([("new.pdf", b"\x89PNG\r\n\x1a\n" + bytes(500), "application/pdf")])
    page.button(key="documents_newer_yes").click().run()
    assert "LeanRAG reads PDF" in page.session_state["documents_newer_problem"]
    assert seen(services, source.source_id).status == "processed"


def refuse_newest(services: Services, source_id: UUID, before: bytes) -> None:
    """Put a source into the state in which a job leaves it that failed on a newer version."""
    tenant_id = services.local_tenant_id
    with services.database.tenant(tenant_id) as session:
        source = session.get_one(Source, (tenant_id, source_id))
        source.error = "The newer version was not taken, and the earlier one stays in use: so."
        source.content_hash = hashlib.sha256(before).hexdigest()
        session.get_one(SourceFile, (tenant_id, source_id)).data = before


def rows(services: Services, source_id: UUID) -> tuple[RecordRow, ...]:
    return read_stored(services.sources.file(services.local_tenant_id, source_id).data, "faq")
