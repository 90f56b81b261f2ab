"""What people changed by hand is put onto the passages that a source gives anew.

An edit belongs to the passage that a person saw. Where the source still says the same, the edit
simply stays; where it does not, it stays too, and a person is asked to look. docs/edits.md tells
what becomes of which edit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.models import ChunkRow, PassageEdit, Source
from db.tenancy import Database
from leanrag.edit_matching import EditedPassage, Match, match_edits
from leanrag.edit_wording import reworded
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.passage import make_chunk
from leanrag.sources import source_form
from leanrag.text.language import detect_language
from leanrag.text.tokens import TokenCounter, load_counter

# The original of a passage that stands without its source: a person kept what the source dropped.
NO_ORIGINAL = ""


@dataclass(frozen=True, slots=True)
class EditOutcome:
    """What becomes of an edit: its state, where it stands, and what the source now says there.

    `original_hash` and `heading` are the original's, as they are now where it only was retitled.
    """

    edit_id: UUID
    state: str
    position: int
    page: int | None
    original_hash: str
    heading: str
    newer_hash: str = ""
    newer_text: str = ""
    newer_tldr: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """Passages that carry the edits of one version of them, and what became of each edit."""

    chunks: tuple[Chunk, ...]
    outcomes: tuple[EditOutcome, ...]
    edits_version: int


@dataclass(frozen=True, slots=True)
class Before:
    """What was there: hashes of unedited passages, titles of edited ones, what kind of list it is.

    `records` is "faq" or "product" of a list of records, else empty; `title` is the source's.
    """

    known: tuple[str, ...] = ()
    titles: dict[UUID, str] = field(default_factory=dict)
    records: str = ""
    title: str = ""


class KeptEdits:
    """Reads the edits of a source, and writes what became of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def place(self, tenant_id: UUID, source_id: UUID, chunks: Sequence[Chunk]) -> Placed:
        """Return the passages with the edits that people made of them before."""
        with self._database.tenant(tenant_id) as session:
            source = session.get(Source, (tenant_id, source_id))
            edits = session.scalars(
                select(PassageEdit)
                .where(PassageEdit.tenant_id == tenant_id, PassageEdit.source_id == source_id)
                .order_by(PassageEdit.position, PassageEdit.edit_id)
            ).all()
            if source is None or not edits:
                version = 0 if source is None else source.edits_version
                return Placed(tuple(chunks), (), version)
            before = _read_before(source, session=session)
        return place_edits(
            chunks, edits, before, version=source.edits_version, counter=load_counter()
        )

    @staticmethod
    def record(source: Source, placed: Placed, *, session: Session) -> None:
        """Write what became of each edit; `source` is locked."""
        became = [
            {
                "tenant_id": source.tenant_id,
                "edit_id": outcome.edit_id,
                "state": outcome.state,
                "position": outcome.position,
                "page": outcome.page,
                "original_hash": outcome.original_hash,
                "original_heading": outcome.heading,
                "newer_hash": outcome.newer_hash,
                "newer_text": outcome.newer_text,
                "newer_tldr": outcome.newer_tldr,
            }
            for outcome in placed.outcomes
        ]
        if became:
            session.execute(update(PassageEdit), became)


def place_edits(
    chunks: Sequence[Chunk],
    edits: Sequence[PassageEdit],
    before: Before | None = None,
    *,
    version: int = 0,
    counter: TokenCounter,
) -> Placed:
    """Put each edit onto the passage that still says what it was made of, or something like it.

    Every passage comes out in its place, and every edit with one outcome. Edits that stand without
    the source follow as passages of their own.
    """
    before = before or Before()
    made, outcomes = list(chunks), []
    standing = [edit for edit in edits if edit.original_hash == NO_ORIGINAL]
    placed = [edit for edit in edits if edit.original_hash != NO_ORIGINAL]
    matches = match_edits(
        [_as_edited(edit, before) for edit in placed],
        chunks,
        known=before.known,
        keys=_keys(chunks, before.records),
    )
    for edit in placed:
        match = matches.get(edit.edit_id)
        if match is None:
            outcomes.append(_outcome(edit, "gone"))
            continue
        outcomes.append(_placed_at(edit, match, [chunks[number] for number in match.numbers]))
        for number in (*match.numbers, *match.holding):
            made[number] = _edited(chunks[number], edit, match, number, counter=counter)
    for edit in standing:
        made.append(standing_chunk(edit, len(made), title=before.title, counter=counter))
        outcomes.append(_outcome(edit, "applied", position=len(made) - 1))
    return Placed(tuple(made), tuple(outcomes), version)


def standing_chunk(edit: PassageEdit, position: int, *, title: str, counter: TokenCounter) -> Chunk:
    """Return the passage of an edit whose source says nothing of it any more."""
    text = edit.edited_text or edit.original_text
    chunk = make_chunk(
        position,
        title=title,
        heading=edit.original_heading,
        text=edit.original_text,
        tldr=edit.original_tldr,
        language=detect_language(text),
        counter=counter,
    )
    return _flagged(reworded(chunk, text, edit.edited_tldr, counter=counter), edit)


