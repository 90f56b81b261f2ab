"""What a tenant's calls took and cost, and what the budget saved, by time, bot and model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from db.models import Bot, UsageEvent
from db.tenancy import Database

MAX_HOURLY_HOURS = 48
ALERT_CALLS = 20  # a model that kept to the limit so often in a row has no alert
ALERT_DAYS = 30


@dataclass(frozen=True, slots=True)
class UsageTotals:
    """Sums over calls; `unpriced_requests` are those whose price nobody knows (not in the cost).

    `saved_tokens` = what send-everything prompts would have taken, less what was taken.
    """

    requests: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    counterfactual_tokens: int
    saved_tokens: int
    cost_usd: float
    saved_usd: float
    unpriced_requests: int


@dataclass(frozen=True, slots=True)
class UsageRow:
    """The totals of one hour or day (`key`: ISO time), bot or model."""

    key: str
    label: str
    totals: UsageTotals


@dataclass(frozen=True, slots=True)
class UsageReport:
    """A window of time and its totals; empty hours or days stand in `by_time` with zeros."""

    since: datetime
    until: datetime
    totals: UsageTotals
    by_time: tuple[UsageRow, ...]
    by_bot: tuple[UsageRow, ...]
    by_model: tuple[UsageRow, ...]


@dataclass(frozen=True, slots=True)
class UsageEventView:
    """One provider call, or one answer without a model."""

    occurred_at: datetime
    kind: str
    bot: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    counterfactual_tokens: int
    cost_usd: float | None
    is_reported: bool
    outcome: str
    latency_ms: float
    first_token_ms: float | None


@dataclass(frozen=True, slots=True)
class PromptAlert:
    """A model whose provider lately reported prompts above the limit, in tokens.

    `calls_above` of its last `calls_seen` went above; `reported_tokens` to `excess_tokens` are
    those of the one that went farthest, and `latest_at` is when the last one did.
    """

    model: str
    calls_above: int
    calls_seen: int
    reported_tokens: int
    counted_tokens: int
    excess_tokens: int
    latest_at: datetime

    @property
    def max_prompt_tokens(self) -> int:
        """The limit that was in force."""
        return self.reported_tokens - self.excess_tokens


NOTHING = UsageTotals(0, 0, 0, 0, 0, 0, 0, 0.0, 0.0, 0)

_SUMS = (
    func.count().label("requests"),
    func.count().filter(UsageEvent.outcome == "failed").label("failed"),
    func.coalesce(func.sum(UsageEvent.prompt_tokens), 0).label("prompt_tokens"),
    func.coalesce(func.sum(UsageEvent.completion_tokens), 0).label("completion_tokens"),
    func.coalesce(func.sum(UsageEvent.counterfactual_tokens), 0).label("counterfactual_tokens"),
    func.coalesce(
        func.sum(
            func.greatest(UsageEvent.counterfactual_tokens - UsageEvent.prompt_tokens, 0)
        ).filter(UsageEvent.kind == "answer"),
        0,
    ).label("saved_tokens"),
    func.coalesce(func.sum(UsageEvent.cost_usd), 0).label("cost_usd"),
    func.coalesce(func.sum(UsageEvent.saved_usd), 0).label("saved_usd"),
    func.count().filter(UsageEvent.cost_usd.is_(None)).label("unpriced_requests"),
)


class Usage:
    """Reads a tenant's usage."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def report(self, tenant_id: UUID, *, hours: int = 24) -> UsageReport:
        """Return the last `hours`, by hour up to two days, by day beyond; times in UTC.

        The window begins with a whole hour or day, so that the first row is no fraction.
        """
        until, unit = datetime.now(UTC), _unit(hours)
        since = _since(until, hours)
        with self._database.tenant(tenant_id) as session:
            by_time = _by_time(tenant_id, since, until, unit, session=session)
            by_bot = _by_bot(tenant_id, since, session=session)
            by_model = _by_model(tenant_id, since, session=session)
            window = select(*_SUMS).where(*_within(tenant_id, since))
            totals = _totals(session.execute(window).one())
        return UsageReport(since, until, totals, by_time, by_bot, by_model)

    def events(
        self, tenant_id: UUID, *, hours: int, limit: int = 5000
    ) -> tuple[UsageEventView, ...]:
        """Return the single calls of the report's window for the same `hours`, newest first."""
        since = _since(datetime.now(UTC), hours)
        query = (
            select(UsageEvent, Bot.name)
            .outerjoin(
                Bot, (Bot.tenant_id == UsageEvent.tenant_id) & (Bot.bot_id == UsageEvent.bot_id)
            )
            .where(*_within(tenant_id, since))
            .order_by(UsageEvent.occurred_at.desc(), UsageEvent.usage_id.desc())
            .limit(limit)
        )
        with self._database.tenant(tenant_id) as session:
            return tuple(_event_view(event, bot) for event, bot in session.execute(query))

    def prompt_alerts(self, tenant_id: UUID) -> tuple[PromptAlert, ...]:
        """Return an alert for each model with a prompt above the limit among its last 20 reports.

        Reports older than 30 days count no more. The farthest above comes first.
        """
        since = datetime.now(UTC) - timedelta(days=ALERT_DAYS)
        suspects = (
            select(UsageEvent.model)
            .distinct()
            .where(*_within(tenant_id, since), UsageEvent.excess_tokens > 0)
        )
        with self._database.tenant(tenant_id) as session:
            models = session.scalars(suspects).all()
            found = [_alert(tenant_id, model, since, session=session) for model in models]
        alerts = [alert for alert in found if alert is not None]
        return tuple(sorted(alerts, key=lambda alert: (-alert.excess_tokens, alert.model)))


