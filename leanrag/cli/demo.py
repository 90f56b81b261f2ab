"""`demo`: the demo shop's knowledge, and four questions to it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from leanrag.cli.opening import open_services
from leanrag.cli.terminal import amount, say, waiting

if TYPE_CHECKING:
    from leanrag.bootstrap import Services

EXAMPLES = """Example: python -m leanrag demo

Example: python -m leanrag demo --reset --yes"""


def demo(
    reset: Annotated[
        bool, typer.Option("--reset", help="First delete all that the demo tenant knows.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before deleting.")] = False,
) -> None:
    """Load the demo shop, and show a question in each language with its answer."""
    if reset and not yes:
        _confirm()
    with open_services() as services:
        if reset:
            say(f"Deleted {amount(_forget(services), 'source')} of the demo tenant.")
        with waiting("Loading the demo"):
            count = _load(services)
        say(f"The demo tenant has {amount(count, 'source')}.\n")
        _show_questions(services)


def _confirm() -> None:
    if not sys.stdin.isatty():
        raise typer.BadParameter("--reset deletes the demo tenant's sources; confirm with --yes.")
    typer.confirm(
        "Delete every source of the demo tenant, uploads of your own included?", abort=True
    )


def _forget(services: Services) -> int:
    deleted = 0
    while sources := services.sources.list(services.local_tenant_id):
        for source in sources:
            services.sources.delete(services.local_tenant_id, source.source_id)
        deleted += len(sources)
    return deleted


def _load(services: Services) -> int:
    from leanrag.demo.loader import load_demo
    from leanrag.text.tokens import load_counter

    return load_demo(services.local_tenant_id, services.database, services.ingest, load_counter())


def _show_questions(services: Services) -> None:
    from leanrag.cli.turn import run_turn
    from leanrag.demo.loader import demo_questions

    first_of_language = {asked.language: asked for asked in reversed(demo_questions())}
    for asked in sorted(first_of_language.values(), key=lambda asked: asked.language):
        say(f"? {asked.question}")
        turn = run_turn(
            services.answerer,
            services.local_tenant_id,
            asked.question,
            bot=None,
            shows_text=True,
        )
        facts = turn.ended.metadata
        say(f"  {facts.prompt_tokens:,} prompt tokens, {facts.saved_tokens:,} saved\n")
