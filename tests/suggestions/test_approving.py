"""The list of what was approved: each pair once, in the words that a person agreed to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from leanrag.errors import InvalidInput
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.record_files import write_records
from leanrag.ingest.record_rows import FaqRow
from leanrag.sources import SourceView
from leanrag.suggestions import Suggestions
from tests.crawl.website import Website
from tests.product_parts import Parts
from tests.suggestions.asked import COST, DAYS, Crawl, Crawled, ids, publish


def test_the_list_is_extended_and_holds_a_pair_once(
    two_pairs: Crawled,
    approved: SourceView,
    crawl: Crawl,
    suggestions: Suggestions,
    tenant_id: UUID,
    settle: Any,
    parts: Parts,
):
    settle()
    again = suggestions.approve(tenant_id, two_pairs.ids, by="Ada")
    assert again.pair_count == 1
    assert [one.source_id for one in again.lists] == [approved.source_id]
    assert set(settle()) == {DAYS, COST}
    assert suggestions.approve(tenant_id, two_pairs.ids, by="Ada").lists == ()
    crawl()
    assert suggestions.list(tenant_id) == ()
    assert len([s for s in parts.sources.list(tenant_id) if s.kind == "faq"]) == 1


def test_an_edited_pair_stands_in_the_persons_words_and_is_found_again(
    one_pair: Crawled,
    site: Website,
    crawl: Crawl,
    suggestions: Suggestions,
    tenant_id: UUID,
    settle: Any,
):
    (pair_id,) = one_pair.ids
    suggestions.edit_and_approve(
        tenant_id, pair_id, question=" When will it\n arrive? ", answer="In three days.", by="Ada"
    )
    assert settle() == {"When will it arrive?": "When will it arrive?\nIn three days."}
    suggestions.approve(tenant_id, [pair_id], by="Ada")  # a second click changes nothing
    assert set(settle()) == {"When will it arrive?"}
    publish(site, {DAYS: "Only two days."})
    crawl()
    (back,) = suggestions.list(tenant_id)
    assert (back.notice, back.approved_answer) == ("changed_since_approval", "In three days.")
    suggestions.approve(tenant_id, [pair_id], by="Ada")
    assert settle() == {DAYS: f"{DAYS}\nOnly two days."}


@pytest.mark.parametrize(
    ("question", "answer"), [("", "a"), ("q", " \n"), ("q" * 501, "a"), ("q", "a" * 20_001)]
)
def test_words_that_cannot_be_approved_are_refused(
    question: str, answer: str, suggestions: Suggestions, tenant_id: UUID
):
    with pytest.raises(InvalidInput):
        suggestions.edit_and_approve(tenant_id, uuid4(), question=question, answer=answer, by="")


def test_a_question_that_another_site_answered_already_says_so(
    one_pair: Crawled,
    site: Website,
    crawl: Crawl,
    suggestions: Suggestions,
    tenant_id: UUID,
    settle: Any,
):
    suggestions.approve(tenant_id, one_pair.ids, by="Ada")
    publish(site, {DAYS: "Four working days."}, "/other")
    other = crawl(url=site.url("/other"), max_depth=0)
    (pair,) = suggestions.list(tenant_id, source_id=other.source_id)
    assert (pair.notice, pair.approved_answer) == ("answered_already", "Three working days.")
    suggestions.approve(tenant_id, [pair.pair_id], by="Ada")
    assert settle() == {DAYS: f"{DAYS}\nFour working days."}


def test_what_may_only_be_learnt_from_does_not_become_quotable(
    site: Website, crawl: Crawl, suggestions: Suggestions, tenant_id: UUID
):
    publish(site, {DAYS: "Three working days."})
    publish(site, {COST: "Ninety-five lira."}, "/secret")
    crawl(is_citable=False, url=site.url("/secret"), max_depth=0)
    crawl()
    lists = suggestions.approve(tenant_id, ids(suggestions.list(tenant_id)), by="Ada").lists
    assert sorted(one.is_citable for one in lists) == [False, True]


def test_what_a_person_added_to_the_list_stays(
    two_pairs: Crawled,
    approved: SourceView,
    suggestions: Suggestions,
    tenant_id: UUID,
    settle: Any,
    parts: Parts,
):
    settle()
    grid = [FaqRow(DAYS, "Three working days.", "en"), FaqRow("Is there a shop?", "Yes.", "en")]
    data = write_records(grid, "faq")
    newer = Upload("approved-questions.csv", data, "faq", media_type="text/csv", form="records")
    parts.ingest.replace_file(tenant_id, approved.source_id, newer)
    suggestions.approve(
        tenant_id, two_pairs.ids[1:], by="Ada"
    )  # before the newer list is processed
    assert set(settle()) == {DAYS, "Is there a shop?", COST}


def test_a_list_that_was_deleted_is_made_anew(
    one_pair: Crawled, suggestions: Suggestions, tenant_id: UUID, settle: Any, parts: Parts
):
    (faq,) = suggestions.approve(tenant_id, one_pair.ids, by="Ada").lists
    parts.sources.delete(tenant_id, faq.source_id)
    assert suggestions.approve(tenant_id, one_pair.ids, by="Ada").pair_count == 1
    assert set(settle()) == {DAYS}


def test_an_uploaded_list_of_the_same_rows_is_another_source(
    site: Website, crawl: Crawl, suggestions: Suggestions, tenant_id: UUID, parts: Parts
):
    rows = write_records([FaqRow(DAYS, "Three working days.")], "faq")
    upload = Upload("faq.csv", rows, "faq", media_type="text/csv", form="records", title="FAQ")
    parts.ingest.add(tenant_id, upload)
    publish(site, {DAYS: "Three working days."})
    crawl()
    (faq,) = suggestions.approve(tenant_id, ids(suggestions.list(tenant_id)), by="Ada").lists
    parts.ingest.process(tenant_id, faq.source_id)
    assert parts.sources.get(tenant_id, faq.source_id).status == "processed"


def test_approvals_at_once_make_one_list_with_all_of_them(
    site: Website,
    crawl: Crawl,
    suggestions: Suggestions,
    tenant_id: UUID,
    settle: Any,
    parts: Parts,
):
    pairs = {f"What about the number {n}?": f"It is number {n}." for n in range(12)}
    publish(site, pairs)
    crawl()
    with ThreadPoolExecutor(6) as pool:
        for pair_id in ids(suggestions.list(tenant_id)):
            pool.submit(suggestions.approve, tenant_id, [pair_id], by="Ada")
    assert set(settle()) == set(pairs)
    assert len([s for s in parts.sources.list(tenant_id) if s.kind == "faq"]) == 1
