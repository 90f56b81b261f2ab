"""A CSV file as a source: taken in, looked at, cited by its rows, made anew and given back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.pipeline import Upload
from tests.product_parts import Parts, make_parts

PARTS = [f"قطعهٔ شماره {n};{n * 10} گرم;{n} سال" for n in range(1, 61)]
PERSIAN = "\n".join(["نام قطعه;وزن;ضمانت", *PARTS]).encode("utf-8-sig")
TURKISH = "Şehir\tSüre\nİzmir\tüç gün\nMuğla\tdört gün\n".encode("cp1254")


@pytest.fixture(scope="module")
def parts(shared_database: GuardedDatabase) -> Parts:
    return make_parts(shared_database, embedding_batch_texts=64)


def places(parts: Parts, tenant_id: UUID, source_id: UUID) -> list[tuple[str, str, str]]:
    chunks = parts.sources.chunks(tenant_id, source_id)
    return [(chunk.label, chunk.title, chunk.text) for chunk in chunks]


def test_a_table_in_csv_is_a_source_whose_passages_name_their_rows(parts: Parts, tenant_id: UUID):
    source = parts.ingest.add(tenant_id, Upload("قطعات.csv", PERSIAN, "product"))
    assert (source.status, source.error) == ("processed", None)
    assert (source.form, source.title, source.language) == ("file", "قطعات", "fa")
    assert source.media_type == "text/csv; header=present"
    stored = places(parts, tenant_id, source.source_id)
    assert len(stored) > 1
    assert all(text.startswith("| نام قطعه | وزن | ضمانت |") for _, _, text in stored)
    assert stored[0][0].startswith("rows 2-")
    assert stored[-1][0].endswith("-61")


def test_the_preview_is_what_is_stored(parts: Parts, tenant_id: UUID):
    upload = Upload("cities.tsv", TURKISH)
    source = parts.ingest.add(tenant_id, upload)
    assert source.media_type == "text/tab-separated-values"
    seen = [(chunk.label, chunk.title, chunk.text) for chunk in parts.ingest.preview(upload)]
    assert seen == places(parts, tenant_id, source.source_id)
    text = "| Şehir | Süre |\n| --- | --- |\n| İzmir | üç gün |\n| Muğla | dört gün |"
    assert seen == [("rows 2-3", "cities", text)]


def test_processed_again_it_is_the_same_or_cut_anew(parts: Parts, tenant_id: UUID):
    source = parts.ingest.add(tenant_id, Upload("parts.csv", PERSIAN))
    before = places(parts, tenant_id, source.source_id)
    parts.ingest.process_again(tenant_id, source.source_id)
    assert places(parts, tenant_id, source.source_id) == before
    again = parts.ingest.process_again(tenant_id, source.source_id, chunk_tokens=100)
    assert again.status == "processed"
    after = places(parts, tenant_id, source.source_id)
    assert len(after) > len(before)
    assert (after[0][0][:7], after[-1][0][-3:]) == ("rows 2-", "-61")


def test_its_file_comes_back_byte_for_byte(parts: Parts, tenant_id: UUID):
    source = parts.ingest.add(tenant_id, Upload("cities.tsv", TURKISH))
    file = parts.sources.file(tenant_id, source.source_id)
    assert (file.filename, file.data) == ("cities.tsv", TURKISH)
    assert file.media_type == "text/tab-separated-values"


def test_a_newer_version_moves_the_rows(parts: Parts, tenant_id: UUID):
    source = parts.ingest.add(tenant_id, Upload("a.csv", b"Item,Price\nPot,90\nPan,45\n"))
    newer = Upload("a.csv", b"Our prices\n\nItem,Price\nPot,95\nPan,45\n")
    parts.ingest.replace_file(tenant_id, source.source_id, newer)
    parts.ingest.process(tenant_id, source.source_id)
    (place,) = places(parts, tenant_id, source.source_id)
    assert place[0] == "rows 4-5"
    assert "| Pot | 95 |" in place[2]


@pytest.mark.parametrize("name", ["rows.csv", "rows.txt"])
def test_without_its_name_or_a_table_a_text_stays_a_text(
    parts: Parts, tenant_id: UUID, name: str
) -> None:
    data = (
        b"Item,Price\nPot,90\n" if name.endswith("txt") else b"Tea is served.\nAt five, or six.\n"
    )
    source = parts.ingest.add(tenant_id, Upload(name, data))
    (place,) = places(parts, tenant_id, source.source_id)
    assert (place[0], place[2]) == ("", data.decode().strip())


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"a,b\n1," + b"x" * 200_000, "A cell that begins in row 2 has more than 100,000 letters"),
        (b"sep=,\n" + b"a,b\n" * 300_000, "This table has more than 500,000 filled cells; split"),
    ],
)
def test_a_table_beyond_the_limits_fails_in_one_sentence(
    parts: Parts, tenant_id: UUID, data: bytes, sentence: str
) -> None:
    source: Any = parts.ingest.add(tenant_id, Upload("a.csv", data))
    assert source.status == "failed"
    assert source.error.startswith(sentence)
