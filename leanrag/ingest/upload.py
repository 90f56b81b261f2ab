"""What arrives to be known: an upload, what became of it, and the source that it will be."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePath
from uuid import UUID

from db.models import Source
from db.models.base import new_id
from leanrag.errors import InvalidInput
from leanrag.ingest.validate import safe_filename
from leanrag.sources import SourceView
from leanrag.types import SOURCE_KINDS, SourceKind

CHUNK_TOKENS = range(32, 2001)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it arrives; `chunk_tokens` overrides the size of its passages."""

    filename: str
    data: bytes
    kind: SourceKind = "document"
    is_citable: bool = True
    bot_id: UUID | None = None
    chunk_tokens: int | None = None


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
        title=title_of(filename),
        filename=filename,
        media_type=media_type,
        byte_size=len(upload.data),
        content_hash=hashlib.sha256(upload.data).hexdigest(),
        is_citable=upload.is_citable,
        chunk_settings=chunk_settings(upload.chunk_tokens),
    )


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
