"""The rows of an edit: the passages that carry it, and what their source itself says there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from db.models import ChunkRow, PassageEdit, Source
from leanrag.edit_wording import PassageChange, language_of
from leanrag.ingest.extracted import Chunk
from leanrag.text.tokens import TokenCounter
from leanrag.types import Language


def rows_of(edit: PassageEdit, *, session: Session) -> Sequence[ChunkRow]:
    """Return the passages that carry an edit, the one that it stands in first."""
    rows = session.scalars(
        select(ChunkRow).where(
            ChunkRow.tenant_id == edit.tenant_id,
            ChunkRow.source_id == edit.source_id,
            ChunkRow.edit_id == edit.edit_id,
        )
    )
    return in_order(edit, rows)


def in_order(edit: PassageEdit, rows: Iterable[ChunkRow]) -> list[ChunkRow]:
    """Return the passages of an edit, the one that it stands in first, then by position."""
    return sorted(rows, key=lambda row: (row.position != edit.position, row.position))


def own_chunk(row: ChunkRow, edit: PassageEdit | None, *, counter: TokenCounter) -> Chunk:
    """Return what the source itself says in the place of a passage in which this edit stands."""
    stored = stored_chunk(row)
    if edit is None:
        return stored
    has_newer = bool(edit.newer_hash)
    text = edit.newer_text if has_newer else edit.original_text
    return replace(
        stored,
        text=text,
        tldr=edit.newer_tldr if has_newer else edit.original_tldr,
        language=language_of(text, instead_of=stored.text, language=stored.language),
        token_count=counter.count(text),
    )


def stored_chunk(row: ChunkRow) -> Chunk:
    """Return a stored passage without its edit: enabled, and citable as its source is."""
    return Chunk(
        position=row.position,
        title=row.title,
        heading=row.heading_path,
        text=row.full_text,
        tldr=row.tldr,
        language=cast(Language, row.language),
        token_count=row.token_count,
        content_hash=row.content_hash,
        page=row.page,
        label=row.label,
        url=row.url,
    )


def copied(edit: PassageEdit, **changes: Any) -> PassageEdit:
    """Return an edit like another one, which stays as it is until the copy is merged."""
    columns = {column.key: getattr(edit, column.key) for column in inspect(PassageEdit).columns}
    return PassageEdit(**{**columns, **changes})


def flags_of(
    source: Source, edit: PassageEdit, change: PassageChange
) -> tuple[bool | None, bool | None]:
    """Return citability and visibility as an edit keeps them: None where they are inherited."""
    citable = edit.is_citable if change.is_citable is None else change.is_citable
    enabled = edit.enabled if change.enabled is None else change.enabled
    return None if citable == source.is_citable else citable, None if enabled else enabled


def changes_nothing(edit: PassageEdit) -> bool:
    """Tell whether an edit leaves all as the source has it."""
    values = (edit.edited_text, edit.edited_tldr, edit.is_citable, edit.enabled)
    return all(value is None for value in values)
