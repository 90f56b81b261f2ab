"""What the command line writes: results to the output, complaints and progress to the other."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from leanrag.text.normalize import clean


def say(text: str = "", *, end_line: bool = True) -> None:
    """Write a result, without control characters that could steer the terminal."""
    typer.echo(clean(text), nl=end_line)


def complain(text: str) -> None:
    """Write one line to the error output."""
    typer.echo(" ".join(clean(text).split()), err=True)


def tick(mark: str, colour: str) -> str:
    """Return a coloured mark; the colour is left out where the output is no terminal."""
    return typer.style(mark, fg=colour, bold=True) if sys.stdout.isatty() else mark


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
