"""What is said of bots and their versions, as markdown."""

from __future__ import annotations

from leanrag.bot_summaries import BotSummary
from leanrag.bot_version_rows import VersionStamp, VersionState
from pages._locale import number, t, when
from pages._names import name_text

_COLOURS: dict[VersionState, str] = {"draft": "orange", "published": "green", "retired": "gray"}


def version_badge(version: int) -> str:
    """Return a badge of the version in force."""
    if not version:
        return f":gray-badge[{t('bots.no_version')}]"
    return f":green-badge[{t('bots.in_force', version=number(version))}]"


def draft_badge(bot: BotSummary) -> str:
    """Return a badge for an open draft; nothing where there is none."""
    return f" :orange-badge[{t('bots.has_draft')}]" if bot.draft_saved_at is not None else ""


def held_text(bot: BotSummary) -> str:
    """Return how many conversations and sources belong to a bot alone."""
    return " · ".join(
        (
            t("bots.conversations", count=number(bot.conversations)),
            t("bots.own_sources", count=number(bot.own_sources)),
        )
    )


def state_badge(state: VersionState) -> str:
    """Return a version's state as a badge."""
    return f":{_COLOURS[state]}-badge[{t(f'bots.state_{state}')}]"


def stamp_text(stamp: VersionStamp) -> str:
    """Return who made a version, when, and of what."""
    at = stamp.published_at or stamp.updated_at
    parts = [when(at)] if at is not None else []
    if stamp.edited_by:
        parts.append(t("bots.by", name=name_text(stamp.edited_by, 60)))
    if stamp.restored_from is not None:
        parts.append(t("bots.restores", version=number(stamp.restored_from)))
    return " · ".join(parts)
