"""The commands put together, and every error as one line and an exit code."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from leanrag.cli import ask, bot, demo, doctor, index, label, tenant, tune, worker
from leanrag.cli.terminal import complain, tolerate_narrow_encodings
from leanrag.errors import LeanRagError

PROGRAM = "python -m leanrag"
FAILED = 1
INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 (failed), 2 (wrong usage) or 130 (Ctrl-C)."""
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    tolerate_narrow_encodings()
    try:
        code = build_app()(args=words, prog_name=PROGRAM, standalone_mode=False)
    except typer.TyperException as exc:
        complain(f"{exc.format_message()} See {PROGRAM} {_command_of(words)}--help.")
        return exc.exit_code
    except LeanRagError as exc:
        complain(exc.message)
        return FAILED
    except typer.Abort:
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def build_app() -> typer.Typer:
    """Return the command line with all of its commands."""
    app = typer.Typer(
        name="leanrag",
        callback=_start,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        epilog=f"Example: {PROGRAM} ask 'How much is delivery inside Turkey?'",
    )
    app.add_typer(tenant.build_commands(), name="tenant")
    app.add_typer(bot.build_commands(), name="bot")
    app.add_typer(label.build_commands(), name="label")
    for command, epilog in (
        (index.index, index.EXAMPLES),
        (ask.ask, ask.EXAMPLES),
        (tune.tune, tune.EXAMPLES),
        (doctor.doctor, doctor.EXAMPLES),
        (demo.demo, demo.EXAMPLES),
        (worker.worker, worker.EXAMPLES),
    ):
        app.command(epilog=epilog)(command)
    return app


def _start(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show the log on the error output.")
    ] = False,
) -> None:
    """LeanRAG: support answers from a strict 1,500-token prompt."""
    root = logging.getLogger()
    if verbose:
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    elif not root.handlers:
        # Without a handler Python writes warnings, tracebacks included, to the error output.
        root.addHandler(logging.NullHandler())


def _command_of(words: Sequence[str]) -> str:
    """Return the command that was meant, with a space behind it; empty if there is none such."""
    known = {"tenant", "bot", "label", "index", "ask", "tune", "doctor", "demo", "worker"}
    return next((f"{word} " for word in words if word in known), "")
