"""A tenant's bots (`bot list`, `create`, `rename`, `delete`), and what each of them says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from leanrag.cli.opening import open_services
from leanrag.cli.terminal import amount, say
from leanrag.text.normalize import clean

if TYPE_CHECKING:
    from leanrag.bootstrap import Services
    from leanrag.bot_content import FieldChange
    from leanrag.bot_summaries import BotSummary
    from leanrag.bot_version_rows import VersionStamp
    from leanrag.bot_versions import BotVersions

MAX_SHOWN_CHARACTERS = 70

Tenant = Annotated[str, typer.Option("--tenant", "-t", help="Short name or id of the tenant.")]
Bot = Annotated[
    str | None, typer.Option("--bot", help="Short name or id of the bot (default: the first).")
]
Name = Annotated[str, typer.Option("--name", help="The name that people see.")]
Chosen = Annotated[str, typer.Argument(help="Short name or id of the bot.")]
By = Annotated[
    str,
    typer.Option("--by", envvar="USER", show_envvar=False, help="Who does it, for the others."),
]
Note = Annotated[str, typer.Option("--note", help="What the new version is for.")]

_COMMAND = "python -m leanrag bot"


def build_commands() -> typer.Typer:
    """Return the group of commands about bots."""
    group = typer.Typer(
        help="List, create, rename and delete bots; edit, publish and roll back what one says.",
        rich_markup_mode="rich",
    )
    for name, command, example in (
        ("list", list_bots, "list --tenant demo"),
        ("create", create, "create sales --name 'Sales desk' --tenant demo"),
        ("rename", rename, "rename sales --name 'Sales' --tenant demo"),
        ("delete", delete, "delete sales --tenant demo --confirm sales"),
        ("versions", versions, "versions --tenant demo"),
        ("show", show, "show --tenant demo > bot.toml"),
        ("edit", edit, "edit --file bot.toml --tenant demo"),
        ("publish", publish, "publish --tenant demo --edit 1 --note 'A warmer greeting'"),
        ("rollback", rollback, "rollback --to 3 --tenant demo"),
    ):
        group.command(name, epilog=f"Example: {_COMMAND} {example}")(command)
    return group


def list_bots(tenant: Tenant) -> None:
    """List a tenant's bots: short name, id, version in force, and what belongs to each."""
    with _open_tenant(tenant) as (services, tenant_id):
        bots = services.bot_summaries.list(tenant_id)
    width = max((len(bot.slug) for bot in bots), default=0)
    for bot in bots:
        say(f"{bot.slug:<{width}}  {bot.bot_id}  {_summary(bot)}")


def create(
    slug: Annotated[str, typer.Argument(help="Short name: letters a-z, digits and inner dashes.")],
    name: Name,
    tenant: Tenant,
) -> None:
    """Create a bot with a plain persona and the tenant's routing; it can be asked at once."""
    with _open_tenant(tenant) as (services, tenant_id):
        made = services.bots.create(tenant_id, clean(slug), clean(name))
    say(f"Created {made.slug} ({made.name}), id {made.bot_id}.")


def rename(bot: Chosen, name: Name, tenant: Tenant) -> None:
    """Give a bot another name to be shown by; its short name stays."""
    with _open_tenant(tenant) as (services, tenant_id):
        renamed = services.bots.rename(tenant_id, clean(bot), clean(name))
    say(f"{renamed.slug} is shown as {renamed.name} now.")


def delete(
    bot: Chosen,
    tenant: Tenant,
    confirm: Annotated[
        str, typer.Option("--confirm", help="The bot's short name once more; asked if left out.")
    ] = "",
) -> None:
    """Delete a bot with its versions, conversations and own sources; it is final."""
    with _open_tenant(tenant) as (services, tenant_id):
        found = services.bots.find(tenant_id, clean(bot))
        summaries = services.bot_summaries.list(tenant_id)
        held = next(one for one in summaries if one.bot_id == found.bot_id)
        typed = confirm or typer.prompt(
            f"With {found.name} go {_held(held)}. Type {found.slug} to delete it", err=True
        )
        services.bots.delete(tenant_id, found.bot_id, confirmed=clean(typed))
    say(f"Deleted {found.slug} with {_held(held)}.")


def versions(tenant: Tenant, bot: Bot = None) -> None:
    """List a bot's draft and versions, newest first."""
    with _open(tenant) as (service, tenant_id):
        stamps = service.list(tenant_id, bot and clean(bot))
    for stamp in stamps:
        say(_line(stamp))


