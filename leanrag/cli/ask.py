"""`ask`: one question, answered in the terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from leanrag.cli.opening import open_services
from leanrag.cli.terminal import say
from leanrag.text.normalize import clean

EXAMPLES = """Example: python -m leanrag ask 'How much is delivery inside Turkey?'

Example: python -m leanrag ask 'Kargo ne kadar sürer?' --tenant demo --json"""


def ask(
    question: Annotated[str, typer.Argument(help="What a customer would ask.")],
    tenant: Annotated[
        str, typer.Option("--tenant", "-t", help="Short name or id of the tenant.")
    ] = "demo",
    bot: Annotated[
        str | None, typer.Option("--bot", help="Short name or id of the bot (default: the first).")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what POST /api/v1/ai/ask returns.")
    ] = False,
) -> None:
    """Answer a question, with its citations, its route and what it cost."""
    from leanrag.cli.turn import explain, run_turn, to_json

    with open_services() as services:
        tenant_id = services.tenants.find(clean(tenant)).tenant_id
        turn = run_turn(
            services.answerer, tenant_id, question, bot=bot and clean(bot), shows_text=not as_json
        )
    if as_json:
        say(to_json(turn.ended))
    else:
        explain(turn)
    if turn.ended.metadata.outcome == "stopped":
        raise typer.Abort
