"""Sources as the list finds them: searched, filtered, ordered and paged in the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from db.models import NewerFile, Source, SourceFile
from leanrag.errors import NotFound
from leanrag.guarded_database import GuardedDatabase
from leanrag.settings import Settings
from leanrag.source_filter import SOURCE_ORDERS, SourceFilter, SourceOrder
from leanrag.source_savings import Savings, saved_usd, source_savings
from tests.product_parts import DELIVERY, Parts, add_text, make_parts, new_tenant

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def parts(shared_database: GuardedDatabase) -> Parts:
    return make_parts(shared_database)


@pytest.fixture
def tenant_id(parts: Parts) -> UUID:
    return new_tenant(parts.database)


def store(parts: Parts, tenant_id: UUID, *titles: str, **values: Any) -> list[UUID]:
    """Put rows of sources there, one second apart, as other parts of the product would."""
    rows = [
        Source(
            **{
                "tenant_id": tenant_id,
                "kind": "document",
                "title": title,
                "filename": "a.txt",
                "media_type": "text/plain",
                "byte_size": 100,
                "content_hash": f"{title} {sorted(values.items())}",
                "status": "processed",
                "created_at": NOW + timedelta(seconds=number),
            }
            | values
        )
        for number, title in enumerate(titles)
    ]
    with parts.database.tenant(tenant_id) as session:
        session.add_all(rows)
        session.flush()
        return [row.source_id for row in rows]


def found(parts: Parts, tenant_id: UUID, order: SourceOrder = "newest", **wanted: Any) -> list[str]:
    chosen = SourceFilter(**wanted)
    listed = parts.sources.list(tenant_id, chosen, order=order)
    assert parts.sources.count(tenant_id, chosen) == len(listed)
    return [source.title for source in listed]


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("price", "Price list 2026"),
        ("2026 PRICE", "Price list 2026"),
        ("۲۰۲۶", "Price list 2026"),
        ("كتاب", "کتاب‌های راهنما"),
        ("کتابهای", "کتاب‌های راهنما"),
        ("مسؤول", "المسئول والمُسؤول"),
        ("iade", "İADE KOŞULLARI"),
        ("kosullari", "İADE KOŞULLARI"),
        ("KOŞULLARI", "İADE KOŞULLARI"),
        ("100%", "100% wool"),
        ("a_b", "a_b\\c"),
        ("b\\c", "a_b\\c"),
    ],
)
def test_a_title_is_found_however_its_letters_are_written(
    parts: Parts, tenant_id: UUID, words: str, title: str
) -> None:
    titles = ("Price list 2026", "کتاب‌های راهنما", "المسئول والمُسؤول", "İADE KOŞULLARI")
    store(parts, tenant_id, *titles, "100% wool", "1000 ways", "a_b\\c", "aXbc")
    assert found(parts, tenant_id, words=words) == [title]


def test_every_word_must_stand_in_the_title_or_the_name_of_the_file(
    parts: Parts, tenant_id: UUID
) -> None:
    store(parts, tenant_id, "Rules of the house", filename="returns-2025.pdf")
    store(parts, tenant_id, "Returns", filename="b.txt")
    assert found(parts, tenant_id, words="rules returns") == ["Rules of the house"]
    assert found(parts, tenant_id, words="rules warranty") == []
    assert found(parts, tenant_id, words="  ") == ["Returns", "Rules of the house"]


def test_filters_narrow_together(parts: Parts, tenant_id: UUID) -> None:
    store(parts, tenant_id, "faq", kind="faq", language="fa", tags=["shop", "old"])
    store(parts, tenant_id, "site", kind="website", status="failed", is_citable=False)
    store(parts, tenant_id, "off", language="fa", enabled=False, tags=["shop"])
    assert found(parts, tenant_id, kinds=("faq", "website")) == ["site", "faq"]
    assert found(parts, tenant_id, statuses=("failed",)) == ["site"]
    assert found(parts, tenant_id, languages=("fa",)) == ["off", "faq"]
    assert found(parts, tenant_id, tags=("shop",)) == ["off", "faq"]
    assert found(parts, tenant_id, tags=("shop",), enabled=True) == ["faq"]
    assert found(parts, tenant_id, is_citable=False) == ["site"]
    assert found(parts, tenant_id, kinds=("faq",), statuses=("failed",)) == []
    assert parts.sources.tags(tenant_id) == ("old", "shop")
    assert parts.sources.status_counts(tenant_id) == {"processed": 2, "failed": 1}


def test_each_order_begins_with_what_it_names(parts: Parts, tenant_id: UUID) -> None:
    store(parts, tenant_id, "b", status="pending", processed_at=NOW)
    store(parts, tenant_id, "A", status="processing", token_count=9, created_at=NOW)
    later = NOW + timedelta(days=1)
    store(parts, tenant_id, "c", byte_size=9000, embedding_cost_usd=Decimal("0.1"))
    store(parts, tenant_id, "d", status="pending", processed_at=later, created_at=later)
    first = {order: found(parts, tenant_id, order) for order in SOURCE_ORDERS}
    assert first["title"] == ["A", "b", "c", "d"]
    assert first["newest"][0] == first["processed"][0] == "d"
    assert first["processed"][1] == "b"
    assert (first["tokens"][0], first["size"][0], first["cost"][0]) == ("A", "c", "c")
    assert found(parts, tenant_id, "queue", statuses=("pending", "processing")) == ["A", "b", "d"]


def test_pages_neither_repeat_nor_miss_a_source(parts: Parts, tenant_id: UUID) -> None:
    ids = store(parts, tenant_id, *(f"Text {n}" for n in range(23)), byte_size=7)
    for order in SOURCE_ORDERS:
        pages = [
            parts.sources.list(tenant_id, order=order, limit=5, offset=n) for n in range(0, 25, 5)
        ]
        assert sorted(s.source_id for page in pages for s in page) == sorted(ids)


def test_anothers_sources_are_not_found(parts: Parts, tenant_id: UUID) -> None:
    store(parts, tenant_id, "Secret", tags=["secret"])
    stranger = new_tenant(parts.database)
    assert found(parts, stranger, words="secret") == []
    assert parts.sources.tags(stranger) == ()
    assert parts.sources.status_counts(stranger) == {}
    assert parts.sources.savings(stranger) == Savings()


def test_what_was_embedded_before_is_counted_as_saved(parts: Parts, tenant_id: UUID) -> None:
    text = "\n\n".join(f"# Part {n}\n\nPart {n}: {DELIVERY}" for n in range(4))
    first = add_text(parts.ingest, tenant_id, text, name="one.md")
    assert (first.embedded_count, first.savings.saved_tokens) == (first.passage_count, 0)
    again = parts.ingest.process_again(tenant_id, first.source_id)
    assert again.savings == Savings(4, 4, 0, again.token_count)
    add_text(parts.ingest, tenant_id, DELIVERY)
    assert parts.sources.savings(tenant_id) == Savings(5, 4, 0, again.token_count)


def test_savings_of_a_source_in_part_are_its_share_of_the_tokens() -> None:
    assert source_savings(30, 10, 2, 4_000) == Savings(40, 10, 2, 1_000)
    assert source_savings(0, 0, 0, 0) == Savings()


@pytest.mark.parametrize(
    ("model", "dollars"), [("local", None), ("text-embedding-3-small", 0.02), ("unheard-of", None)]
)
def test_saved_tokens_have_the_price_of_the_model_that_embeds(
    model: str, dollars: float | None
) -> None:
    settings = Settings(
        openai_api_key=None,
        openai_base_url="https://api.openai.com/v1",
        embedding_model=model,
        _env_file=None,
    )
    assert saved_usd(1_000_000, settings) == (dollars and pytest.approx(dollars))


def test_the_newest_file_is_the_one_that_waits_to_be_read(parts: Parts, tenant_id: UUID) -> None:
    (source_id,) = store(parts, tenant_id, "List", filename="list.csv")
    key = {"tenant_id": tenant_id, "source_id": source_id}
    with pytest.raises(NotFound):
        parts.sources.file(tenant_id, source_id, newest=True)
    with parts.database.tenant(tenant_id) as session:
        session.add(SourceFile(**key, data=b"old"))
    assert parts.sources.file(tenant_id, source_id, newest=True).data == b"old"
    with parts.database.tenant(tenant_id) as session:
        session.add(
            NewerFile(**key, data=b"new", filename="n.csv", media_type="t", content_hash="h")
        )
    assert parts.sources.file(tenant_id, source_id).data == b"old"
    newest = parts.sources.file(tenant_id, source_id, newest=True)
    assert (newest.data, newest.filename) == (b"new", "n.csv")


def test_the_size_asked_for_is_known(parts: Parts, tenant_id: UUID) -> None:
    (usual,) = store(parts, tenant_id, "usual")
    (small,) = store(parts, tenant_id, "small", chunk_settings={"chunk_tokens": 64})
    assert parts.sources.get(tenant_id, usual).chunk_tokens is None
    assert parts.sources.get(tenant_id, small).chunk_tokens == 64
