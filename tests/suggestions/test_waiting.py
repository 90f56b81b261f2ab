"""Questions that a website holds: none counts before a person approves, and then once."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from db.models import Source
from leanrag import suggested_pairs
from leanrag.errors import InvalidInput, NotFound
from leanrag.suggestions import Suggestions
from tests.crawl.website import Website
from tests.product_parts import Parts, add_text, new_tenant
from tests.suggestions.asked import COST, DAYS, Crawl, Crawled, ids, publish


def test_a_suggestion_counts_only_once_it_is_approved(
    two_pairs: Crawled, site: Website, suggestions: Suggestions, tenant_id: UUID, settle: Any
):
    waiting = two_pairs.pairs
    assert [(one.question, one.answer) for one in waiting] == [
        (DAYS, "Three working days."),
        (COST, "Ninety-five lira."),
    ]
    assert waiting[0].url == site.url("/")
    assert waiting[0].source_title == two_pairs.website.title
    assert (waiting[0].notice, waiting[0].approved_answer) == ("", "")
    assert settle() == {}
    approved = suggestions.approve(tenant_id, [waiting[0].pair_id], by="Ada")
    assert approved.pair_count == 1
    (faq,) = approved.lists
    assert (faq.form, faq.kind, faq.title) == ("records", "faq", "Approved questions")
    assert (faq.status, faq.added_by) == ("pending", "Ada")
    assert settle() == {DAYS: f"{DAYS}\nThree working days."}
    assert ids(suggestions.list(tenant_id)) == [waiting[1].pair_id]
    assert suggestions.count(tenant_id) == 1
    (kept,) = suggestions.list(tenant_id, state="approved")
    assert (kept.decided_by, kept.approved_answer) == ("Ada", "Three working days.")


def test_a_rejected_pair_does_not_come_back(
    one_pair: Crawled,
    site: Website,
    crawl: Crawl,
    suggestions: Suggestions,
    tenant_id: UUID,
    settle: Any,
):
    website_id = one_pair.website.source_id
    assert suggestions.reject(tenant_id, one_pair.ids, by="Ada") == 1
    publish(site, {DAYS: "Three working days!"}, also="<p>And a paragraph more than before.</p>")
    crawl()
    assert suggestions.count(tenant_id) == 0
    assert suggestions.count(tenant_id, source_id=website_id, state="rejected") == 1
    assert settle() == {}


def test_a_pair_whose_answer_changed_comes_back_and_says_why(
    two_pairs: Crawled,
    site: Website,
    crawl: Crawl,
    suggestions: Suggestions,
    tenant_id: UUID,
    settle: Any,
):
    days, cost = two_pairs.ids
    suggestions.approve(tenant_id, [days], by="Ada")
    suggestions.reject(tenant_id, [cost], by="Ada")
    publish(site, {DAYS: "Only two days.", COST: "Nothing at all."})
    crawl()
    back = {one.pair_id: one for one in suggestions.list(tenant_id)}
    assert back[days].notice == "changed_since_approval"
    assert back[days].approved_answer == "Three working days."
    assert back[days].answer == "Only two days."
    assert back[cost].notice == "changed_since_rejection"
    assert settle() == {DAYS: f"{DAYS}\nThree working days."}  # until a person agrees
    suggestions.approve(tenant_id, [days], by="Bo")
    assert settle() == {DAYS: f"{DAYS}\nOnly two days."}
    crawl()
    assert ids(suggestions.list(tenant_id)) == [cost]


def test_a_pair_that_its_page_does_not_hold_any_more_waits_no_longer(
    site: Website, crawl: Crawl, suggestions: Suggestions, tenant_id: UUID
):
    site.add_page("/", links=["/help", "/more"])
    publish(site, {DAYS: "Three working days."}, "/help")
    publish(site, {COST: "Ninety-five lira."}, "/more")
    crawl()
    assert suggestions.count(tenant_id) == 2
    publish(site, {"What is new here?": "Everything."}, "/help")
    del site.pages["/more"]
    crawl()
    assert [one.question for one in suggestions.list(tenant_id)] == ["What is new here?"]


def test_two_pages_that_answer_differently_do_not_bring_a_pair_back_in_turns(
    site: Website, crawl: Crawl, suggestions: Suggestions, tenant_id: UUID
):
    site.add_page("/", links=["/a", "/b"])
    publish(site, {DAYS: "Three working days."}, "/a")
    publish(site, {DAYS: "Four working days."}, "/b")
    crawl()
    (pair,) = suggestions.list(tenant_id)
    assert (pair.url, pair.answer) == (site.url("/a"), "Three working days.")
    suggestions.reject(tenant_id, [pair.pair_id], by="Ada")
    crawl()
    assert suggestions.count(tenant_id) == 0
    del site.pages["/a"]
    crawl()
    publish(site, {DAYS: "Four working days."}, "/b", also="<p>And a paragraph of its own.</p>")
    crawl()
    (pair,) = suggestions.list(tenant_id)
    assert (pair.url, pair.notice) == (site.url("/b"), "changed_since_rejection")


def test_suggestions_of_another_tenant_are_not_there(
    one_pair: Crawled, suggestions: Suggestions, tenant_id: UUID, parts: Parts
):
    stranger = new_tenant(parts.database)
    assert suggestions.list(stranger) == ()
    for act in (
        lambda: suggestions.approve(stranger, one_pair.ids, by=""),
        lambda: suggestions.reject(stranger, one_pair.ids, by=""),
        lambda: suggestions.list(stranger, source_id=one_pair.website.source_id),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(InvalidInput, match="at most 500"):
        suggestions.reject(tenant_id, [uuid4() for _ in range(501)], by="")


@pytest.mark.usefixtures("approved")
def test_suggestions_go_with_their_website_and_what_was_approved_stays(
    two_pairs: Crawled,
    suggestions: Suggestions,
    tenant_id: UUID,
    settle: Any,
    parts: Parts,
):
    parts.sources.delete(tenant_id, two_pairs.website.source_id)
    assert suggestions.count(tenant_id) == suggestions.count(tenant_id, state="approved") == 0
    assert set(settle()) == {DAYS}


def test_a_file_has_no_suggestions(suggestions: Suggestions, tenant_id: UUID, parts: Parts):
    source = add_text(parts.ingest, tenant_id, "# What is this?\n\nA file.")
    assert suggestions.list(tenant_id, source_id=source.source_id) == ()
    with parts.database.tenant(tenant_id) as session:
        assert session.get(Source, (tenant_id, source.source_id)) is not None


def test_a_website_suggests_no_more_than_a_person_can_read(
    site: Website,
    crawl: Crawl,
    suggestions: Suggestions,
    tenant_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(suggested_pairs, "MAX_PAIRS", 5)
    site.add_page("/", links=["/a", "/b"])
    for path in ("/a", "/b"):
        publish(site, {f"What is {path} {n}?": f"It is {n}." for n in range(4)}, path)
    crawl()
    assert suggestions.count(tenant_id) == 5
