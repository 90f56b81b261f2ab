"""Changing sources as a whole, one or many at once, and taking it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from uuid import UUID

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.source_changes import SourceChange
from leanrag.sources import SourceView
from pages._documents_notice import complain, say
from pages._documents_why import error_sentence
from pages._documents_words import title_text
from pages._locale import number, t

Changes = Sequence[tuple[SourceView, SourceChange]]
_REASONS_NAMED = 3


def change_sources(services: Services, tenant_id: UUID, changes: Changes, done: str) -> None:
    """Make the changes that change anything; say `done` with a way back, or what was not done."""
    wanted = [(source, change) for source, change in changes if _differs(source, change)]
    backs, problems = _carry_out(services, tenant_id, wanted)
    if problems:
        complain(_problem_text(problems))
    elif backs:
        say(done, lambda: _take_back(services, tenant_id, backs))


def for_each(
    sources: Sequence[SourceView], action: Callable[[SourceView], object], done: str
) -> None:
    """Do something with every source; say `done`, or with which of them it failed, and why."""
    problems = []
    for source in sources:
        try:
            action(source)
        except LeanRagError as exc:
            problems.append((source, exc))
    if problems:
        complain(_problem_text(problems))
    else:
        say(done)


def _carry_out(
    services: Services, tenant_id: UUID, changes: Changes
) -> tuple[Changes, list[tuple[SourceView, LeanRagError]]]:
    """Return the changes that take back those that were made, and what became of the others."""
    backs, problems = [], []
    for source, change in changes:
        try:
            changed = services.source_changes.change(tenant_id, source.source_id, change)
        except LeanRagError as exc:
            problems.append((source, exc))
        else:
            backs.append((changed, _opposite(source, change)))
    return backs, problems


def _take_back(services: Services, tenant_id: UUID, backs: Changes) -> None:
    _, problems = _carry_out(services, tenant_id, backs)
    if problems:
        complain(_problem_text(problems))
    else:
        say(t("documents.undone"))


def _differs(source: SourceView, change: SourceChange) -> bool:
    return _opposite(source, change) != change


def _opposite(source: SourceView, change: SourceChange) -> SourceChange:
    """Return the change that gives a source back what this one takes from it."""
    named = [field.name for field in fields(change) if getattr(change, field.name) is not None]
    before = {name: getattr(source, name) for name in named}
    if "bot_id" in before:
        before["bot_id"] = before["bot_id"] or "every"
    return SourceChange(**before)


def _problem_text(problems: Sequence[tuple[SourceView, LeanRagError]]) -> str:
    lines = [f"{title_text(source)}: {error_sentence(exc)}" for source, exc in problems]
    if len(lines) > _REASONS_NAMED:
        rest = number(len(lines) - _REASONS_NAMED)
        lines = [*lines[:_REASONS_NAMED], t("documents.and_more", count=rest)]
    return "  \n".join(lines)
