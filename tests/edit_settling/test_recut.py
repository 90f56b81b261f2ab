"""Edits of a source that is cut anew, or is a list: no word of a person is lost."""

from __future__ import annotations

import pytest

from leanrag.errors import Conflict
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.record_files import RECORDS_MEDIA_TYPE
from leanrag.passage_edits import PassageEdits
from tests.edit_settling.edited_book import Shop
from tests.product_parts import Parts


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
