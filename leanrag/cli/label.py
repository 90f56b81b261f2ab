"""`label import`, `label list`, `label remove`: messages that a tenant's router learns from."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from leanrag.cli.opening import open_services
from leanrag.cli.terminal import amount, say
from leanrag.text.normalize import clean

Tenant = Annotated[str, typer.Option("--tenant", "-t", help="Short name or id of the tenant.")]
_COMMAND = "python -m leanrag label"


def build_commands() -> typer.Typer:
    """Return the group of commands about labelled messages."""
    group = typer.Typer(
        help="Teach the router with messages whose intent you know.", rich_markup_mode="rich"
    )
    for name, command, example in (
        ("import", import_labels, "import messages.csv --tenant demo"),
        ("list", list_labels, "list --tenant demo"),
        ("remove", remove_label, "remove 5f2b --tenant demo"),
    ):
        group.command(name, epilog=f"Example: {_COMMAND} {example}")(command)
    return group


def import_labels(
    file: Annotated[Path, typer.Argument(help="A CSV file with the columns text and intent.")],
    tenant: Tenant,
    by: Annotated[
        str, typer.Option("--by", envvar="USER", show_envvar=False, help="Who labelled them.")
    ] = "",
) -> None:
    """Save the messages of a CSV file: all of them or, where a line is wrong, none."""
    text = _read(file)
    with open_services() as services:
        from leanrag.labelled_messages import FEWEST_LABELS

        tenant_id = services.tenants.find(clean(tenant)).tenant_id
        saved = services.labelled_messages.import_csv(tenant_id, text, labelled_by=clean(by))
        known = len(services.labelled_messages.list(tenant_id))
    say(f"Saved {amount(saved, 'message')}; {amount(known, 'labelled message')} in all.")
    if known < FEWEST_LABELS:
        say(f"The router learns from them once there are {FEWEST_LABELS}.")


def list_labels(tenant: Tenant) -> None:
    """List the labelled messages, newest first, and how many each intent has."""
    with open_services() as services:
        tenant_id = services.tenants.find(clean(tenant)).tenant_id
        labels = services.labelled_messages.list(tenant_id)
    for label in labels:
        say(f"{label.message_key[:8]}  {label.intent:<10} {label.language}  {_short(label.text)}")
    counts = Counter(label.intent for label in labels)
    said = ", ".join(f"{intent} {count:,}" for intent, count in counts.most_common())
    say(f"{amount(len(labels), 'labelled message')}{': ' if said else ''}{said}")


def remove_label(
    key: Annotated[str, typer.Argument(help="The beginning of a message's key, from the list.")],
    tenant: Tenant,
) -> None:
    """Forget one labelled message."""
    with open_services() as services:
        tenant_id = services.tenants.find(clean(tenant)).tenant_id
        labels = services.labelled_messages.list(tenant_id)
        found = [label for label in labels if label.message_key.startswith(clean(key).strip())]
        if len(found) != 1:
            raise typer.BadParameter(f"{len(found)} labelled messages begin with {key!r}.")
        services.labelled_messages.remove(tenant_id, found[0].message_key)
    say(f"Forgot: {_short(found[0].text)}")


def _short(text: str, characters: int = 80) -> str:
    line = " ".join(text.split())
    return line if len(line) <= characters else f"{line[: characters - 1]}…"


def _read(path: Path) -> str:
    from leanrag.ingest.decode import decode_text

    try:
        return decode_text(path.read_bytes())
    except OSError as exc:
        raise typer.BadParameter(f"{path} cannot be read: {exc.strerror}.") from exc
