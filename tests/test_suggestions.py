"""Questions that a website holds: none counts before a person approves, and then once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from db.models import Source
from leanrag import suggested_pairs
from leanrag.errors import InvalidInput, NotFound
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.record_files import write_records
from leanrag.ingest.record_rows import FaqRow
from leanrag.sources import SourceView
from leanrag.suggestions import Suggestions, SuggestionView
from leanrag.websites import Websites, WebsiteStart
from tests.crawl.website import Website
from tests.product_parts import Parts, add_text, make_parts, new_tenant

DAYS = "How long does delivery take?"
COST = "What does delivery cost?"


@pytest.fixture
def site() -> Iterator[Website]:
    with Website() as running:
        yield running


@pytest.fixture
def parts(shared_database: GuardedDatabase, site: Website) -> Parts:
    return make_parts(shared_database, crawl_allowed_hosts=[site.host], crawl_delay_seconds=0)


@pytest.fixture
def suggestions(parts: Parts) -> Suggestions:
    return Suggestions(parts.database, parts.jobs)


@pytest.fixture
def tenant_id(parts: Parts) -> UUID:
    return new_tenant(parts.database)


Crawl = Callable[..., SourceView]


@pytest.fixture
def crawl(parts: Parts, tenant_id: UUID, site: Website) -> Crawl:
    websites = Websites(parts.database, parts.jobs, parts.settings)

    def run(**start: Any) -> SourceView:
        begin = WebsiteStart(start.pop("url", site.url("/")), **start)
        source = websites.add(tenant_id, begin, enqueue=False).source
        if source.status == "processed":
            websites.recrawl(tenant_id, source.source_id, enqueue=False)
        parts.ingest.process(tenant_id, source.source_id)
        return parts.sources.get(tenant_id, source.source_id)

    return run


def publish(site: Website, pairs: dict[str, str], path: str = "/", also: str = "") -> None:
    asked = "".join(f"<h2>{question}</h2><p>{answer}</p>" for question, answer in pairs.items())
    site.add(
        path, f"<html lang='en'><body><main><h1>Help {path}</h1>{also}{asked}</main></body></html>"
    )


@pytest.fixture
def settle(parts: Parts, tenant_id: UUID) -> Callable[[], dict[str, str]]:
    """Process the approved list; return its passages' texts by their extracts."""

    def run() -> dict[str, str]:
        found: dict[str, str] = {}
        for source in parts.sources.list(tenant_id):
            if source.kind == "faq" and source.status == "pending":
                parts.ingest.process(tenant_id, source.source_id)
            if source.kind == "faq":
                chunks = parts.sources.chunks(tenant_id, source.source_id)
                assert not set(found) & {chunk.tldr for chunk in chunks}
                found |= {chunk.tldr: chunk.text for chunk in chunks}
        return found

    return run


def ids(found: tuple[SuggestionView, ...]) -> list[UUID]:
    return [one.pair_id for one in found]


def test_a_suggestion_counts_only_once_it_is_approved(
    site: Website, crawl: Crawl, suggestions: Suggestions, tenant_id: UUID, settle: Any
):
    publish(site, {DAYS: "Three working days.", COST: "Ninety-five lira."})
    website = crawl()
    waiting = suggestions.list(tenant_id)
    assert [(one.question, one.answer) for one in waiting] == [
        (DAYS, "Three working days."),
        (COST, "Ninety-five lira."),
    ]
    assert waiting[0].url == site.url("/")
    assert waiting[0].source_title == website.title
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


def test_the_list_is_extended_and_holds_a_pair_once(
    site: Website,
    crawl: Crawl,
    suggestions: Suggestions,
    tenant_id: UUID,
    settle: Any,
    parts: Parts,
):
    publish(site, {DAYS: "Three working days.", COST: "Ninety-five lira."})
    crawl()
    first, second = ids(suggestions.list(tenant_id))
    (faq,) = suggestions.approve(tenant_id, [first], by="Ada").lists
    settle()
    again = suggestions.approve(tenant_id, [first, second], by="Ada")
    assert again.pair_count == 1
    assert [one.source_id for one in again.lists] == [faq.source_id]
    assert set(settle()) == {DAYS, COST}
    assert suggestions.approve(tenant_id, [first, second], by="Ada").lists == ()
    crawl()
    assert suggestions.list(tenant_id) == ()
    assert len([s for s in parts.sources.list(tenant_id) if s.kind == "faq"]) == 1


