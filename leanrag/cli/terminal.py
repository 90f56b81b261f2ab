"""What the command line writes: results to the output, complaints and progress to the other."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import typer

from leanrag.text.normalize import clean


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign before a line, and its colour."""

    sign: str
    colour: str


DONE = Mark("✓", "green")
DOUBTFUL = Mark("!", "yellow")
FAILED = Mark("✗", "red")


def say(text: str = "", *, mark: Mark | None = None, end_line: bool = True) -> None:
    """Write a result, without control characters that could steer the terminal."""
    # To sys.stdout of this moment, through which a progress bar keeps out of the way.
    sys.stdout.write(f"{_draw(mark)}{clean(text)}" + ("\n" if end_line else ""))
    sys.stdout.flush()


def complain(text: str) -> None:
    """Write one line to the error output."""
    typer.echo(" ".join(clean(text).split()), err=True)


def amount(number: int, noun: str) -> str:
    """Write a number of things: "1 passage", "2,000 passages"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show a spinner with `what` on the error output, if that is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def tolerate_narrow_encodings() -> None:
    """Write a question mark where the terminal's encoding lacks a letter, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _draw(mark: Mark | None) -> str:
    """Return a mark, coloured where the output is a terminal and NO_COLOR is not set."""
    if mark is None:
        return ""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return f"{mark.sign} "
    return f"{typer.style(mark.sign, fg=mark.colour, bold=True)} "
