"""Files into a tenant's knowledge one by one, each with a line that says how it went."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from leanrag.cli.terminal import say, tick, waiting
from leanrag.cli.upload_files import read_file
from leanrag.errors import ExtractionFailed, InvalidInput
from leanrag.ingest.pipeline import Upload
from leanrag.sources import SourceView, find_source
from leanrag.types import SourceKind

if TYPE_CHECKING:
    from leanrag.bootstrap import Services

_RECORDS = "text/csv"  # the media type of lists that were cut by their rows


def report_each(files: Sequence[Path], index_one: Callable[[Path], str]) -> None:
    """Index files in order, a line each. Raises InvalidInput at the end if any was refused."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    refusals: list[str] = []
    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    shown = console.is_terminal and len(files) > 0
    with Progress(*columns, console=console, transient=True, disable=not shown) as progress:
        task = progress.add_task("", total=len(files))
        for path in files:
            progress.update(task, description=path.name)
            try:
                line = f"{tick('✓', 'green')} {path}: {index_one(path)}"
            except InvalidInput as exc:
                refusals.append(f"{path}: {exc.message}")
                line = f"{tick('✗', 'red')} {refusals[-1]}"
            _print_above(progress.console, line, shown=shown)
            progress.advance(task)
    if refusals:
        raise InvalidInput(f"{len(refusals)} of {len(files)} files failed; first {refusals[0]}")
