"""The options that the benchmarks on question files share, and what is wrong with them."""

from __future__ import annotations

import argparse
from pathlib import Path

MIN_BUDGET, MAX_BUDGET = 50, 1_000  # the preview's prompt of 1,500 tokens holds no more evidence


def add_files(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add --passages and --questions."""
    for name in ("--passages", "--questions"):
        parser.add_argument(name, type=Path, required=required, help="JSON lines, plain or gzip")


def check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End with one sentence where --limit, if there is one, or a file that is given is wrong."""
    limit = getattr(options, "limit", None)
    if limit is not None and limit < 1:
        parser.error("--limit counts questions: give 1 or more")
    for path in (options.passages, options.questions):
        if path is not None and not path.is_file():
            parser.error(f"there is no file {path}")


def prompt_budgets(text: str) -> tuple[int, ...]:
    """Read evidence budgets "300,600,1000" that a prompt of the product can hold."""
    budgets = tuple(int(part) for part in text.split(","))
    if not all(MIN_BUDGET <= budget <= MAX_BUDGET for budget in budgets):
        raise argparse.ArgumentTypeError(f"give {MIN_BUDGET} to {MAX_BUDGET} tokens")
    return budgets
