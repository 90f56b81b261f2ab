"""Edits whose source changed beneath them, as a person looks at them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from db.models import ChunkRow, PassageEdit, Source
from leanrag.edit_rows import in_order


@dataclass(frozen=True, slots=True)
class EditReview:
    """An edit to decide on: what it was made of, what a person made of it, what the source says.

    `current_text` is what answers stand on in that place meanwhile: the edited words, with what is
    around the original in a longer passage. `chunk_ids` are the passages that the edit holds now,
    the one that it stands in first; their own words follow one another in `newer_text`: pieces of
    the original, and what holds sentences of a hidden one. `state` "gone": nothing like the
    original is left, so none is its place. `is_citable` and `enabled` are None unless the edit sets
    them. `version` tells what was seen.
    """

    edit_id: UUID
    source_id: UUID
    source_title: str
    state: Literal["changed", "gone"]
    position: int
    page: int | None
    label: str
    url: str
    heading: str
    original_text: str
    original_tldr: str
    edited_text: str | None
    edited_tldr: str | None
    is_citable: bool | None
    enabled: bool | None
    newer_text: str
    newer_tldr: str
    current_text: str
    chunk_ids: tuple[UUID, ...]
    edited_by: str
    edited_at: datetime
    version: str


def read_reviews(
    tenant_id: UUID, source_id: UUID | None, *, limit: int, offset: int, session: Session
) -> tuple[EditReview, ...]:
    """Return edits that wait for a decision, the oldest first."""
    query = (
        select(PassageEdit, Source.title)
        .join(
            Source,
            (Source.tenant_id == PassageEdit.tenant_id)
            & (Source.source_id == PassageEdit.source_id),
        )
        .where(*_waiting(tenant_id, source_id))
        .order_by(PassageEdit.edited_at, PassageEdit.edit_id)
    )
    found = session.execute(query.limit(limit).offset(offset)).all()
    rows: dict[UUID, list[ChunkRow]] = {edit.edit_id: [] for edit, _ in found}
    carrying = select(ChunkRow).where(
        ChunkRow.tenant_id == tenant_id,
        ChunkRow.source_id.in_({edit.source_id for edit, _ in found}),
        ChunkRow.edit_id.in_(rows),
    )
    for row in session.scalars(carrying):
        if row.edit_id is not None:
            rows[row.edit_id].append(row)
    return tuple(_review(edit, title, in_order(edit, rows[edit.edit_id])) for edit, title in found)


def count_waiting(tenant_id: UUID, source_id: UUID | None, *, session: Session) -> int:
    """Return how many edits wait for a decision."""
    query = select(func.count()).select_from(PassageEdit).where(*_waiting(tenant_id, source_id))
    return session.scalar(query) or 0


def review_version(edit: PassageEdit) -> str:
    """Return a stamp (16 hex digits) of what there is to decide on."""
    seen = [edit.state, edit.original_hash, edit.newer_hash, edit.edited_at.isoformat()]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]


def _waiting(tenant_id: UUID, source_id: UUID | None) -> list[ColumnElement[bool]]:
    conditions = [PassageEdit.tenant_id == tenant_id, PassageEdit.state != "applied"]
    if source_id is not None:
        conditions.append(PassageEdit.source_id == source_id)
    return conditions


def _review(edit: PassageEdit, title: str, rows: Sequence[ChunkRow]) -> EditReview:
    place = None if edit.state == "gone" or not rows else rows[0]
    own = [] if place is None else [edit.newer_text]
    pieces = own + [row.full_text for row in rows[len(own) :]]
    return EditReview(
        edit_id=edit.edit_id,
        source_id=edit.source_id,
        source_title=title,
        state=cast(Literal["changed", "gone"], edit.state),
        position=edit.position,
        page=edit.page,
        label="" if place is None else place.label,
        url="" if place is None else place.url,
        heading=edit.original_heading if place is None else place.heading_path,
        original_text=edit.original_text,
        original_tldr=edit.original_tldr,
        edited_text=edit.edited_text,
        edited_tldr=edit.edited_tldr,
        is_citable=edit.is_citable,
        enabled=edit.enabled,
        newer_text="\n\n".join(pieces),
        newer_tldr=edit.newer_tldr,
        current_text="" if place is None else place.full_text,
        chunk_ids=tuple(row.chunk_id for row in rows),
        edited_by=edit.edited_by,
        edited_at=edit.edited_at,
        version=review_version(edit),
    )
