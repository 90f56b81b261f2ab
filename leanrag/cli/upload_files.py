"""Paths of the command line → files to be taken in."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from leanrag.errors import FileTooLarge, InvalidInput

READABLE = frozenset(
    {
        *(".pdf", ".docx", ".xlsx", ".csv", ".tsv", ".html", ".htm", ".xhtml"),
        *(".srt", ".vtt", ".txt", ".md", ".markdown"),
    }
)


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Return each file once, and every readable one below each folder, hidden ones left out.

    What is missing, or a folder without such a file, stays in the list: reading it says why.
    """
    found: dict[Path, None] = {}
    for path in paths:
        found.update(dict.fromkeys(_walk(path) if path.is_dir() else [path]))
    return list(found)


def read_file(path: Path, *, max_bytes: int) -> bytes:
    """Return a file's bytes. Raises InvalidInput (FileTooLarge) with the reason why not."""
    if path.is_dir():
        raise InvalidInput("This folder holds no file that LeanRAG reads.")
    if not path.exists():
        raise InvalidInput("There is no file or folder of this name.")
    if not path.is_file():
        raise InvalidInput("This is no ordinary file.")
    try:
        size = path.stat().st_size
        if size > max_bytes:  # before reading: it may not fit into memory
            raise FileTooLarge(
                f"This file has {size / 2**20:.1f} MB and the limit is {max_bytes / 2**20:.1f} MB;"
                " split it or shrink it."
            )
        return path.read_bytes()
    except OSError as exc:
        raise InvalidInput(f"This file cannot be read ({exc.strerror}).") from exc


def _walk(folder: Path) -> list[Path]:
    found: list[Path] = []
    for directory, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith("."))
        files = (Path(directory, name) for name in sorted(names) if not name.startswith("."))
        found += [file for file in files if file.suffix.lower() in READABLE]
    return found or [folder]
