"""The questions that a crawled page holds, kept for a person to approve before they count.

A pair belongs to the first page that held its question. A decided pair stays decided, also when its
page is crawled again, until the website answers the question in other words: then it waits anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db.models import SitePage, SuggestedPairRow
from db.models.base import new_id
from leanrag.crawl.crawled import SuggestedPair
from leanrag.crawl.faq_pairs import question_key

PairState = Literal["waiting", "approved", "rejected"]
PAIR_STATES: tuple[PairState, ...] = get_args(PairState)
MAX_PAIRS = 2_000  # of one website, decided ones too


def keep_pairs(
    tenant_id: UUID,
    source_id: UUID,
    url: str,
    pairs: Sequence[SuggestedPair],
    *,
    session: Session,
) -> None:
    """Write what a page asks and answers now, in place of what it did when it was read before."""
    found = {question_key(pair.question): pair for pair in pairs}
    rows = session.scalars(
        select(SuggestedPairRow)
        .where(
            SuggestedPairRow.tenant_id == tenant_id,
            SuggestedPairRow.source_id == source_id,
            SuggestedPairRow.question_key.in_(found),
        )
        .with_for_update()
    )
    known = {row.question_key: row for row in rows}
    read = _read_pages(tenant_id, source_id, {row.url for row in known.values()}, session=session)
    room = _room(tenant_id, source_id, session=session) if len(known) < len(found) else 0
    for key, pair in found.items():
        if key not in known:
            if room > 0:
                session.add(_new_row(tenant_id, source_id, url, key, pair))
            room -= 1
        elif known[key].url == url or known[key].url not in read:
            _renew(known[key], url, pair)
    drop_waiting(tenant_id, source_id, url, session=session, but=found)


def drop_waiting(
    tenant_id: UUID,
    source_id: UUID,
    url: str,
    *,
    session: Session,
    but: Iterable[str] = (),
) -> None:
    """Delete what waits of a page that does not say it any more; `but` are the keys it still has.

    Decisions are kept.
    """
    session.flush()
    session.execute(
        delete(SuggestedPairRow).where(
            SuggestedPairRow.tenant_id == tenant_id,
            SuggestedPairRow.source_id == source_id,
            SuggestedPairRow.url == url,
            SuggestedPairRow.state == "waiting",
            SuggestedPairRow.question_key.not_in(list(but)),
        )
    )


def _room(tenant_id: UUID, source_id: UUID, *, session: Session) -> int:
    """Return how many more pairs of a website a person may be asked about."""
    query = select(func.count()).where(
        SuggestedPairRow.tenant_id == tenant_id, SuggestedPairRow.source_id == source_id
    )
    return MAX_PAIRS - (session.scalar(query) or 0)


def _read_pages(
    tenant_id: UUID, source_id: UUID, urls: Iterable[str], *, session: Session
) -> set[str]:
    """Return which of these pages are still read."""
    query = select(SitePage.url).where(
        SitePage.tenant_id == tenant_id,
        SitePage.source_id == source_id,
        SitePage.url.in_(list(urls)),
        SitePage.content != "",
    )
    return set(session.scalars(query))


def _new_row(
    tenant_id: UUID, source_id: UUID, url: str, key: str, pair: SuggestedPair
) -> SuggestedPairRow:
    return SuggestedPairRow(
        tenant_id=tenant_id,
        pair_id=new_id(),
        source_id=source_id,
        url=url,
        question_key=key,
        question=pair.question,
        answer=pair.answer,
    )


def _renew(row: SuggestedPairRow, url: str, pair: SuggestedPair) -> None:
    """Take over the page's own words; a decision on other words does not hold for these."""
    if question_key(row.answer) != question_key(pair.answer):
        row.state = "waiting"
    row.url, row.question, row.answer = url, pair.question, pair.answer
