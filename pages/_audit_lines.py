"""The lines of the audit log's list: an event each, or many of a kind that were one deed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from leanrag.audit import Audit, AuditEventView, AuditFilter

LINES_A_PAGE = 25
EVENTS_READ = 300  # so many at once show as one line
_SMALLEST_GROUP = 3
_TOGETHER = timedelta(seconds=30)
_NEVER_GROUPED = frozenset({"sign_in"})  # each of them is looked at for itself


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Events that somebody made in one go, newest first; most lines are of one.

    `goes_on` is True where more of them stand beyond what was read.
    """

    events: tuple[AuditEventView, ...]
    goes_on: bool = False

    @property
    def latest(self) -> AuditEventView:
        """The newest of the events, which stands for all."""
        return self.events[0]


@dataclass(frozen=True, slots=True)
class LinePage:
    """A page of lines; `newer` and `older` ask for its neighbours, None where there are none."""

    lines: tuple[AuditLine, ...]
    newer: str | None
    older: str | None


def read_lines(
    audit: Audit,
    tenant_id: UUID,
    wanted: AuditFilter,
    *,
    place: tuple[str | None, str | None],
    is_grouped: bool,
) -> LinePage:
    """Read a page of lines that stands `after` or `before` a place. Raises InvalidInput."""
    after, before = place
    limit = EVENTS_READ if is_grouped else LINES_A_PAGE
    found = audit.find(tenant_id, wanted, limit=limit, after=after, before=before)
    lines = _lines(found.events, is_grouped=is_grouped)
    if before is not None and found.next_before is None and len(lines) <= LINES_A_PAGE:
        # So near to the newest that one page holds them: a full one rather than a rest.
        before, found = None, audit.find(tenant_id, wanted, limit=limit)
        lines = _lines(found.events, is_grouped=is_grouped)
    if not lines:
        return LinePage((), None, None)
    shown = lines[-LINES_A_PAGE:] if before is not None else lines[:LINES_A_PAGE]
    newer = shown[0].events[0].place if shown[0] is not lines[0] else found.next_before
    older = shown[-1].events[-1].place if shown[-1] is not lines[-1] else found.next_after
    if older is not None and shown[-1] is lines[-1] and len(shown[-1].events) > 1:
        shown = [*shown[:-1], AuditLine(shown[-1].events, goes_on=True)]
    return LinePage(tuple(shown), newer, older)


def _lines(events: Sequence[AuditEventView], *, is_grouped: bool) -> list[AuditLine]:
    return group(events) if is_grouped else [AuditLine((event,)) for event in events]


def group(events: Sequence[AuditEventView]) -> list[AuditLine]:
    """Put neighbours together that somebody did to different things of a kind in one go."""
    runs: list[list[AuditEventView]] = []
    for event in events:
        if runs and _belongs(event, runs[-1]):
            runs[-1].append(event)
        else:
            runs.append([event])
    lines: list[AuditLine] = []
    for run in runs:
        if len(run) >= _SMALLEST_GROUP:
            lines.append(AuditLine(tuple(run)))
        else:
            lines += [AuditLine((event,)) for event in run]
    return lines


def _belongs(event: AuditEventView, run: Sequence[AuditEventView]) -> bool:
    newer = run[-1]
    return (
        event.object_kind not in _NEVER_GROUPED
        and newer.at - event.at <= _TOGETHER
        and _deed(event) == _deed(newer)
        and all(event.object_id != other.object_id for other in run)  # "3 members" are three
    )


def _deed(event: AuditEventView) -> tuple[str, ...]:
    actor = (event.actor_kind, event.actor_id, event.actor_name, event.ip)
    return (*actor, event.action, event.object_kind)
