"""One source on the knowledge page: its facts, what is changed about it, and what stands in it."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from db.models import PassageEdit
from leanrag.bootstrap import Services
from leanrag.sources import SourceView
from tests.documents_page import (
    add_file,
    open_page,
    open_source,
    put_source,
    seen,
    texts,
    wait_until_read,
)
from tests.served_console import keys

pytestmark = pytest.mark.usefixtures("real_product")


@pytest.fixture
def source(real_product: None, services: Services) -> SourceView:
    """A file that was read."""
    return add_file(services)


def facts(page: AppTest) -> str:
    return "".join(html.proto.body for html in page.get("html"))


# ---- what is known of it ----------------------------------------------------------------------


def test_a_source_shows_its_facts(services: Services) -> None:
    source = add_file(services, tags=("shops",), added_by="Deniz")
    page = open_source(source.source_id)
    assert page.header[0].value == "\u2068Opening hours\u2069"
    said = facts(page)
    for value in ("24", "English", "Deniz", "hours.md", "$0.00"):
        assert f"<bdi>{value}</bdi>" in said
    assert ":green-badge[Ready]" in texts(page)
    assert ":violet-badge[shops]" in texts(page)


def test_what_embedding_cost_and_saved_is_told(services: Services) -> None:
    source_id = put_source(
        services,
        "Costly",
        passage_count=40,
        token_count=4_000,
        embedded_count=30,
        reused_count=10,
        repeated_count=2,
        embedding_cost_usd=Decimal("0.12"),
    )
    page = open_source(source_id)
    assert "<bdi>$0.12</bdi>" in facts(page)
    said = texts(page)
    assert "10 of 40 passages were embedded before and cost nothing" in said
    assert "About 1,000 tokens" in said
    assert "Passages that stand more than once: 2." in said


def test_a_file_name_with_html_is_shown_as_it_is(services: Services) -> None:
    source_id = put_source(services, "Evil", filename="<img src=x onerror=alert(1)>.txt")
    assert "<img" not in facts(open_source(source_id))


def test_an_address_of_a_source_that_is_gone_says_so() -> None:
    page = open_source(uuid4())
    assert "may have been deleted" in page.warning[0].value
    page.button(key="documents_back").click().run()
    assert page.title[0].value == "Knowledge"


def test_a_source_under_way_shows_its_progress_and_can_be_stopped(services: Services) -> None:
    source_id = put_source(
        services, "Slow", status="processing", step="storing", progress=91, step_total=0
    )
    page = open_source(source_id)
    assert "**Storing · 91%**" in texts(page)
    assert "documents_process" not in keys(page)
    page.button(key=f"documents_stop_{source_id}").click().run()
    assert seen(services, source_id).status == "cancelled"


def test_edits_that_wait_for_a_review_are_counted(services: Services, source: SourceView) -> None:
    tenant_id = services.local_tenant_id
    with services.database.tenant(tenant_id) as session:
        edit = PassageEdit(
            tenant_id=tenant_id,
            source_id=source.source_id,
            position=1,
            original_hash="a",
            original_text="It opened at eight.",
            edited_text="It opens at ten.",
            state="gone",
        )
        session.add(edit)
    for page in (open_source(source.source_id), open_page()):
        labels = [link.proto.label for link in page.get("page_link")]
        assert "Edits to review: 1" in labels


# ---- what is changed about it -----------------------------------------------------------------


def test_quoting_and_use_are_switched_and_taken_back(
    services: Services, source: SourceView
) -> None:
    page = open_source(source.source_id)
    page.toggle(key=f"documents_citable_{source.source_id}").set_value(False).run()
    assert not seen(services, source.source_id).is_citable
    assert "for learning only" in page.toast[0].value
    page.button(key="documents_undo").click().run()
    assert seen(services, source.source_id).is_citable
    assert page.toggle(key=f"documents_citable_{source.source_id}").value
    page.toggle(key=f"documents_enabled_{source.source_id}").set_value(False).run()
    assert not seen(services, source.source_id).enabled
    page.button(key="documents_undo").click().run()
    assert seen(services, source.source_id).enabled


def test_title_kind_and_tags_are_edited_together_and_taken_back(services: Services) -> None:
    source = add_file(services, tags=("old",))
    page = open_source(source.source_id)
    page.button(key="documents_edit").click().run()
    page.text_input(key="documents_edit_title").set_value("When shops open")
    page.selectbox(key="documents_edit_kind").set_value("manual")
    page.multiselect(key="documents_edit_tags").set_value(["old"])
    page.button(key="documents_edit_yes").click().run()
    changed = seen(services, source.source_id)
    assert (changed.title, changed.kind, changed.tags) == ("When shops open", "manual", ("old",))
    page.run().button(key="documents_undo").click().run()
    assert (seen(services, source.source_id).title, seen(services, source.source_id).kind) == (
        "Opening hours",
        "document",
    )


def test_a_title_that_cannot_be_is_refused_in_one_sentence(
    services: Services, source: SourceView
) -> None:
    page = open_source(source.source_id)
    page.button(key="documents_edit").click().run()
    page.text_input(key="documents_edit_title").set_value("   ")
    page.button(key="documents_edit_yes").click().run()
    page.run()
    assert "A title has 1 to 200 letters" in page.error[0].value
    assert seen(services, source.source_id).title == "Opening hours"


def test_a_source_is_processed_again_to_another_size(services: Services) -> None:
    text = "\n\n".join(f"Delivery to district {n} takes {n % 9} days." * 4 for n in range(40))
    source = add_file(services, "long.txt", text)
    page = open_source(source.source_id)
    page.button(key="documents_process").click().run()
    page.number_input(key="documents_again_size").set_value(64)
    page.button(key="documents_again_yes").click().run()
    again = wait_until_read(services, source.source_id)
    assert again.chunk_tokens == 64
    assert again.passage_count > source.passage_count


def test_delete_asks_first_and_leads_back_to_the_list(
    services: Services, source: SourceView
) -> None:
    page = open_source(source.source_id)
    page.button(key="documents_delete_source").click().run()
    assert "24 passages are deleted for good" in texts(page)
    assert seen(services, source.source_id)
    page.button(key="documents_delete_yes").click().run()
    page.run()
    assert page.title[0].value == "Knowledge"
    left = services.sources.list(services.local_tenant_id)
    assert source.source_id not in {one.source_id for one in left}


# ---- what stands in it ------------------------------------------------------------------------


def test_passages_are_paged_in_the_database(services: Services, source: SourceView) -> None:
    page = open_source(source.source_id)
    assert page.subheader[0].value == "Passages 1 to 10 of 24"
    assert "district 0 opens" in page.text[0].value
    page.pagination(key="documents_passage_page").set_value(3).run()
    assert page.subheader[0].value == "Passages 21 to 24 of 24"
    assert page.text[-1].value.startswith("The shop of district 23")
