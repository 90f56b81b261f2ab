"""What a person changes about a source as a whole: its name, kind, citability, tags, visibility."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from db.models import ChunkRow, PassageEdit, Source
from db.tenancy import Database
from leanrag.bots import find_bot
from leanrag.errors import Conflict, InvalidInput
from leanrag.ingest.upload import clean_tags, clean_title
from leanrag.sources import SourceView, find_source, source_form, source_view
from leanrag.types import SOURCE_KINDS, SourceKind

_LIST_KIND = (
    "A list of questions or products keeps its kind; to serve as another, import it as that."
)


@dataclass(frozen=True, slots=True)
class SourceChange:
    """What is to change about a source; None leaves it as it is. `bot_id` "every": for all bots."""

    title: str | None = None
    tags: tuple[str, ...] | None = None
    kind: SourceKind | None = None
    is_citable: bool | None = None
    enabled: bool | None = None
    bot_id: UUID | Literal["every"] | None = None


class SourceChanges:
    """Changes sources for the next question, each in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def change(self, tenant_id: UUID, source_id: UUID, change: SourceChange) -> SourceView:
        """Change a source and what its passages inherit, and return it.

        Citability goes to every passage except those whose own a person set. A title stays
        whatever the file calls itself; it is cited at once, and passages are searched by it when
        they have been processed again.
        Raises InvalidInput, NotFound (also of the bot), Conflict for the kind of a list.
        """
        title = None if change.title is None else clean_title(change.title)
        tags = None if change.tags is None else clean_tags(change.tags)
        if change.kind is not None and change.kind not in SOURCE_KINDS:
            raise InvalidInput(f"{change.kind!r} is no kind of source: use one of {SOURCE_KINDS}.")
        with self._database.tenant(tenant_id) as session:
            source = find_source(tenant_id, source_id, session=session, lock=True)
            if title is not None:
                _change_title(source, title, session=session)
            source.tags = source.tags if tags is None else tags
            source.enabled = source.enabled if change.enabled is None else change.enabled
            _change_bot(source, change.bot_id, session=session)
            _change_kind(source, change.kind, session=session)
            _change_citability(source, change.is_citable, session=session)
            session.flush()
            return source_view(source)


def _change_title(source: Source, title: str, *, session: Session) -> None:
    """Name a source and the passages that bear its name, and not one of their own."""
    own_name = ChunkRow.title == source.title
    _change_passages(source, {"title": title}, own_name, session=session)
    source.title, source.origin = title, {**source.origin, "is_titled": True}


def _change_bot(
    source: Source, bot_id: UUID | Literal["every"] | None, *, session: Session
) -> None:
    if bot_id == "every":
        source.bot_id = None
    elif bot_id is not None:
        source.bot_id = find_bot(source.tenant_id, bot_id, session=session).bot_id


def _change_kind(source: Source, kind: SourceKind | None, *, session: Session) -> None:
    if kind is None or kind == source.kind:
        return
    if source_form(source) == "records":
        raise Conflict(_LIST_KIND)
    source.kind = kind
    _change_passages(source, {"chunk_type": kind}, session=session)


def _change_citability(source: Source, is_citable: bool | None, *, session: Session) -> None:
    if is_citable is None or is_citable == source.is_citable:
        return
    source.is_citable = is_citable
    own = select(PassageEdit.edit_id).where(
        PassageEdit.tenant_id == source.tenant_id,
        PassageEdit.source_id == source.source_id,
        PassageEdit.is_citable.is_not(None),
    )
    _change_passages(
        source,
        {"is_citable": is_citable},
        ChunkRow.edit_id.is_(None) | ChunkRow.edit_id.not_in(own),
        session=session,
    )


def _change_passages(
    source: Source, values: Mapping[str, object], *only: ColumnElement[bool], session: Session
) -> None:
    session.execute(
        update(ChunkRow)
        .where(
            ChunkRow.tenant_id == source.tenant_id,
            ChunkRow.source_id == source.source_id,
            *only,
        )
        .values(**values)
    )