def show(
    tenant: Tenant,
    bot: Bot = None,
    version: Annotated[
        int | None, typer.Option("--version", help="Show this version instead of the draft.")
    ] = None,
) -> None:
    """Print the draft, or what is published if there is none, as a file for `edit`."""
    from leanrag.bot_file import write_draft_file
    from leanrag.bot_version_rows import BotVersion

    with _open(tenant) as (service, tenant_id):
        shown = service.open_draft(tenant_id, bot and clean(bot))
        if version is not None:
            older = service.get(tenant_id, bot and clean(bot), version)
            shown = BotVersion(shown.stamp, older.content)
    say(write_draft_file(shown), end_line=False)


def edit(
    file: Annotated[Path, typer.Option("--file", help="What `show` printed, edited.")],
    tenant: Tenant,
    bot: Bot = None,
    by: By = "",
) -> None:
    """Save a file as the draft, and print what it would change."""
    from leanrag.bot_content import changes
    from leanrag.bot_file import read_draft_file

    read = read_draft_file(_read(file))
    with _open(tenant) as (service, tenant_id):
        name = bot and clean(bot)
        draft = service.save_draft(
            tenant_id, name, read.content, edit=read.edit, based_on=read.based_on, edited_by=by
        )
        published = service.get(tenant_id, name)
    say(f"Saved as edit {draft.stamp.edit}; it changes version {published.stamp.version}:")
    _say_changes(changes(published.content, draft.content))


def publish(
    tenant: Tenant,
    bot: Bot = None,
    edit: Annotated[
        int | None, typer.Option("--edit", help="Only if the draft is still at this edit.")
    ] = None,
    note: Note = "",
    by: By = "",
) -> None:
    """Put the draft in force, at once and as a whole."""
    with _open(tenant) as (service, tenant_id):
        name = bot and clean(bot)
        seen = service.open_draft(tenant_id, name).stamp.edit if edit is None else edit
        before = service.get(tenant_id, name).stamp.version
        made = service.publish(tenant_id, name, edit=seen, note=note, edited_by=by)
        changed = service.compare(tenant_id, name, before, made.stamp.version) if before else ()
    say(f"Version {made.stamp.version} is in force.")
    _say_changes(changed)


def rollback(
    to: Annotated[int, typer.Option("--to", min=1, help="The version to bring back.")],
    tenant: Tenant,
    bot: Bot = None,
    note: Note = "",
    by: By = "",
) -> None:
    """Put an older version in force again, under a new number."""
    with _open(tenant) as (service, tenant_id):
        made = service.rollback(tenant_id, bot and clean(bot), to=to, note=note, edited_by=by)
    say(f"Version {made.stamp.version} is in force; it says what version {to} said.")


@contextmanager
def _open_tenant(tenant: str) -> Iterator[tuple[Services, UUID]]:
    with open_services() as services:
        yield services, services.tenants.find(clean(tenant)).tenant_id


@contextmanager
def _open(tenant: str) -> Iterator[tuple[BotVersions, UUID]]:
    with _open_tenant(tenant) as (services, tenant_id):
        yield services.bot_versions, tenant_id


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise typer.BadParameter(f"{path} cannot be read as text: {exc}.") from exc


def _summary(bot: BotSummary) -> str:
    draft = ", open draft" if bot.draft_saved_at is not None else ""
    return f"{bot.name}  (version {bot.prompt_version}{draft}; {_held(bot)})"


def _held(bot: BotSummary) -> str:
    sources = amount(bot.own_sources, "source")
    return f"{amount(bot.conversations, 'conversation')} and {sources} of its own"


def _line(stamp: VersionStamp) -> str:
    name = f"edit {stamp.edit}" if stamp.state == "draft" else str(stamp.version)
    at = stamp.published_at or stamp.updated_at
    parts = [f"{name:<8}", f"{stamp.state:<9}", "" if at is None else f"{at:%Y-%m-%d %H:%M}"]
    if stamp.restored_from is not None:
        parts.append(f"restores {stamp.restored_from}")
    return "  ".join([*parts, *(part for part in (stamp.edited_by, stamp.note) if part)])


def _say_changes(changed: tuple[FieldChange, ...]) -> None:
    for change in changed:
        say(f"  {change.field}: {_short(change.before)} → {_short(change.after)}")
    if not changed:
        say("  nothing")


def _short(text: str) -> str:
    line = " ".join(text.split())
    if len(line) > MAX_SHOWN_CHARACTERS:
        line = line[: MAX_SHOWN_CHARACTERS - 1] + "…"
    return f"“{line}”" if line else "–"
