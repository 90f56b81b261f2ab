"""`tenant create` and `tenant list`."""

from __future__ import annotations

from typing import Annotated

import typer

from leanrag.cli.opening import open_services
from leanrag.cli.terminal import say
from leanrag.text.normalize import clean


def build_commands() -> typer.Typer:
    """Return the group of commands about tenants."""
    group = typer.Typer(help="Create and list tenants.", rich_markup_mode="rich")
    group.command(epilog="Example: python -m leanrag tenant create acme --name 'Acme Ltd.'")(create)
    group.command("list", epilog="Example: python -m leanrag tenant list")(list_tenants)
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
    """List the tenants: short name, id, name."""
    with open_services() as services:
        tenants = services.tenants.list()
    width = max(len(tenant.slug) for tenant in tenants)
    for tenant in tenants:
        say(f"{tenant.slug:<{width}}  {tenant.tenant_id}  {tenant.name}")
