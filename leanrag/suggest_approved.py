"""The FAQ lists that approved questions go into: one for each bot, citable or only to learn from.

What a website may only be learnt from must not become quotable by being approved, nor must one
bot's knowledge become another's; so a pair goes into the list that is like its website.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.models import NewerFile, Source, SourceFile
from leanrag.crawl.faq_pairs import question_key
from leanrag.ingest.pipeline import keep_newer, wait_again
from leanrag.ingest.record_files import RECORDS_MEDIA_TYPE, read_stored, write_records
from leanrag.ingest.record_rows import FaqRow
from leanrag.ingest.upload import Upload, new_source

TITLE = "Approved questions"  # of a list that nobody gave another
_MADE_OF = "made_of"  # in a source's `origin`: "suggestions"
_EDITED = "edited"  # and there: pair id → the key of its row, where a person changed the question
# Two approvals at once must not make two lists.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


@dataclass(frozen=True, slots=True)
class ApprovedPair:
    """A pair as it is to stand in a list; `key` is that of the question on the website."""

    pair_id: UUID
    key: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class ListName:
    """Which list a pair belongs to."""

    bot_id: UUID | None
    is_citable: bool


def list_of(website: Source) -> ListName:
    """Return the list that the pairs of a website go into."""
    return ListName(website.bot_id, website.is_citable)


def find_list(tenant_id: UUID, name: ListName, *, session: Session) -> Source | None:
    """Return the source of a list, None where nothing was approved yet."""
    query = select(Source).where(
        Source.tenant_id == tenant_id,
        Source.origin[_MADE_OF].astext == "suggestions",
        Source.is_citable == name.is_citable,
        Source.bot_id.is_not_distinct_from(name.bot_id),
    )
    return session.scalars(query.order_by(Source.created_at).limit(1)).one_or_none()


def answers_in(source: Source, *, session: Session) -> ListAnswers:
    """Return what a list answers, in its newest version."""
    rows = _read_rows(source, session=session)
    return ListAnswers({question_key(row.question): row.answer for row in rows}, _edited(source))


@dataclass(frozen=True, slots=True)
class ListAnswers:
    """The answers of a list by the keys of its questions."""

    by_key: Mapping[str, str]
    edited: Mapping[str, str]

    def answer(self, pair_id: UUID, key: str) -> str:
        """Return the list's answer to a pair's question, empty where it has none."""
        return self.by_key.get(self.edited.get(str(pair_id), key), self.by_key.get(key, ""))


def extend_list(
    tenant_id: UUID,
    name: ListName,
    pairs: Sequence[ApprovedPair],
    by: str,
    *,
    title: str,
    session: Session,
) -> Source | None:
    """Put pairs into their list, each once; return it where it is to be processed, else None.

    A pair takes the place of its own row, else of the one that asks the same. A list that is there
    keeps its title. Raises InvalidInput where the list has no room.
    """
    session.execute(_ONE_AT_A_TIME, {"name": f"approved questions of {tenant_id}"})
    source = find_list(tenant_id, name, session=session)
    if source is not None:
        session.refresh(source, with_for_update=True)
    edited = {} if source is None else _edited(source)
    before = [] if source is None else _read_rows(source, session=session)
    rows = _merge(before, pairs, edited)
    edited |= {
        str(pair.pair_id): question_key(pair.question)
        for pair in pairs
        if question_key(pair.question) != pair.key
    }
    if source is not None and rows == before:
        return None
    data = write_records(rows, "faq")
    newest = _new_list(tenant_id, name, data, by, title)
    if source is None:
        session.add(newest)
        session.flush()
        session.add(SourceFile(tenant_id=tenant_id, source_id=newest.source_id, data=data))
        source = newest
    else:
        keep_newer(source, newest, data, session=session)
        wait_again(source)
    source.origin = {**source.origin, _EDITED: edited}
    session.flush()
    return source


def _merge(
    before: Iterable[FaqRow], pairs: Iterable[ApprovedPair], edited: Mapping[str, str]
) -> list[FaqRow]:
    rows = {question_key(row.question): row for row in before}
    for pair in pairs:
        own, new = edited.get(str(pair.pair_id), pair.key), question_key(pair.question)
        made = FaqRow(pair.question, pair.answer)
        if new != own and own in rows:
            rows.pop(new, None)
            rows = {new if key == own else key: row for key, row in rows.items()}
        known = rows.get(new)
        rows[new] = made if known is None else replace(made, language=known.language)
    return list(rows.values())


def _read_rows(source: Source, *, session: Session) -> list[FaqRow]:
    key = (source.tenant_id, source.source_id)
    stored = session.get(NewerFile, key) or session.get(SourceFile, key)
    rows = () if stored is None else read_stored(stored.data, "faq")
    return [row for row in rows if isinstance(row, FaqRow)]


def _edited(source: Source) -> dict[str, str]:
    return dict(source.origin.get(_EDITED, {}))


def _new_list(tenant_id: UUID, name: ListName, data: bytes, by: str, title: str) -> Source:
    upload = Upload(
        filename="approved-questions.csv",
        data=data,
        kind="faq",
        is_citable=name.is_citable,
        bot_id=name.bot_id,
        title=title.strip() or TITLE,
        media_type=RECORDS_MEDIA_TYPE,
        form="records",
        added_by=by,
    )
    made = new_source(tenant_id, upload, media_type=RECORDS_MEDIA_TYPE)
    # An uploaded list of the very same rows is another source, and stays one.
    identity = f"approved {name.bot_id} {name.is_citable} ".encode()
    made.content_hash = hashlib.sha256(identity + data).hexdigest()
    made.origin = {**made.origin, _MADE_OF: "suggestions"}
    return made
