"""`tenant create`, `list`, `suspend`, `resume`, `export` and `delete`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leanrag.cli.opening import open_services
from leanrag.cli.terminal import amount, say
from leanrag.text.normalize import clean

if TYPE_CHECKING:
    from rich.progress import Progress


Name = Annotated[str, typer.Argument(help="Short name or id of the tenant.")]

_COMMAND = "python -m leanrag tenant"
_MEGABYTE = 1024**2


def build_commands() -> typer.Typer:
    """Return the group of commands about tenants."""
    group = typer.Typer(
        help="Create, list, suspend, export and delete tenants.", rich_markup_mode="rich"
    )
    for name, command, example in (
        ("create", create, "create acme --name 'Acme Ltd.'"),
        ("list", list_tenants, "list"),
        ("suspend", suspend, "suspend acme --reason 'The bill of October is not paid.'"),
        ("resume", resume, "resume acme"),
        ("export", export, "export acme --to acme.zip"),
        ("delete", delete, "delete acme --confirm acme"),
    ):
        group.command(name, epilog=f"Example: {_COMMAND} {example}")(command)
    return group


def create(
    slug: Annotated[str, typer.Argument(help="Short name: letters a-z, digits and inner dashes.")],
    name: Annotated[str, typer.Option("--name", help="The name that people see.")],
) -> None:
    """Create a tenant with one bot."""
    with open_services() as services:
        made = services.tenants.create(clean(slug), clean(name))
    say(f"Created {made.slug} ({made.name}), id {made.tenant_id}.")


def list_tenants() -> None:
    """List the tenants: short name, id, name, and why one does not work."""
    with open_services() as services:
        tenants = services.tenants.list()
    width = max(len(tenant.slug) for tenant in tenants)
    for tenant in tenants:
        state = "" if tenant.status == "active" else f"  [{tenant.status}]"
        why = f" {tenant.suspended_reason}" if tenant.suspended_reason else ""
        say(f"{tenant.slug:<{width}}  {tenant.tenant_id}  {tenant.name}{state}{why}")


def suspend(
    tenant: Name,
    reason: Annotated[str, typer.Option("--reason", help="Why; members of the tenant read it.")],
) -> None:
    """Let nobody ask a tenant's bots, use its keys or feed it; nothing is deleted."""
    with open_services() as services:
        stopped = services.tenants.suspend(clean(tenant), clean(reason))
    say(f"{stopped.slug} is suspended; its waiting jobs stand still until it is resumed.")


def resume(tenant: Name) -> None:
    """Let a suspended tenant work again."""
    with open_services() as services:
        resumed = services.tenants.resume(clean(tenant))
    say(f"{resumed.slug} works again.")


def export(
    tenant: Name,
    to: Annotated[Path, typer.Option("--to", help="The ZIP file to write; it must not exist.")],
    vectors: Annotated[
        bool, typer.Option("--vectors", help="With embeddings and BM25 weights; much larger.")
    ] = False,
) -> None:
    """Write everything that a tenant owns into a ZIP: tables as JSONL, and its original files."""
    if to.exists():
        raise typer.BadParameter(f"{to} exists already; choose another name.")
    with open_services() as services, _progress("Exporting") as progress:
        found = services.tenants.find(clean(tenant))
        task = progress.add_task("Exporting", total=None)
        written = services.tenant_export.write(
            found.tenant_id,
            to,
            with_vectors=vectors,
            on_progress=lambda p: progress.update(task, completed=p.done, total=p.total),
        )
    rows = amount(sum(written.rows.values()), "row")
    files = amount(written.files, "file")
    say(f"Wrote {rows} and {files} to {to} ({written.byte_size / _MEGABYTE:,.1f} MB).")


def delete(
    tenant: Name,
    confirm: Annotated[
        str, typer.Option("--confirm", help="The tenant's short name once more; asked if left out.")
    ] = "",
) -> None:
    """Delete a tenant with everything that it owns; there is no way back but a backup."""
    with open_services() as services:
        found = services.tenants.find(clean(tenant))
        typed = confirm or typer.prompt(
            f"Everything of {found.name} goes. Type {found.slug} to delete it", err=True
        )
        with _progress("Deleting") as progress:
            task = progress.add_task("Deleting", total=None)
            removed = services.tenant_removal.remove(
                str(found.tenant_id),
                confirmed=clean(typed),
                on_progress=lambda p: progress.update(task, completed=p.deleted),
            )
    people = amount(removed.people, "person") if removed.people == 1 else f"{removed.people} people"
    rows = amount(sum(removed.rows.values()), "row")
    say(f"Deleted {removed.slug}: {rows} and {people} in {removed.seconds:.1f} s.")


@contextmanager
def _progress(what: str) -> Iterator[Progress]:
    """Show a bar with `what` on the error output, if that is a terminal."""
    import sys

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as progress:
        yield progress