def _alert(tenant_id: UUID, model: str, since: datetime, *, session: Session) -> PromptAlert | None:
    query = (
        select(UsageEvent)
        .where(
            *_within(tenant_id, since),
            UsageEvent.model == model,
            UsageEvent.counted_tokens.is_not(None),
        )
        .order_by(UsageEvent.occurred_at.desc(), UsageEvent.usage_id.desc())
        .limit(ALERT_CALLS)
    )
    latest = session.scalars(query).all()
    above = [event for event in latest if event.excess_tokens > 0]
    if not above:
        return None
    farthest = max(above, key=lambda event: event.excess_tokens)
    return PromptAlert(
        model=model,
        calls_above=len(above),
        calls_seen=len(latest),
        reported_tokens=farthest.prompt_tokens,
        counted_tokens=farthest.counted_tokens or 0,
        excess_tokens=farthest.excess_tokens,
        latest_at=above[0].occurred_at,
    )


def _within(tenant_id: UUID, since: datetime) -> tuple[Any, ...]:
    return (UsageEvent.tenant_id == tenant_id, UsageEvent.occurred_at >= since)


def _by_time(
    tenant_id: UUID, since: datetime, until: datetime, unit: str, *, session: Session
) -> tuple[UsageRow, ...]:
    bucket = func.date_trunc(unit, UsageEvent.occurred_at, "UTC").label("bucket")
    query = select(bucket, *_SUMS).where(*_within(tenant_id, since)).group_by("bucket")
    found = {row.bucket.astimezone(UTC): _totals(row) for row in session.execute(query)}
    step = timedelta(hours=1) if unit == "hour" else timedelta(days=1)
    return tuple(
        UsageRow(moment.isoformat(), moment.isoformat(), found.get(moment, NOTHING))
        for moment in _moments(since, until, step)
    )


def _by_bot(tenant_id: UUID, since: datetime, *, session: Session) -> tuple[UsageRow, ...]:
    query = (
        select(UsageEvent.bot_id, func.max(Bot.name).label("name"), *_SUMS)
        .outerjoin(Bot, (Bot.tenant_id == UsageEvent.tenant_id) & (Bot.bot_id == UsageEvent.bot_id))
        .where(*_within(tenant_id, since))
        .group_by(UsageEvent.bot_id)
    )
    rows = [
        UsageRow(str(row.bot_id or ""), row.name or "", _totals(row))
        for row in session.execute(query)
    ]
    return _largest_first(rows)


def _by_model(tenant_id: UUID, since: datetime, *, session: Session) -> tuple[UsageRow, ...]:
    query = (
        select(UsageEvent.model, *_SUMS)
        .where(*_within(tenant_id, since))
        .group_by(UsageEvent.model)
    )
    rows = [UsageRow(row.model, row.model, _totals(row)) for row in session.execute(query)]
    return _largest_first(rows)


def _largest_first(rows: Sequence[UsageRow]) -> tuple[UsageRow, ...]:
    return tuple(sorted(rows, key=lambda row: (-row.totals.total_tokens, row.label)))


def _moments(since: datetime, until: datetime, step: timedelta) -> Iterator[datetime]:
    moment = since
    while moment <= until:
        yield moment
        moment += step


def _unit(hours: int) -> str:
    return "hour" if hours <= MAX_HOURLY_HOURS else "day"


def _since(until: datetime, hours: int) -> datetime:
    return _floor(until - timedelta(hours=hours), _unit(hours))


def _floor(moment: datetime, unit: str) -> datetime:
    floored = moment.replace(minute=0, second=0, microsecond=0)
    return floored if unit == "hour" else floored.replace(hour=0)


def _totals(row: Row[Any]) -> UsageTotals:
    prompt, completion = int(row.prompt_tokens), int(row.completion_tokens)
    return UsageTotals(
        requests=row.requests,
        failed=row.failed,
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        counterfactual_tokens=int(row.counterfactual_tokens),
        saved_tokens=int(row.saved_tokens),
        cost_usd=float(row.cost_usd),
        saved_usd=float(row.saved_usd),
        unpriced_requests=row.unpriced_requests,
    )


def _event_view(event: UsageEvent, bot: str | None) -> UsageEventView:
    return UsageEventView(
        occurred_at=event.occurred_at,
        kind=event.kind,
        bot=bot or "",
        model=event.model,
        prompt_tokens=event.prompt_tokens,
        completion_tokens=event.completion_tokens,
        counterfactual_tokens=event.counterfactual_tokens,
        cost_usd=None if event.cost_usd is None else float(event.cost_usd),
        is_reported=event.is_reported,
        outcome=event.outcome,
        latency_ms=event.latency_ms,
        first_token_ms=event.first_token_ms,
    )
