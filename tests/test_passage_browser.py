"""Passages are found by their words in any form, filtered, counted, paged and shown in place."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, update

from db.models import ChunkRow, Source
from db.tenancy import Database
from leanrag.errors import InvalidInput, NotFound
from leanrag.ingest.extracted import Chunk
from leanrag.passage_browser import PassageBrowser, PassagePage
from leanrag.passage_filter import PassageFilter
from leanrag.types import Language, SourceKind
from tests.product_parts import Parts, make_parts, new_tenant

ENGLISH = (
    "The cities of the coast have 25 harbours.",
    "A harbour is a place for ships.",
    "Copper kettles hold two litres of water.",
)
PERSIAN = ("کتاب‌های قدیمی در شهر بزرگ است.", "قیمت سماور ۲۵ لیر است.")
TURKISH = ("İstanbul'daki limanlar çok büyüktür.", "Isı kaybını önleyen çaydanlık.")


@pytest.fixture(scope="module")
def parts(shared_database: Database) -> Parts:
    return make_parts(shared_database)


@pytest.fixture(scope="module")
def browser(shared_database: Database) -> PassageBrowser:
    return PassageBrowser(shared_database)


@pytest.fixture(scope="module")
def tenant_id(parts: Parts) -> UUID:
    """A tenant with three sources of three languages and kinds, the English one first."""
    tenant_id = new_tenant(parts.database)
    add(parts, tenant_id, ENGLISH, "en", kind="document")
    add(parts, tenant_id, PERSIAN, "fa", kind="faq")
    add(parts, tenant_id, TURKISH, "tr", kind="manual")
    return tenant_id


def add(
    parts: Parts,
    tenant_id: UUID,
    texts: Sequence[str],
    language: Language,
    *,
    kind: SourceKind = "document",
    title: str = "",
) -> UUID:
    title = title or f"Source in {language}"
    chunks = [
        Chunk(n, title, "", text, "", language, 9, f"{n}{text}") for n, text in enumerate(texts)
    ]
    name = f"{uuid4().hex}.txt"
    return parts.ingest.add_records(
        tenant_id, kind=kind, title=title, filename=name, data=name.encode(), chunks=chunks
    ).source_id


def texts(page: PassagePage) -> list[str]:
    return [passage.text for passage in page.passages]


def found(browser: PassageBrowser, tenant_id: UUID, words: str) -> set[str]:
    return set(texts(browser.find(tenant_id, PassageFilter(words=words))))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("harbours", set(ENGLISH[:2])),
        ("harbour", set(ENGLISH[:2])),
        ("HARBOUR ships", {ENGLISH[1]}),
        ("harbour kettle", set()),
        ("kettle", {ENGLISH[2]}),
        ("كتاب", {PERSIAN[0]}),
        ("کتاب", {PERSIAN[0]}),
        ("قيمت سماور", {PERSIAN[1]}),
        ("۲۵", {ENGLISH[0], PERSIAN[1]}),
        ("25", {ENGLISH[0], PERSIAN[1]}),
        ("liman", {TURKISH[0]}),
        ("İSTANBUL", {TURKISH[0]}),
        ("istanbul'da", {TURKISH[0]}),
        ("ısı", {TURKISH[1]}),
        ("(harbour) – ships!", {ENGLISH[1]}),
    ],
)
def test_a_word_is_found_in_every_form_and_spelling(
    browser: PassageBrowser, tenant_id: UUID, words: str, expected: set[str]
) -> None:
    assert found(browser, tenant_id, words) == expected


def test_part_of_a_word_is_not_the_word(browser: PassageBrowser, tenant_id: UUID) -> None:
    assert found(browser, tenant_id, "harb") == set()


def test_words_that_stand_in_no_index_are_named_and_left_out(
    browser: PassageBrowser, tenant_id: UUID
) -> None:
    page = browser.find(tenant_id, PassageFilter(words="the harbour of"))
    assert set(page.too_common) == {"the", "of"}
    assert page.total == 2
    only = browser.find(tenant_id, PassageFilter(words="the of"))
    assert only.total == 7


@pytest.mark.parametrize(
    "words", ["'); DROP TABLE chunks; --", "%", "\x00", "a" * 5000, ":tenant", "\ud800", "{0}"]
)
def test_nothing_that_is_typed_breaks_the_search(
    browser: PassageBrowser, tenant_id: UUID, words: str
) -> None:
    page = browser.find(tenant_id, PassageFilter(words=words))
    assert page.total in (0, 7)
    assert browser.find(tenant_id, PassageFilter(tags=(words,))).total == 0


def test_without_words_the_newest_source_comes_first_in_its_order(
    browser: PassageBrowser, tenant_id: UUID
) -> None:
    assert texts(browser.find(tenant_id)) == [*TURKISH, *PERSIAN, *ENGLISH]


def test_with_words_the_passage_that_holds_them_best_comes_first(
    browser: PassageBrowser, parts: Parts
) -> None:
    tenant_id = new_tenant(parts.database)
    filling = " ".join(f"word{n}" for n in range(80))
    add(parts, tenant_id, [f"samovar {filling}", "samovar samovar", "samovar and tea"], "en")
    best = browser.find(tenant_id, PassageFilter(words="samovar"), limit=1)
    assert texts(best) == ["samovar samovar"]
    assert best.total == 3


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (PassageFilter(kinds=("faq",)), PERSIAN),
        (PassageFilter(kinds=("faq", "manual")), (*TURKISH, *PERSIAN)),
        (PassageFilter(languages=("en",)), ENGLISH),
        (PassageFilter(words="25", languages=("fa",)), PERSIAN[1:]),
        (PassageFilter(kinds=("faq",), languages=("en",)), ()),
    ],
)
def test_every_filter_must_hold(
    browser: PassageBrowser, tenant_id: UUID, wanted: PassageFilter, expected: Sequence[str]
) -> None:
    page = browser.find(tenant_id, wanted)
    assert texts(page) == list(expected)
    assert page.total == len(expected)


def test_what_may_be_switched_is_filtered_and_counted(
    browser: PassageBrowser, parts: Parts
) -> None:
    tenant_id = new_tenant(parts.database)
    source_id = add(parts, tenant_id, ["one", "two", "three", "four"], "en")
    edit_id = uuid4()
    for position, values in enumerate(
        ({"is_citable": False}, {"enabled": False}, {"edit_id": edit_id})
    ):
        change(parts, tenant_id, source_id, position, **values)
    page = browser.find(tenant_id, PassageFilter(enabled=True))
    assert texts(page) == ["one", "three", "four"]
    assert (page.facets.enabled.yes, page.facets.enabled.no) == (3, 1)
    assert (page.facets.citable.yes, page.facets.citable.no) == (2, 1)
    assert (page.facets.edited.yes, page.facets.edited.no) == (1, 2)
    assert texts(browser.find(tenant_id, PassageFilter(is_citable=False))) == ["one"]
    assert texts(browser.find(tenant_id, PassageFilter(is_edited=True))) == ["three"]


def test_a_facet_counts_what_its_other_values_would_show(
    browser: PassageBrowser, tenant_id: UUID
) -> None:
    page = browser.find(tenant_id, PassageFilter(words="25", kinds=("faq",)))
    assert page.facets.kinds == (("faq", 1), ("document", 1))
    assert page.facets.languages == (("fa", 1),)
    assert page.total == 1


def test_a_source_and_its_tags_narrow_the_search(browser: PassageBrowser, parts: Parts) -> None:
    tenant_id = new_tenant(parts.database)
    first = add(parts, tenant_id, ["red kettle", "blue cup"], "en")
    add(parts, tenant_id, ["red lamp"], "en")
    with parts.database.tenant(tenant_id) as session:
        session.execute(update(Source).where(Source.source_id == first).values(tags=["tea", "x"]))
    assert texts(browser.find(tenant_id, PassageFilter(source_id=first, words="red"))) == [
        "red kettle"
    ]
    assert browser.find(tenant_id, PassageFilter(tags=("tea", "none"))).total == 2
    assert browser.find(tenant_id, PassageFilter(tags=("tea",), words="red")).total == 1
    assert browser.find(tenant_id, PassageFilter(tags=("none",))).total == 0


def test_pages_follow_one_another_without_gap_or_repetition(
    browser: PassageBrowser, parts: Parts
) -> None:
    tenant_id = new_tenant(parts.database)
    for part in range(3):
        add(parts, tenant_id, [f"tea {part} {n}" for n in range(15)], "en")
    for wanted in (PassageFilter(), PassageFilter(words="tea")):
        pages = [browser.find(tenant_id, wanted, limit=10, offset=at) for at in range(0, 50, 10)]
        ids = [passage.chunk_id for page in pages for passage in page.passages]
        assert len(ids) == len(set(ids)) == 45
        assert {page.total for page in pages} == {45}


def test_a_page_is_one_statement_whatever_is_on_it(
    browser: PassageBrowser, shared_database: Database, tenant_id: UUID
) -> None:
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(shared_database.engine, "before_cursor_execute", note)
    try:
        browser.find(tenant_id, PassageFilter(words="25 harbours", kinds=("document",)))
    finally:
        event.remove(shared_database.engine, "before_cursor_execute", note)
    assert len([s for s in statements if "SET LOCAL" not in s]) == 1


@pytest.mark.parametrize(("limit", "offset"), [(0, 0), (201, 0), (10, -1)])
def test_a_page_that_cannot_be_is_refused(
    browser: PassageBrowser, tenant_id: UUID, limit: int, offset: int
) -> None:
    with pytest.raises(InvalidInput):
        browser.find(tenant_id, limit=limit, offset=offset)


def test_another_tenant_sees_nothing_of_it(
    browser: PassageBrowser, parts: Parts, tenant_id: UUID
) -> None:
    stranger = new_tenant(parts.database)
    own = browser.find(tenant_id).passages[0]
    assert browser.find(stranger, PassageFilter(words="25", source_id=own.source_id)).total == 0
    with pytest.raises(NotFound):
        browser.place(stranger, own.chunk_id)


def test_a_passage_stands_between_its_neighbours(browser: PassageBrowser, parts: Parts) -> None:
    tenant_id = new_tenant(parts.database)
    add(parts, tenant_id, [f"passage {n}" for n in range(5)], "en", title="Guide")
    passages = browser.find(tenant_id).passages
    place = browser.place(tenant_id, passages[2].chunk_id, around=1)
    assert [p.text for p in (*place.before, place.passage, *place.after)] == [
        "passage 1",
        "passage 2",
        "passage 3",
    ]
    assert (place.number, place.total, place.page) == (3, 5, None)
    assert place.source.title == "Guide"
    first = browser.place(tenant_id, passages[0].chunk_id, around=10)
    assert first.before == ()
    assert len(first.after) == 4


def test_a_passage_that_is_gone_is_not_found(browser: PassageBrowser, tenant_id: UUID) -> None:
    with pytest.raises(NotFound):
        browser.place(tenant_id, uuid4())
    with pytest.raises(InvalidInput):
        browser.place(tenant_id, uuid4(), around=11)


def change(parts: Parts, tenant_id: UUID, source_id: UUID, position: int, **values: object) -> None:
    with parts.database.tenant(tenant_id) as session:
        session.execute(
            update(ChunkRow)
            .where(ChunkRow.source_id == source_id, ChunkRow.position == position)
            .values(**values)
        )