def test_a_rejected_pair_does_not_come_back(
    site: Website, crawl: Crawl, suggestions: Suggestions, tenant_id: UUID, settle: Any
):
    publish(site, {DAYS: "Three working days."})
    source = crawl()
    assert suggestions.reject(tenant_id, ids(suggestions.list(tenant_id)), by="Ada") == 1
    publish(site, {DAYS: "Three working days!"}, also="<p>And a paragraph more than before.</p>")
    crawl()
    assert suggestions.count(tenant_id) == 0
    assert suggestions.count(tenant_id, source_id=source.source_id, state="rejected") == 1
    assert settle() == {}


def test_a_pair_whose_answer_changed_comes_back_and_says_why(
    site: Website, crawl: Crawl, suggestions: Suggestions, tenant_id: UUID, settle: Any
):
    publish(site, {DAYS: "Three working days.", COST: "Ninety-five lira."})
    crawl()
    days, cost = ids(suggestions.list(tenant_id))
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


def test_an_edited_pair_stands_in_the_persons_words_and_is_found_again(
    site: Website, crawl: Crawl, suggestions: Suggestions, tenant_id: UUID, settle: Any
):
    publish(site, {DAYS: "Three working days."})
    crawl()
    (pair_id,) = ids(suggestions.list(tenant_id))
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


def test_a_question_that_another_site_answered_already_says_so(
    site: Website, crawl: Crawl, suggestions: Suggestions, tenant_id: UUID, settle: Any
):
    publish(site, {DAYS: "Three working days."})
    crawl()
    suggestions.approve(tenant_id, ids(suggestions.list(tenant_id)), by="Ada")
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
    site: Website,
    crawl: Crawl,
    suggestions: Suggestions,
    tenant_id: UUID,
    settle: Any,
    parts: Parts,
):
    publish(site, {DAYS: "Three working days.", COST: "Ninety-five lira."})
    crawl()
    first, second = ids(suggestions.list(tenant_id))
    (faq,) = suggestions.approve(tenant_id, [first], by="Ada").lists
    settle()
    grid = [FaqRow(DAYS, "Three working days.", "en"), FaqRow("Is there a shop?", "Yes.", "en")]
    data = write_records(grid, "faq")
    newer = Upload("approved-questions.csv", data, "faq", media_type="text/csv", form="records")
    parts.ingest.replace_file(tenant_id, faq.source_id, newer)
    suggestions.approve(tenant_id, [second], by="Ada")  # before the newer list is processed
    assert set(settle()) == {DAYS, "Is there a shop?", COST}


def test_a_list_that_was_deleted_is_made_anew(
    site: Website,
    crawl: Crawl,
    suggestions: Suggestions,
    tenant_id: UUID,
    settle: Any,
    parts: Parts,
):
    publish(site, {DAYS: "Three working days."})
    crawl()
    (pair_id,) = ids(suggestions.list(tenant_id))
    (faq,) = suggestions.approve(tenant_id, [pair_id], by="Ada").lists
    parts.sources.delete(tenant_id, faq.source_id)
    assert suggestions.approve(tenant_id, [pair_id], by="Ada").pair_count == 1
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


def test_suggestions_of_another_tenant_are_not_there(
    site: Website, crawl: Crawl, suggestions: Suggestions, tenant_id: UUID, parts: Parts
):
    publish(site, {DAYS: "Three working days."})
    source = crawl()
    (pair_id,) = ids(suggestions.list(tenant_id))
    stranger = new_tenant(parts.database)
    assert suggestions.list(stranger) == ()
    for act in (
        lambda: suggestions.approve(stranger, [pair_id], by=""),
        lambda: suggestions.reject(stranger, [pair_id], by=""),
        lambda: suggestions.list(stranger, source_id=source.source_id),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(InvalidInput, match="at most 500"):
        suggestions.reject(tenant_id, [uuid4() for _ in range(501)], by="")


def test_suggestions_go_with_their_website_and_what_was_approved_stays(
    site: Website,
    crawl: Crawl,
    suggestions: Suggestions,
    tenant_id: UUID,
    settle: Any,
    parts: Parts,
):
    publish(site, {DAYS: "Three working days.", COST: "Ninety-five lira."})
    source = crawl()
    first, _ = ids(suggestions.list(tenant_id))
    suggestions.approve(tenant_id, [first], by="Ada")
    parts.sources.delete(tenant_id, source.source_id)
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
