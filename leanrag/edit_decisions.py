"""What a person decides of an edit whose source changed beneath it, planned as an edit is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal
from uuid import UUID

from sqlalchemy import select

from db.models import ChunkRow, PassageEdit, Source
from db.models.base import new_id
from leanrag.edit_plans import EditPlanner, Plan, PlannedPassage, other_passages, planned
from leanrag.edit_reviews import review_version
from leanrag.edit_rows import changes_nothing, copied, own_chunk, rows_of, stored_chunk
from leanrag.edit_wording import PassageChange
from leanrag.errors import Conflict, InvalidInput
from leanrag.ingest.kept_edits import NO_ORIGINAL, pieces_of, standing_chunk

Decision = Literal["keep", "take_newer", "drop"]

_SETTLED = "This was settled, or the source changed again, meanwhile; look at the reviews again."
_NO_WORDS = (
    "This edit changed no words that could stand without the source; drop it, or leave it: it comes"
    " into force again when the source says this again."
)
_GONE_CHOICES = "The source no longer says this: keep the edited words as a passage, or drop them."
_CHANGED_CHOICES = "The source says something else now: keep the edit, or take the newer words."


class DecisionPlanner(EditPlanner):
    """Plans decisions as well."""

    def settle(self, edit_id: UUID, decision: Decision, *, expected: str, by: str) -> Plan:
        """Plan what a person decided of an edit whose source changed. Raises as `revert`."""
        source, edit = self._lock_edit(edit_id)
        if edit.state == "applied" or review_version(edit) != expected:
            raise Conflict(_SETTLED)
        rows, is_gone = rows_of(edit, session=self.session), edit.state == "gone"
        if decision not in (("keep", "drop") if is_gone else ("keep", "take_newer")):
            raise InvalidInput(_GONE_CHOICES if is_gone else _CHANGED_CHOICES)
        if decision != "keep":
            shown = rows[0].chunk_id if rows else None
            return Plan(source, self._given_back(edit, rows), (), (edit_id,), shown)
        keep = self._keep_gone if is_gone else self._keep_changed
        return keep(source, edit, rows, by=by)

    def _keep_changed(
        self, source: Source, edit: PassageEdit, rows: Sequence[ChunkRow], *, by: str
    ) -> Plan:
        """The words in force stay; what the source says now is what they were made of."""
        first, hashes = rows[0], pieces_of(edit)
        pieces = [row for row in rows[1:] if row.content_hash in hashes]
        others = [row for row in rows[1:] if row not in pieces]
        own = own_chunk(first, edit, counter=self.counter)
        kept = copied(edit, state="applied", position=first.position, page=first.page)
        if not hashes:
            kept = _made_of_newer(kept, first)
        if changes_nothing(kept):  # the source has come to say what the person wanted
            given_back = self._given_back(edit, rows)
            return Plan(source, given_back, (), (edit.edit_id,), first.chunk_id)
        plan = self._keep_others(source, edit, others, by=by)
        stays = planned(first, self._as_edited(own, kept))
        return replace(
            plan,
            passages=(stays, *other_passages(kept, pieces), *plan.passages),
            kept=(kept, *plan.kept),
            shown=first.chunk_id,
        )

    def _keep_gone(
        self, source: Source, edit: PassageEdit, rows: Sequence[ChunkRow], *, by: str
    ) -> Plan:
        """The edited words stand on as a passage that the source no longer has."""
        if edit.edited_text is None and not rows:
            raise InvalidInput(_NO_WORDS)
        if edit.edited_text is None:  # what was hidden stays hidden where its words are now
            plan = self._keep_others(source, edit, rows, by=by)
            return replace(plan, dropped=(edit.edit_id,), shown=rows[0].chunk_id)
        kept = copied(edit, state="applied", original_hash=NO_ORIGINAL, page=None)
        chunk = standing_chunk(
            kept, self._next_position(source), title=source.title, counter=self.counter
        )
        kept.position = chunk.position
        plan = self._keep_others(source, edit, rows, by=by)
        passage = PlannedPassage(new_id(), chunk, is_reworded=True)
        return replace(
            plan,
            passages=(passage, *plan.passages),
            kept=(kept, *plan.kept),
            shown=passage.chunk_id,
        )

    def _keep_others(
        self, source: Source, edit: PassageEdit, rows: Sequence[ChunkRow], *, by: str
    ) -> Plan:
        """Give the other passages that an edit hides or flags edits of their own."""
        passages, edits = [], []
        for row in rows:
            own = stored_chunk(row)
            flags = PassageChange(is_citable=row.is_citable, enabled=row.enabled)
            draft = self._draft(source, row, None, own, flags, by=by or edit.edited_by)
            is_needed = not changes_nothing(draft)
            edits += [draft] if is_needed else []
            chunk = self._as_edited(own, draft)
            passages.append(planned(row, chunk if is_needed else replace(chunk, edit_id=None)))
        return Plan(source, tuple(passages), tuple(edits))

    def _next_position(self, source: Source) -> int:
        last = self.session.scalar(
            select(ChunkRow.position)
            .where(ChunkRow.tenant_id == self.tenant_id, ChunkRow.source_id == source.source_id)
            .order_by(ChunkRow.position.desc())
            .limit(1)
        )
        return 0 if last is None else last + 1


def _made_of_newer(edit: PassageEdit, first: ChunkRow) -> PassageEdit:
    """Return an edit made of what the source says now, its words as they stand in `first`."""
    words = None if edit.edited_text is None else first.full_text
    return copied(
        edit,
        original_hash=edit.newer_hash,
        original_heading=first.heading_path,
        original_text=edit.newer_text,
        original_tldr=edit.newer_tldr,
        edited_text=None if words == edit.newer_text else words,
        edited_tldr=None if edit.edited_tldr == edit.newer_tldr else edit.edited_tldr,
        newer_hash="",
        newer_text="",
        newer_tldr="",
    )
