"""Files into a tenant's knowledge one by one, each with a line that says how it went."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from leanrag.cli.terminal import DONE, FAILED, amount, say, waiting
from leanrag.cli.upload_files import read_file
from leanrag.errors import ExtractionFailed, InvalidInput
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.record_files import RECORDS_MEDIA_TYPE
from leanrag.sources import SourceView
from leanrag.types import SourceKind

if TYPE_CHECKING:
    from rich.progress import Progress

    from leanrag.bootstrap import Services


def report_each(files: Sequence[Path], index_one: Callable[[Path], str]) -> None:
    """Index files in order, a line each. Raises InvalidInput at the end if any was refused."""
    refusals: list[str] = []
    with _progress() as progress:
        for path in progress.track(files, description="Indexing"):
            try:
                say(f"{path}: {index_one(path)}", mark=DONE)
            except InvalidInput as exc:
                refusals.append(f"{path}: {exc.message}")
                say(refusals[-1], mark=FAILED)
    if refusals:
        raise InvalidInput(f"{len(refusals)} of {len(files)} files failed; first {refusals[0]}")


def index_file(
    services: Services,
    tenant_id: UUID,
    path: Path,
    *,
    kind: SourceKind,
    is_citable: bool,
    chunk_tokens: int | None,
) -> str:
    """Take one file in and say what became of it. Raises InvalidInput if it was refused."""
    data = read_file(path, max_bytes=services.settings.max_file_bytes)
    begun = datetime.now(UTC)
    upload = Upload(path.name, data, kind, is_citable, chunk_tokens=chunk_tokens)
    source = services.ingest.add(tenant_id, upload)
    if source.processed_at is not None and source.processed_at < begun:
        return f"was there already as {source.source_id}; --source cuts it again"
    return _describe(source)


def process_again(
    services: Services, tenant_id: UUID, source_id: UUID, *, chunk_tokens: int | None
) -> str:
    """Process a stored source now, cut to another size if given, and say what became of it.

    Raises NotFound, and InvalidInput for a list of records with a size, or where it fails.
    """
    stored = services.sources.get(tenant_id, source_id)
    if chunk_tokens is not None and stored.media_type == RECORDS_MEDIA_TYPE:
        raise InvalidInput("This source is a list of records; leave out --chunk-size.")
    with waiting("Processing"):
        done = services.ingest.process_again(tenant_id, source_id, chunk_tokens=chunk_tokens)
    return f"{done.filename}: {_describe(done)}"


def _describe(source: SourceView) -> str:
    if source.status != "processed":
        raise ExtractionFailed(source.error or "Processing did not come to its end; try again.")
    passages, tokens = amount(source.passage_count, "passage"), amount(source.token_count, "token")
    return f"{passages}, {tokens}, id {source.source_id}"


def _progress() -> Progress:
    """Return a bar on the error output; none is drawn where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        redirect_stdout=sys.stdout.isatty(),  # or a file's lines would go to the terminal
    )
