"""`index --dry-run`: the passages that files would become, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from leanrag.cli.opening import read_settings
from leanrag.cli.terminal import say
from leanrag.cli.upload_files import read_file
from leanrag.errors import InvalidInput
from leanrag.types import Chunk, SourceKind

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
            say(f"✗ {refusals[-1]}\n")
            continue
        tokens = sum(chunk.token_count for chunk in chunks)
        say(f"{path}: {len(chunks)} passages, {tokens:,} tokens; nothing was stored.\n")
        for chunk in chunks:
            _show(chunk)
    if refusals:
        raise InvalidInput(f"{len(refusals)} of {len(files)} files failed; first {refusals[0]}")


def cut_file(
    path: Path, *, kind: SourceKind, chunk_tokens: int | None, settings: Settings
) -> tuple[Chunk, ...]:
    """Return the passages that a file would become. Raises InvalidInput if it is refused."""
    from leanrag.ingest.pipeline import Upload, preview

    data = read_file(path, max_bytes=settings.max_file_bytes)
    return preview(Upload(path.name, data, kind, chunk_tokens=chunk_tokens), settings)


def _show(chunk: Chunk) -> None:
    place = [f"[{chunk.position + 1}] {chunk.token_count} tokens, {chunk.language}"]
    place += [f"page {chunk.page}"] if chunk.page is not None else []
    place += [chunk.heading] if chunk.heading else []
    say(" · ".join(place))
    say(f"{chunk.text}\n")
