"""Questions that crawled pages hold: shown to a person, who approves, edits or rejects them.

Nothing is answered from a suggestion. An approved one becomes a row of an FAQ list, which a job
makes searchable like every other list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from db.models import Source, SuggestedPairRow
from db.tenancy import Database
from leanrag.acting_name import acting_name
from leanrag.errors import InvalidInput, NotFound
from leanrag.ingest.jobs import JobQueue
from leanrag.sources import SourceView, find_source, source_view
from leanrag.suggest_approved import (
    TITLE,
    ApprovedPair,
    ListAnswers,
    ListName,
    answers_in,
    extend_list,
    find_list,
    list_of,
)
from leanrag.suggested_pairs import PairState
from leanrag.text.normalize import clean

MAX_PAIRS_AT_ONCE = 500
MAX_QUESTION_CHARACTERS = 500
MAX_ANSWER_CHARACTERS = 20_000

# Why a pair waits although it, or its question, was seen before: the website's answer is another
# one than when it was approved, or rejected; the approved list answers this question already.
PairNotice = Literal["", "changed_since_approval", "changed_since_rejection", "answered_already"]


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """A pair with the page that holds it.

    `approved_answer` is what the approved list answers to its question, empty where it does not;
    `decided_by` and `decided_at` tell of the latest decision, also where the pair waits anew.
    """

    pair_id: UUID
    source_id: UUID
    source_title: str
    url: str
    question: str
    answer: str
    state: PairState
    notice: PairNotice
    approved_answer: str
    decided_by: str
    decided_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Approved:
    """How many pairs were approved by this, and the lists that are processed for it."""

    pair_count: int
    lists: tuple[SourceView, ...] = ()


class Suggestions:
    """Lists suggested questions and carries out what a person decides about them."""

    def __init__(self, database: Database, jobs: JobQueue) -> None:
        self._database = database
        self._jobs = jobs

    def list(
        self,
        tenant_id: UUID,
        *,
        source_id: UUID | None = None,
        state: PairState = "waiting",
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[SuggestionView, ...]:
        """Return suggestions of one website or of all, oldest first; those of one page together.

        Raises NotFound for the website.
        """
        query = _of(select(SuggestedPairRow), tenant_id, source_id, state).order_by(
            SuggestedPairRow.created_at, SuggestedPairRow.pair_id
        )
        with self._database.tenant(tenant_id) as session:
            if source_id is not None:
                find_source(tenant_id, source_id, session=session)
            rows = session.scalars(query.limit(limit).offset(offset)).all()
            return _views(tenant_id, rows, session=session)

    def count(
        self, tenant_id: UUID, *, source_id: UUID | None = None, state: PairState = "waiting"
    ) -> int:
        """Return how many suggestions of one website, or of all, are in a state."""
        with self._database.tenant(tenant_id) as session:
            query = _of(select(func.count()), tenant_id, source_id, state)
            return session.scalar(query.select_from(SuggestedPairRow)) or 0

    def approve(
        self, tenant_id: UUID, pair_ids: Collection[UUID], *, by: str, list_title: str = TITLE
    ) -> Approved:
        """Let pairs count as the website words them; those that the list has stay as they are.

        A list that is made for them is called `list_title`.
        Raises NotFound, InvalidInput for more than 500 at once or a list that is full.
        """
        with self._database.tenant(tenant_id) as session:
            rows = _find(tenant_id, pair_ids, session=session)
            views = zip(rows, _views(tenant_id, rows, session=session), strict=True)
            pairs = {
                row: _pair(row, row.question, row.answer)
                for row, view in views
                if row.state != "approved" or not view.approved_answer
            }
            return self._approve(tenant_id, pairs, by, list_title, session=session)

    def edit_and_approve(
        self,
        tenant_id: UUID,
        pair_id: UUID,
        *,
        question: str,
        answer: str,
        by: str,
        list_title: str = TITLE,
    ) -> Approved:
        """Let a pair count in a person's words. Raises NotFound, and InvalidInput for these."""
        question, answer = _check_words(question, answer)
        with self._database.tenant(tenant_id) as session:
            (row,) = _find(tenant_id, [pair_id], session=session)
            pairs = {row: _pair(row, question, answer)}
            return self._approve(tenant_id, pairs, by, list_title, session=session)

    def reject(self, tenant_id: UUID, pair_ids: Collection[UUID], *, by: str) -> int:
        """Put waiting pairs aside, and return how many; what is approved stays in its list.

        Raises NotFound, InvalidInput for more than 500 at once.
        """
        with self._database.tenant(tenant_id) as session:
            rows = _find(tenant_id, pair_ids, session=session)
            waiting = [row for row in rows if row.state == "waiting"]
            _decide(waiting, "rejected", acting_name(by))
            return len(waiting)

    def _approve(
        self,
        tenant_id: UUID,
        pairs: dict[SuggestedPairRow, ApprovedPair],
        by: str,
        title: str,
        *,
        session: Session,
    ) -> Approved:
        by = acting_name(by)
        by_list: defaultdict[ListName, list[ApprovedPair]] = defaultdict(list)
        websites = _websites(tenant_id, pairs, session=session)
        for row, pair in pairs.items():
            by_list[list_of(websites[row.source_id])].append(pair)
        lists = []
        for name in sorted(by_list, key=str):
            source = extend_list(tenant_id, name, by_list[name], by, title=title, session=session)
            if source is not None:
                self._jobs.defer_ingest(tenant_id, source.source_id, session=session)
                session.refresh(source)
                lists.append(source_view(source))
        _decide(pairs, "approved", by)
        return Approved(len(pairs), tuple(lists))


