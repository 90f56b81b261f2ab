"""`tune`: what a draft of keywords, routings and budgets would change, before anybody saves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leanrag.cli.opening import open_services
from leanrag.cli.terminal import complain, say
from leanrag.text.normalize import clean

if TYPE_CHECKING:
    from uuid import UUID

    from leanrag.bootstrap import Services
    from leanrag.cli.tune_report import Trial

EXAMPLES = """Example: python -m leanrag tune --draft draft.toml --tenant demo

A draft is TOML with what changes alone: rows of keywords (intent, language, keyword, weight,
enabled), rows of routings (intent, primary_tokens, ...), and a table budget."""

NOTHING_ASKED = (
    "Nobody has asked this tenant's bots anything yet, and no message is labelled; there is nothing"
    " to try the draft on."
)


def tune(
    draft: Annotated[
        Path, typer.Option("--draft", help="A TOML file with what to change.", show_default=False)
    ],
    tenant: Annotated[
        str, typer.Option("--tenant", "-t", help="Short name or id of the tenant.")
    ] = "demo",
    bot: Annotated[
        str | None, typer.Option("--bot", help="Questions to this bot alone (default: to all).")
    ] = None,
    questions: Annotated[
        int, typer.Option("--questions", min=1, max=500, help="How many of the last questions.")
    ] = 50,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every question and keyword as JSON.")
    ] = False,
) -> None:
    """Replay the last real questions by a draft, without a model; nothing is stored."""
    text = _read(draft)
    with open_services() as services:
        tenant_id = services.tenants.find(clean(tenant)).tenant_id
        trial = _try(services, tenant_id, text, bot and clean(bot), questions)
    if not trial.lab.messages:
        complain(NOTHING_ASKED)
        raise typer.Exit(1)
    if as_json:
        from leanrag.cli.tune_json import to_json

        say(to_json(trial))
    else:
        from leanrag.cli.tune_report import show

        show(trial)


def _try(services: Services, tenant_id: UUID, text: str, bot: str | None, questions: int) -> Trial:
    """Let both engines look at the draft, each with a progress bar."""
    from leanrag.cli.tune_report import Trial
    from leanrag.tuning_file import read_tuning_file

    what_if, keyword_lab = services.what_if, services.keyword_lab
    changes = read_tuning_file(text)
    draft = changes.over(services.tuning.load(tenant_id))
    limits = changes.limits_over(what_if.limits)
    with _counting("Replaying questions") as on_progress:
        replayed = what_if.replay(
            tenant_id,
            draft,
            limits=limits,
            bot=bot,
            questions=questions,
            on_progress=on_progress,
        )
    with _counting("Examining keywords") as on_progress:
        lab = keyword_lab.examine(
            tenant_id, draft, bot=bot, questions=questions, on_progress=on_progress
        )
    return Trial(replayed, lab)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise typer.BadParameter(f"{path} cannot be read as text: {exc}.") from exc


@contextmanager
def _counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on the error output, if that is a terminal; yield what moves it."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
