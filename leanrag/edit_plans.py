"""What an edit, its undoing or a decision on it does to rows, worked out before it is written.

A plan is made under the lock of the source's row and is thrown away where a passage has to be
embedded first; it is then made again, so that it never rests on what was read before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import ChunkRow, PassageEdit, Source
from db.models.base import new_id
from leanrag.edit_rows import (
    changes_nothing,
    copied,
    flags_of,
    own_chunk,
    rows_of,
    stored_chunk,
)
from leanrag.edit_wording import PassageChange, passage_version, reworded
from leanrag.errors import Conflict, NotFound
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.kept_edits import NO_ORIGINAL, pieces_of
from leanrag.sources import find_source, read_chunks
from leanrag.text.tokens import TokenCounter

_CHANGED_MEANWHILE = "Somebody changed this passage meanwhile; look at it again, then change it."
_REVIEW_FIRST = (
    "The source says something else here since this passage was edited; settle that review first."
)
_NO_PASSAGE = "This passage is no longer there; its source was changed or deleted."
_COVERED = "The edit of another passage stands in place of this one; change or undo that edit."
_NO_EDIT = "This edit is no longer there; it was undone, or its source was deleted."


@dataclass(frozen=True, slots=True)
class PlannedPassage:
    """A stored passage as it is to be; None removes it. `is_reworded`: its vectors are others."""

    chunk_id: UUID
    chunk: Chunk | None
    is_reworded: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written of one source, whose row is locked; `shown` is the passage to show."""

    source: Source
    passages: tuple[PlannedPassage, ...] = ()
    kept: tuple[PassageEdit, ...] = ()
    dropped: tuple[UUID, ...] = ()
    shown: UUID | None = None

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to write."""
        return not (self.passages or self.kept or self.dropped)


@dataclass(frozen=True)
class EditPlanner:
    """Plans edits and their undoing in a transaction; `counter` counts in o200k_base."""

    tenant_id: UUID
    counter: TokenCounter
    session: Session

    def edit(self, chunk_id: UUID, change: PassageChange, *, expected: str, by: str) -> Plan:
        """Plan a change of a passage. Raises NotFound; Conflict where it is not as it was seen."""
        source = self._lock_source_of(chunk_id)
        row = self.session.get(ChunkRow, (self.tenant_id, chunk_id))
        if row is None:
            raise NotFound(_NO_PASSAGE)
        if self._version(row) != expected:
            raise Conflict(_CHANGED_MEANWHILE)
        edit = None if row.edit_id is None else self._find(row.edit_id)
        if edit is not None and edit.state != "applied":
            if change.has_words:
                raise Conflict(_REVIEW_FIRST)
            return self._flag_all(source, edit, change, shown=chunk_id, by=by)
        if change.tldr == row.tldr:
            change = replace(change, tldr=None)
        rows = [row] if edit is None else rows_of(edit, session=self.session)
        if row is not rows[0]:
            raise Conflict(_COVERED)
        own = own_chunk(row, edit, counter=self.counter)
        draft = self._draft(source, row, edit, own, change, by=by)
        if changes_nothing(draft) and draft.original_hash != NO_ORIGINAL:
            if edit is None:
                return Plan(source, shown=chunk_id)
            return Plan(source, self._given_back(edit, rows), (), (edit.edit_id,), chunk_id)
        chunk = self._as_edited(own, draft)
        if _is_stored(row, chunk, source):
            return Plan(source, shown=chunk_id)
        passages = (planned(row, chunk), *other_passages(draft, rows[1:]))
        return Plan(source, passages, (draft,), (), chunk_id)

    def revert(self, edit_id: UUID, *, expected: str | None) -> Plan:
        """Plan to give a passage back the source's own words. Raises NotFound, Conflict."""
        source, edit = self._lock_edit(edit_id)
        rows = rows_of(edit, session=self.session)
        shown = rows[0].chunk_id if rows and edit.original_hash != NO_ORIGINAL else None
        if expected is not None and rows and expected not in map(self._version, rows):
            raise Conflict(_CHANGED_MEANWHILE)
        return Plan(source, self._given_back(edit, rows), (), (edit_id,), shown)

    def _flag_all(
        self, source: Source, edit: PassageEdit, change: PassageChange, *, shown: UUID, by: str
    ) -> Plan:
        """Flag the passages of an edit that waits for a review; their words stay as they are."""
        citable, enabled = flags_of(source, edit, change)
        kept = copied(
            edit, is_citable=citable, enabled=enabled, edited_by=by, edited_at=datetime.now(UTC)
        )
        rows, passages = rows_of(edit, session=self.session), []
        if edit.state == "changed":
            chunk = replace(
                stored_chunk(rows[0]),
                is_citable=citable,
                enabled=enabled is not False,
                edit_id=edit.edit_id,
            )
            passages.append(PlannedPassage(rows[0].chunk_id, chunk))
        passages += other_passages(kept, rows[len(passages) :])
        return Plan(source, tuple(passages), (kept,), (), shown)

    def _given_back(
        self, edit: PassageEdit, rows: Sequence[ChunkRow]
    ) -> tuple[PlannedPassage, ...]:
        """Return the passages of an edit in the source's own words."""
        if edit.original_hash == NO_ORIGINAL:
            return tuple(PlannedPassage(row.chunk_id, None, is_reworded=True) for row in rows)
        first = None if edit.state == "gone" else edit  # then none of them is its place
        return tuple(
            planned(row, own_chunk(row, None if number else first, counter=self.counter))
            for number, row in enumerate(rows)
        )

    def _draft(
        self,
        source: Source,
        row: ChunkRow,
        edit: PassageEdit | None,
        own: Chunk,
        change: PassageChange,
        *,
        by: str,
    ) -> PassageEdit:
        """Return the edit as the change leaves it; what is as the source has it is no edit."""
        first = edit or PassageEdit(
            tenant_id=self.tenant_id,
            edit_id=new_id(),
            source_id=source.source_id,
            position=row.position,
            page=row.page,
            original_hash=row.content_hash,
            original_heading=row.heading_path,
            original_text=own.text,
            original_tldr=own.tldr,
            state="applied",
            newer_hash="",
            newer_text="",
            newer_tldr="",
        )
        text = first.edited_text if change.text is None else change.text
        text = None if text == own.text else text
        tldr = first.edited_tldr if change.tldr is None else change.tldr
        if tldr == reworded(own, text, None, counter=self.counter).tldr:
            tldr = None
        citable, enabled = flags_of(source, first, change)
        return copied(
            first,
            edited_text=text,
            edited_tldr=tldr,
            is_citable=citable,
            enabled=enabled,
            edited_by=by,
            edited_at=datetime.now(UTC),
        )

    def _as_edited(self, own: Chunk, edit: PassageEdit) -> Chunk:
        made = reworded(own, edit.edited_text, edit.edited_tldr, counter=self.counter)
        return replace(
            made,
            is_citable=edit.is_citable,
            enabled=edit.enabled is not False,
            edit_id=edit.edit_id,
        )

    def _version(self, row: ChunkRow) -> str:
        return passage_version(read_chunks(self.tenant_id, row.chunk_id, session=self.session)[0])

    def _lock_source_of(self, chunk_id: UUID) -> Source:
        source_id = self.session.scalar(
            select(ChunkRow.source_id).where(
                ChunkRow.tenant_id == self.tenant_id, ChunkRow.chunk_id == chunk_id
            )
        )
        if source_id is None:
            raise NotFound(_NO_PASSAGE)
        return find_source(self.tenant_id, source_id, session=self.session, lock=True)

    def _lock_edit(self, edit_id: UUID) -> tuple[Source, PassageEdit]:
        source = find_source(
            self.tenant_id, self._find(edit_id).source_id, session=self.session, lock=True
        )
        self.session.expire_all()  # what stood before the lock may be another's by now
        return source, self._find(edit_id)

    def _find(self, edit_id: UUID) -> PassageEdit:
        edit = self.session.get(PassageEdit, (self.tenant_id, edit_id))
        if edit is None:
            raise NotFound(_NO_EDIT)
        return edit


def other_passages(edit: PassageEdit, rows: Sequence[ChunkRow]) -> list[PlannedPassage]:
    """Return the further passages of an edit: pieces that its words replace, and what it hides."""
    passages = []
    for row in rows:
        is_replaced = edit.edited_text is not None and row.content_hash in pieces_of(edit)
        chunk = replace(
            stored_chunk(row),
            is_citable=False if edit.is_citable is False else None,
            enabled=edit.enabled is not False and not is_replaced,
            edit_id=edit.edit_id,
        )
        passages.append(PlannedPassage(row.chunk_id, chunk))
    return passages


def planned(row: ChunkRow, chunk: Chunk) -> PlannedPassage:
    """Return a stored passage as it is to be."""
    return PlannedPassage(row.chunk_id, chunk, is_reworded=chunk.text != row.full_text)


def _is_stored(row: ChunkRow, chunk: Chunk, source: Source) -> bool:
    is_citable = source.is_citable if chunk.is_citable is None else chunk.is_citable
    now = (chunk.text, chunk.tldr, is_citable, chunk.enabled, chunk.edit_id)
    return now == (row.full_text, row.tldr, row.is_citable, row.enabled, row.edit_id)