def _of(query: Select[Any], tenant_id: UUID, source_id: UUID | None, state: PairState) -> Any:
    query = query.where(SuggestedPairRow.tenant_id == tenant_id, SuggestedPairRow.state == state)
    return query if source_id is None else query.where(SuggestedPairRow.source_id == source_id)


def _find(
    tenant_id: UUID, pair_ids: Collection[UUID], *, session: Session
) -> Sequence[SuggestedPairRow]:
    """Return pairs, locked, in one order for all who decide. Raises NotFound, InvalidInput."""
    if len(pair_ids) > MAX_PAIRS_AT_ONCE:
        raise InvalidInput(f"Decide on at most {MAX_PAIRS_AT_ONCE} suggestions at once.")
    query = select(SuggestedPairRow).where(
        SuggestedPairRow.tenant_id == tenant_id, SuggestedPairRow.pair_id.in_(pair_ids)
    )
    query = query.order_by(SuggestedPairRow.created_at, SuggestedPairRow.pair_id)
    found = session.scalars(query.with_for_update()).all()
    if len(found) < len(set(pair_ids)):
        raise NotFound("This suggestion is no longer there; its website was changed or deleted.")
    return found


def _websites(
    tenant_id: UUID, rows: Iterable[SuggestedPairRow], *, session: Session
) -> dict[UUID, Source]:
    ids = {row.source_id for row in rows}
    query = select(Source).where(Source.tenant_id == tenant_id, Source.source_id.in_(ids))
    return {source.source_id: source for source in session.scalars(query)}


def _pair(row: SuggestedPairRow, question: str, answer: str) -> ApprovedPair:
    return ApprovedPair(row.pair_id, row.question_key, question, answer)


def _check_words(question: str, answer: str) -> tuple[str, str]:
    question, answer = " ".join(clean(question).split()), clean(answer).strip()
    if not question or not answer:
        raise InvalidInput("An approved suggestion needs a question and an answer.")
    if len(question) > MAX_QUESTION_CHARACTERS or len(answer) > MAX_ANSWER_CHARACTERS:
        raise InvalidInput(
            f"A question has at most {MAX_QUESTION_CHARACTERS:,} letters, an answer at most"
            f" {MAX_ANSWER_CHARACTERS:,}; shorten it."
        )
    return question, answer


def _decide(rows: Iterable[SuggestedPairRow], state: PairState, by: str) -> None:
    for row in rows:
        row.state, row.decided_by, row.decided_at = state, by, datetime.now(UTC)


def _views(
    tenant_id: UUID, rows: Sequence[SuggestedPairRow], *, session: Session
) -> tuple[SuggestionView, ...]:
    websites = _websites(tenant_id, rows, session=session)
    lists: dict[ListName, ListAnswers | None] = {}
    for name in {list_of(website) for website in websites.values()}:
        source = find_list(tenant_id, name, session=session)
        lists[name] = None if source is None else answers_in(source, session=session)
    views = []
    for row in rows:
        answers = lists[list_of(websites[row.source_id])]
        approved = answers.answer(row.pair_id, row.question_key) if answers is not None else ""
        views.append(_view(row, websites[row.source_id].title, approved))
    return tuple(views)


def _view(row: SuggestedPairRow, source_title: str, approved_answer: str) -> SuggestionView:
    return SuggestionView(
        pair_id=row.pair_id,
        source_id=row.source_id,
        source_title=source_title,
        url=row.url,
        question=row.question,
        answer=row.answer,
        state=cast(PairState, row.state),
        notice=_notice(row, approved_answer),
        approved_answer=approved_answer,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        created_at=row.created_at,
    )


def _notice(row: SuggestedPairRow, approved_answer: str) -> PairNotice:
    if row.state != "waiting":
        return ""
    if row.decided_at is None:
        return "answered_already" if approved_answer else ""
    return "changed_since_approval" if approved_answer else "changed_since_rejection"
