"""Edits whose source changed beneath them: in force until a person decides, and decided once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from db.models import PassageEdit
from leanrag.edit_decisions import Decision
from leanrag.edit_reviews import EditReview
from leanrag.embedding_models import EmbeddingModels
from leanrag.embeddings import LocalEmbedder
from leanrag.errors import Conflict, InvalidInput, NotFound
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.record_files import RECORDS_MEDIA_TYPE
from leanrag.passage_edits import PassageChange, PassageEdits, passage_version
from leanrag.sources import ChunkView, SourceView
from leanrag.text.tokens import load_counter
from tests.product_parts import (
    Parts,
    add_text,
    counted_statistics,
    make_parts,
    new_tenant,
    recounted_statistics,
    rows_of,
)

DELIVERY = "Delivery in Istanbul takes three working days and costs 95 lira, paid at the door."
NEWER = "Delivery in Istanbul takes four working days and costs 99 lira, paid at the door."
RETURNS = "Unused goods can be returned within thirty days with their receipt and the box."
HOURS = "The shop in the old market is open from nine to six, on Fridays until noon only."
MINE = "Delivery in Istanbul takes two working days and is free of charge."


def write(*texts: str) -> str:
    heads = {DELIVERY: "Delivery", NEWER: "Delivery", RETURNS: "Returns", HOURS: "Hours"}
    return "\n\n".join(f"# {heads.get(text, 'More')}\n\n{text}" for text in texts)


@pytest.fixture(scope="module")
def parts(shared_database: GuardedDatabase) -> Parts:
    return make_parts(shared_database)


@pytest.fixture(scope="module")
def edits(parts: Parts) -> PassageEdits:
    models = EmbeddingModels(LocalEmbedder())
    return PassageEdits(parts.database, models, load_counter(), parts.settings)


class Shop:
    """A tenant with one source that is edited, changed and looked at."""

    def __init__(self, parts: Parts, edits: PassageEdits, text: str = "", **upload: Any) -> None:
        self.parts, self.edits = parts, edits
        self.tenant_id = new_tenant(parts.database)
        if text:
            self.source = add_text(parts.ingest, self.tenant_id, text, name="book.md")
        else:
            self.source = parts.ingest.add(self.tenant_id, Upload(**upload))

    @property
    def chunks(self) -> tuple[ChunkView, ...]:
        return self.parts.sources.chunks(self.tenant_id, self.source.source_id)

    @property
    def texts(self) -> list[str]:
        return [chunk.text for chunk in self.chunks if chunk.enabled]

    @property
    def reviews(self) -> tuple[EditReview, ...]:
        return self.edits.reviews(self.tenant_id)

    def edit(self, number: int, **wanted: Any) -> ChunkView:
        seen = self.chunks[number]
        change = PassageChange(**wanted)
        return self.edits.edit(
            self.tenant_id, seen.chunk_id, change, expected=passage_version(seen), by="sara"
        )

    def replace(self, *texts: str) -> SourceView:
        upload = Upload("book.md", write(*texts).encode())
        self.parts.ingest.replace_file(self.tenant_id, self.source.source_id, upload)
        return self.process()

    def process(self, **more: Any) -> SourceView:
        if more:
            self.parts.ingest.reprocess(self.tenant_id, self.source.source_id, **more)
        self.parts.ingest.process(self.tenant_id, self.source.source_id)
        source = self.parts.sources.get(self.tenant_id, self.source.source_id)
        assert (source.status, source.error) == ("processed", None)
        self.check()
        return source

    def settle(self, decision: Decision, review: EditReview | None = None) -> ChunkView | None:
        review = review or self.reviews[0]
        settled = self.edits.settle(
            self.tenant_id, review.edit_id, decision, expected=review.version, by="omid"
        )
        self.check()
        return settled

    def check(self) -> None:
        source = self.parts.sources.get(self.tenant_id, self.source.source_id)
        assert source.passage_count == len(self.chunks)
        assert source.token_count == sum(chunk.token_count for chunk in self.chunks)
        assert counted_statistics(self.parts.database, self.tenant_id) == recounted_statistics(
            self.parts.database, self.tenant_id
        )

    def edits_left(self) -> int:
        return rows_of(self.parts, self.tenant_id, PassageEdit)


@pytest.fixture
def shop(parts: Parts, edits: PassageEdits) -> Shop:
    return Shop(parts, edits, write(DELIVERY, RETURNS, HOURS))


def test_an_edit_stays_in_force_and_shows_original_edit_and_newer_text(shop: Shop):
    made = shop.edit(0, text=MINE, is_citable=False)
    shop.replace(RETURNS, NEWER, HOURS)
    assert shop.texts == [RETURNS, MINE, HOURS]
    (review,) = shop.reviews
    assert (review.state, review.heading, review.position) == ("changed", "Delivery", 1)
    assert (review.original_text, review.edited_text, review.newer_text) == (DELIVERY, MINE, NEWER)
    assert (review.is_citable, review.enabled, review.edited_by) == (False, None, "sara")
    assert (review.current_text, review.chunk_ids) == (MINE, (shop.chunks[1].chunk_id,))
    assert shop.edits.reviews(shop.tenant_id, source_id=shop.source.source_id) == (review,)
    assert shop.edits.reviews(shop.tenant_id, source_id=made.chunk_id) == ()
    assert shop.edits.count_reviews(shop.tenant_id) == 1
    assert not shop.chunks[1].is_citable


def test_the_state_does_not_swing_when_the_source_is_processed_again(shop: Shop):
    shop.edit(0, text=MINE)
    shop.edit(2, enabled=False)
    shop.replace(NEWER, RETURNS)
    seen = [(r.state, r.newer_text, r.version) for r in shop.reviews]
    assert sorted(state for state, *_ in seen) == ["changed", "gone"]
    for _ in range(3):
        shop.process()
        assert [(r.state, r.newer_text, r.version) for r in shop.reviews] == seen
        assert shop.texts == [MINE, RETURNS]
    shop.replace(DELIVERY, RETURNS, HOURS)
    assert shop.reviews == ()
    assert shop.texts == [MINE, RETURNS]


def test_keeping_makes_the_newer_text_the_original(shop: Shop):
    shop.edit(0, text=MINE, tldr="Free.")
    shop.replace(NEWER, RETURNS, HOURS)
    kept = shop.settle("keep")
    assert kept is not None
    assert (kept.text, kept.tldr) == (MINE, "Free.")
    assert kept.edit_id is not None
    shop.process()
    assert shop.reviews == ()
    assert shop.texts[0] == MINE
    undone = shop.edits.revert(shop.tenant_id, kept.edit_id)
    assert undone is not None
    assert (undone.text, undone.edit_id) == (NEWER, None)
    shop.check()


def test_taking_the_newer_words_ends_the_edit(shop: Shop):
    shop.edit(0, text=MINE, enabled=False)
    shop.replace(NEWER, RETURNS, HOURS)
    taken = shop.settle("take_newer")
    assert taken is not None
    assert (taken.text, taken.enabled, taken.edit_id) == (NEWER, True, None)
    assert shop.edits_left() == 0
    shop.process()
    assert shop.texts == [NEWER, RETURNS, HOURS]


def test_what_the_source_has_come_to_say_itself_is_no_edit_any_more(shop: Shop):
    shop.edit(0, text=NEWER)
    shop.replace(NEWER, RETURNS, HOURS)
    settled = shop.settle("keep")
    assert settled is not None
    assert (settled.text, settled.edit_id, shop.edits_left()) == (NEWER, None, 0)


def test_a_review_is_decided_once(shop: Shop):
    shop.edit(0, text=MINE)
    shop.replace(NEWER, RETURNS, HOURS)
    (review,) = shop.reviews

    def decide(decision: Decision) -> object:
        try:
            return shop.edits.settle(
                shop.tenant_id, review.edit_id, decision, expected=review.version
            )
        except (Conflict, NotFound) as exc:
            return exc

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(decide, ["keep", "take_newer"]))
    assert sum(isinstance(one, ChunkView) for one in ended) == 1
    shop.check()
    assert shop.texts[0] in (MINE, NEWER)


def test_a_decision_on_what_changed_again_meanwhile_is_refused(shop: Shop):
    shop.edit(0, text=MINE)
    shop.replace(NEWER, RETURNS, HOURS)
    (review,) = shop.reviews
    newest = NEWER.replace("99", "115")
    shop.replace(newest, RETURNS, HOURS)
    with pytest.raises(Conflict, match="meanwhile"):
        shop.settle("take_newer", review)
    assert shop.reviews[0].newer_text == newest
    with pytest.raises(InvalidInput, match="take the newer"):
        shop.settle("drop")


def test_words_that_wait_for_a_review_are_not_edited_but_can_be_switched_off(shop: Shop):
    shop.edit(0, text=MINE)
    shop.replace(NEWER, RETURNS, HOURS)
    with pytest.raises(Conflict, match="review"):
        shop.edit(0, text="Something else.")
    off = shop.edit(0, enabled=False)
    assert (off.enabled, off.text) == (False, MINE)
    shop.process()
    assert shop.texts == [RETURNS, HOURS]
    shop.edit(0, enabled=True)
    assert shop.texts == [MINE, RETURNS, HOURS]


def test_an_edit_whose_passage_is_gone_is_dropped_or_stands_by_itself(shop: Shop):
    shop.edit(0, text=MINE, tldr="Free.")
    shop.edit(1, enabled=False)
    shop.replace(HOURS)
    assert shop.texts == [HOURS]
    words, flag = sorted(shop.reviews, key=lambda r: r.position)
    assert (words.state, words.newer_text, words.chunk_ids) == ("gone", "", ())
    with pytest.raises(InvalidInput, match="changed no words"):
        shop.settle("keep", flag)
    with pytest.raises(InvalidInput, match="no longer says"):
        shop.settle("take_newer", flag)
    assert shop.settle("drop", flag) is None
    kept = shop.settle("keep", words)
    assert kept is not None
    assert (kept.text, kept.tldr, kept.heading, kept.position) == (MINE, "Free.", "", 1)
    assert shop.reviews == ()
    shop.process()
    assert shop.texts == [HOURS, MINE]
    shop.replace(HOURS, RETURNS)
    assert shop.texts == [HOURS, RETURNS, MINE]
    shop.edit(len(shop.chunks) - 1, text=f"{MINE} Really.")
    shop.process()
    assert shop.texts[-1] == f"{MINE} Really."
    standing = shop.chunks[-1].edit_id
    assert standing is not None
    assert shop.edits.revert(shop.tenant_id, standing) is None
    shop.check()
    assert shop.texts == [HOURS, RETURNS]
    assert shop.edits_left() == 0


def test_a_source_cut_to_another_size_keeps_the_edited_words_and_loses_none(
    parts: Parts, edits: PassageEdits
):
    rules = [f"Rule {n} of the house says that door number {n} stays shut." for n in range(40)]
    shop = Shop(parts, edits, "\n\n".join(rules))
    first = shop.chunks[0]
    corrected = first.text.replace("door number 3 stays shut", "door number 3 stays open")
    shop.edit(0, text=corrected)
    shop.process(chunk_tokens=64)
    (review,) = shop.reviews
    assert review.state == "changed"
    assert len(review.chunk_ids) > 1
    assert not any("number 3 stays shut" in text for text in shop.texts)
    said = "\n".join(shop.texts)
    assert said.count("number 3 stays open") == 1
    assert all(f"Rule {n} of" in said for n in range(40))
    kept = shop.settle("keep")
    assert kept is not None
    shop.process()
    assert shop.reviews == ()
    assert "\n".join(shop.texts) == said
    with pytest.raises(Conflict, match="another passage"):
        shop.edit(1, enabled=True)
    shop.edit(0, tldr="Doors.")
    assert "\n".join(shop.texts) == said
    shop.process(chunk_tokens=None)
    assert shop.reviews == ()
    assert shop.texts[0] == corrected
    assert all(f"Rule {n} of" in "\n".join(shop.texts) for n in range(40))


def test_pieces_that_an_edit_replaces_come_back_when_it_is_undone(
    parts: Parts, edits: PassageEdits
):
    rules = [f"Rule {n} of the house says that door number {n} stays shut." for n in range(40)]
    for undo in ("revert", "rewrite"):
        shop = Shop(parts, edits, "\n\n".join(rules))
        shop.edit(0, text="All doors are open.")
        shop.process(chunk_tokens=64)
        piece = shop.reviews[0].newer_text.partition("\n\nRule 4 ")[0]
        kept = shop.settle("keep")
        assert kept is not None
        assert kept.edit_id is not None
        if undo == "revert":
            shop.edits.revert(shop.tenant_id, kept.edit_id)
        else:
            shop.edit(0, text=piece)
        shop.check()
        assert "\n\n".join(shop.texts) == "\n\n".join(rules)
        assert shop.edits_left() == 0


def test_taking_the_newer_words_of_a_cut_passage_brings_back_all_its_pieces(
    parts: Parts, edits: PassageEdits
):
    rules = [f"Rule {n} of the house says that door number {n} stays shut." for n in range(40)]
    shop = Shop(parts, edits, "\n\n".join(rules))
    shop.edit(0, text="All doors are open.")
    shop.process(chunk_tokens=64)
    assert shop.texts[0] == "All doors are open."
    shop.settle("take_newer")
    assert shop.edits_left() == 0
    assert "\n\n".join(shop.texts) == "\n\n".join(rules)


def test_a_hidden_passage_stays_hidden_when_it_is_cut_and_that_is_kept(
    parts: Parts, edits: PassageEdits
):
    rules = [f"Rule {n} of the house says that door number {n} stays shut." for n in range(40)]
    shop = Shop(parts, edits, "\n\n".join(rules))
    hidden = [rule for rule in rules if rule in shop.chunks[0].text]
    shop.edit(0, enabled=False)
    for size in (40, 64, 90, 700):
        shop.process(chunk_tokens=size)
        assert not any(rule in text for rule in hidden for text in shop.texts), size
    shop.process(chunk_tokens=64)
    for review in shop.reviews:
        shop.settle("keep", review)
    shop.process()
    assert shop.reviews == ()
    assert not any(rule in text for rule in hidden for text in shop.texts)


def test_edits_of_a_list_belong_to_their_question(parts: Parts, edits: PassageEdits):
    def rows(*pairs: tuple[str, str]) -> bytes:
        lines = ["language,question,answer", *(f"en,{q},{a}" for q, a in pairs)]
        return "\r\n".join(lines).encode()

    ankara, izmir = "What is delivery to Ankara?", "What is delivery to Izmir?"
    shop = Shop(
        parts,
        edits,
        filename="faq.csv",
        data=rows((ankara, "It costs 95 lira."), (izmir, "It costs 99 lira.")),
        kind="faq",
        title="FAQ",
        media_type=RECORDS_MEDIA_TYPE,
        form="records",
    )
    shop.edit(0, text=f"{ankara}\nIt is free.")
    assert shop.chunks[0].tldr == ankara

    def renew(*pairs: tuple[str, str]) -> None:
        upload = Upload("faq.csv", rows(*pairs), "faq", media_type=RECORDS_MEDIA_TYPE)
        parts.ingest.replace_file(shop.tenant_id, shop.source.source_id, upload)
        shop.process()

    renew(("What is delivery to Adana?", "It costs 95 lira."), (izmir, "It costs 99 lira."))
    assert [r.state for r in shop.reviews] == ["gone"]
    renew((izmir, "It costs 99 lira."), (ankara, "Ask the carrier by telephone."))
    assert [r.state for r in shop.reviews] == ["changed"]
    assert shop.texts[1] == f"{ankara}\nIt is free."