def _read_before(source: Source, *, session: Session) -> Before:
    rows = session.execute(
        select(ChunkRow.content_hash, ChunkRow.edit_id, ChunkRow.title)
        .where(ChunkRow.tenant_id == source.tenant_id, ChunkRow.source_id == source.source_id)
        .order_by(ChunkRow.position.desc())
    ).all()
    return Before(
        known=tuple(row.content_hash for row in rows if row.edit_id is None),
        titles={row.edit_id: row.title for row in rows if row.edit_id is not None},
        records=source.kind if source_form(source) == "records" else "",
        title=source.title,
    )


def _as_edited(edit: PassageEdit, before: Before) -> EditedPassage:
    keys = {"faq": edit.original_tldr, "product": before.titles.get(edit.edit_id)}
    return EditedPassage(
        edit_id=edit.edit_id,
        position=edit.position,
        original_hash=edit.original_hash,
        heading=edit.original_heading,
        text=edit.original_text,
        newer_hash=edit.newer_hash.partition("+")[0],
        newer_text=edit.newer_text,
        key=keys.get(before.records),
        is_restricted=edit.enabled is False or edit.is_citable is False,
        is_gone=edit.state == "gone",
    )


def _keys(chunks: Sequence[Chunk], records: str) -> list[str] | None:
    """Return what the records of a list are known by: a pair its question, a product its name."""
    if records == "faq":
        return [chunk.tldr for chunk in chunks]
    return [chunk.title for chunk in chunks] if records == "product" else None


def _placed_at(edit: PassageEdit, match: Match, chunks: Sequence[Chunk]) -> EditOutcome:
    if not chunks:
        return _outcome(edit, "gone")  # but what it hid stays hidden
    first = chunks[0]
    if match.form == "same":
        return EditOutcome(
            edit.edit_id, "applied", first.position, first.page, first.content_hash, first.heading
        )
    newer_hash = hash_of_pieces([chunk.content_hash for chunk in chunks])
    is_accepted = edit.state == "applied" and edit.newer_hash == newer_hash
    outcome = _outcome(
        edit, "applied" if is_accepted else "changed", position=first.position, page=first.page
    )
    return replace(outcome, newer_hash=newer_hash, newer_text=first.text, newer_tldr=first.tldr)


def hash_of_pieces(hashes: Sequence[str]) -> str:
    """Return as one text the hashes of the passages that an edit stands in place of."""
    return "+".join(hashes)


def pieces_of(edit: PassageEdit) -> tuple[str, ...]:
    """Return the hashes of the pieces that a source was cut into where an edit stands, if any.

    Of an edit in force they are what a person has accepted in place of its original.
    """
    hashes = tuple(edit.newer_hash.split("+"))
    return hashes if len(hashes) > 1 else ()


def _outcome(
    edit: PassageEdit, state: str, *, position: int | None = None, page: int | None = None
) -> EditOutcome:
    return EditOutcome(
        edit.edit_id,
        state,
        edit.position if position is None else position,
        edit.page if position is None else page,
        edit.original_hash,
        edit.original_heading,
    )


def _edited(
    chunk: Chunk, edit: PassageEdit, match: Match, number: int, *, counter: TokenCounter
) -> Chunk:
    """Return a passage as a person wants it; see `Match` for what it is to the original."""
    if number in match.holding:
        return _restricted(chunk, edit)
    if number != match.numbers[0]:  # a further piece: the edited words stand in place of it
        hidden = replace(chunk, enabled=False) if edit.edited_text is not None else chunk
        return _restricted(hidden, edit)
    if match.form == "inside":
        text = None if edit.edited_text is None else _spliced(chunk.text, edit)
        return _restricted(reworded(chunk, text, edit.edited_tldr, counter=counter), edit)
    made = reworded(chunk, edit.edited_text, edit.edited_tldr, counter=counter)
    return _flagged(made, edit)


def _flagged(chunk: Chunk, edit: PassageEdit) -> Chunk:
    return replace(
        chunk,
        is_citable=chunk.is_citable if edit.is_citable is None else edit.is_citable,
        enabled=chunk.enabled if edit.enabled is None else edit.enabled,
        edit_id=edit.edit_id,
    )


def _restricted(chunk: Chunk, edit: PassageEdit) -> Chunk:
    """Flag a passage that says more than the edited one: hidden, but never let out, for it."""
    return replace(
        chunk,
        is_citable=False if edit.is_citable is False else chunk.is_citable,
        enabled=chunk.enabled and edit.enabled is not False,
        edit_id=edit.edit_id,
    )


def _spliced(text: str, edit: PassageEdit) -> str:
    """Return a text with the edited words in place of the original ones that it holds."""
    words = r"\s+".join(re.escape(word) for word in edit.original_text.split())
    return re.sub(rf"(?<!\S){words}(?!\S)", lambda _: edit.edited_text or "", text, count=1)
