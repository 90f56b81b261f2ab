"""What arrives to be known: an upload, what became of it, and the source that it will be."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from uuid import UUID

from db.models import Source
from db.models.base import new_id
from leanrag.acting_name import acting_name
from leanrag.errors import InvalidInput
from leanrag.ingest.validate import safe_filename
from leanrag.sources import SourceView
from leanrag.text.normalize import clean
from leanrag.types import SOURCE_KINDS, SourceForm, SourceKind

CHUNK_TOKENS = range(32, 2001)
MAX_TAGS = 20
MAX_TAG_CHARACTERS = 40
MAX_TITLE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it arrives; `chunk_tokens` overrides the size of its passages.

    `title` is what a person calls it, and stays whatever the file calls itself. `media_type` is set
    for what this product wrote itself, such as a list of records, and None for a stranger's file,
    which is looked at. `form` "manual" is a text that is cut as instructions are.
    """

    filename: str
    data: bytes
    kind: SourceKind = "document"
    is_citable: bool = True
    bot_id: UUID | None = None
    chunk_tokens: int | None = None
    title: str = ""
    media_type: str | None = None
    form: SourceForm = "file"
    tags: tuple[str, ...] = ()
    added_by: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The stored source and its job; the same file again gives the source that is there."""

    source: SourceView
    job_id: int | None
    is_duplicate: bool


def new_source(tenant_id: UUID, upload: Upload, *, media_type: str) -> Source:
    """Return the row of an upload. Raises InvalidInput for an unknown kind or passage size."""
    if upload.kind not in SOURCE_KINDS:
        raise InvalidInput(f"{upload.kind!r} is no kind of source: use one of {SOURCE_KINDS}.")
    filename = safe_filename(upload.filename)
    return Source(
        tenant_id=tenant_id,
        source_id=new_id(),
        bot_id=upload.bot_id,
        kind=upload.kind,
        title=clean_title(upload.title) if upload.title.strip() else title_of(filename),
        filename=filename,
        media_type=media_type,
        byte_size=len(upload.data),
        content_hash=hashlib.sha256(upload.data).hexdigest(),
        is_citable=upload.is_citable,
        chunk_settings=chunk_settings(upload.chunk_tokens),
        tags=clean_tags(upload.tags),
        added_by=acting_name(upload.added_by),
        origin={"form": upload.form, "is_titled": bool(upload.title.strip())},
    )


def clean_title(title: str) -> str:
    """Return a title on one line. Raises InvalidInput for one that is empty or too long."""
    kept = " ".join(clean(title).split())
    if not kept or len(kept) > MAX_TITLE_CHARACTERS:
        raise InvalidInput(f"A title has 1 to {MAX_TITLE_CHARACTERS} letters, not {len(kept)}.")
    return kept


def clean_tags(tags: Sequence[str]) -> list[str]:
    """Return tags, every one once. Raises InvalidInput for too many or too long ones."""
    kept = list(dict.fromkeys(" ".join(clean(tag).split()) for tag in tags if tag.strip()))
    if len(kept) > MAX_TAGS or any(len(tag) > MAX_TAG_CHARACTERS for tag in kept):
        raise InvalidInput(
            f"A source has at most {MAX_TAGS} tags of at most {MAX_TAG_CHARACTERS} letters."
        )
    return kept


def chunk_settings(chunk_tokens: int | None) -> dict[str, int]:
    """Return how a source is to be cut, as it is stored. Raises InvalidInput for a wild size."""
    if chunk_tokens is None:
        return {}
    if chunk_tokens not in CHUNK_TOKENS:
        raise InvalidInput(
            f"Passages may have {CHUNK_TOKENS.start} to {CHUNK_TOKENS.stop - 1} tokens,"
            f" not {chunk_tokens}."
        )
    return {"chunk_tokens": chunk_tokens}


def title_of(filename: str) -> str:
    """Return a title from a file's name, where its content has none."""
    return PurePath(filename).stem.replace("_", " ").strip() or filename
