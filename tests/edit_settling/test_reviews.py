"""Edits whose source changed beneath them: in force until a person decides, and decided once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from leanrag.edit_decisions import Decision
from leanrag.errors import Conflict, InvalidInput, NotFound
from leanrag.sources import ChunkView
from tests.edit_settling.edited_book import DELIVERY, HOURS, MINE, NEWER, RETURNS, Shop


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
