"""`index --dry-run`: the passages that files would become, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from leanrag.cli.opening import read_settings
from leanrag.cli.terminal import DONE, FAILED, amount, say
from leanrag.cli.upload_files import read_file
from leanrag.errors import InvalidInput, NoTextFound
from leanrag.ingest.extracted import Chunk
from leanrag.types import SourceKind

if TYPE_CHECKING:
    from leanrag.settings import Settings


def show_passages(files: Sequence[Path], *, kind: SourceKind, chunk_tokens: int | None) -> None:
    """Print every file's passages. Raises InvalidInput at the end if any file was refused."""
    settings = read_settings()
    refusals: list[str] = []
    for path in files:
        try:
            chunks = cut_file(path, kind=kind, chunk_tokens=chunk_tokens, settings=settings)
        except InvalidInput as exc:
            refusals.append(f"{path}: {exc.message}")
            say(f"{refusals[-1]}\n", mark=FAILED)
            continue
        tokens = sum(chunk.token_count for chunk in chunks)
        size = f"{amount(len(chunks), 'passage')}, {amount(tokens, 'token')}"
        say(f"{path}: {size}; nothing was stored.\n", mark=DONE)
        for chunk in chunks:
            _show(chunk)
    if refusals:
        raise InvalidInput(f"{len(refusals)} of {len(files)} files failed; first {refusals[0]}")


def cut_file(
    path: Path, *, kind: SourceKind, chunk_tokens: int | None, settings: Settings
) -> tuple[Chunk, ...]:
    """Return the passages that a file would become. Raises InvalidInput if it is refused.

    The steps of `Ingest.preview`, which belongs to a database that need not exist here.
    """
    from leanrag.ingest.chunk import cut
    from leanrag.ingest.extract import extract
    from leanrag.ingest.validate import identify
    from leanrag.text.tokens import load_counter

    data = read_file(path, max_bytes=settings.max_file_bytes)
    upload_type = identify(data, path.name, max_bytes=settings.max_file_bytes)
    chunks = cut(
        extract(data, upload_type, settings=settings),
        kind=kind,
        max_tokens=chunk_tokens or settings.chunk_tokens,
        overlap_tokens=settings.chunk_overlap_tokens,
        counter=load_counter(),
        fallback_title=path.stem,
    )
    if not chunks:
        raise NoTextFound("This file holds no text to read.")
    return chunks


def _show(chunk: Chunk) -> None:
    place = [f"[{chunk.position + 1}] {amount(chunk.token_count, 'token')}, {chunk.language}"]
    place += [f"page {chunk.page}"] if chunk.page is not None else []
    place += [chunk.heading] if chunk.heading else []
    say(" · ".join(place))
    say(f"{chunk.text}\n")
