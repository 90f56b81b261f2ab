"""Sums of usage by time, bot and model, from rows that are written by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from db.models import Bot, UsageEvent
from leanrag.csv_export import export_csv
from leanrag.guarded_database import GuardedDatabase
from leanrag.usage import ALERT_CALLS, NOTHING, PromptAlert, Usage, UsageTotals
from tests.product_parts import new_tenant

NOW = datetime.now(UTC)


@pytest.fixture
def tenant_id(shared_database: GuardedDatabase) -> UUID:
    return new_tenant(shared_database)


@pytest.fixture
def usage(shared_database: GuardedDatabase) -> Usage:
    return Usage(shared_database)


@pytest.fixture
def add(shared_database: GuardedDatabase, tenant_id: UUID) -> Any:
    def add(*, ago: timedelta = timedelta(), **values: Any) -> None:
        row = {
            "tenant_id": tenant_id,
            "occurred_at": NOW - ago,
            "kind": "answer",
            "model": "gpt-4o-mini",
            "prompt_tokens": 1000,
            "completion_tokens": 100,
            "counterfactual_tokens": 24_000,
            "cost_usd": Decimal("0.00021"),
            "saved_usd": Decimal("0.00345"),
            "is_reported": True,
            "outcome": "complete",
            "latency_ms": 900.0,
            "first_token_ms": 300.0,
        }
        with shared_database.tenant(tenant_id) as session:
            session.add(UsageEvent(**{**row, **values}))

    return add


def bot_of(database: GuardedDatabase, tenant_id: UUID) -> UUID:
    with database.tenant(tenant_id) as session:
        return session.scalars(select(Bot.bot_id)).one()


def test_a_tenant_without_usage_has_rows_of_zeros(usage: Usage, tenant_id: UUID):
    report = usage.report(tenant_id)
    assert report.totals == NOTHING
    assert {row.totals for row in report.by_time} == {NOTHING}
    assert report.by_bot == report.by_model == ()


def test_totals_are_the_sums_of_the_calls(usage: Usage, tenant_id: UUID, add):
    for _ in range(3):
        add()
    add(kind="embedding", completion_tokens=0, counterfactual_tokens=0, saved_usd=None)
    totals = usage.report(tenant_id).totals
    assert totals == UsageTotals(
        requests=4,
        failed=0,
        prompt_tokens=4000,
        completion_tokens=300,
        total_tokens=4300,
        counterfactual_tokens=72_000,
        saved_tokens=69_000,  # of answers: an embedding saves nothing
        cost_usd=pytest.approx(0.00084),
        saved_usd=pytest.approx(0.01035),
        unpriced_requests=0,
    )


def test_a_prompt_above_the_counterfactual_saves_nothing_and_costs_no_savings(
    usage: Usage, tenant_id: UUID, add
):
    add(counterfactual_tokens=400)
    add(counterfactual_tokens=3000)
    assert usage.report(tenant_id).totals.saved_tokens == 2000


def test_unknown_prices_are_counted_and_not_guessed(usage: Usage, tenant_id: UUID, add):
    add(model="house-model", cost_usd=None, saved_usd=None)
    add()
    totals = usage.report(tenant_id).totals
    assert totals.unpriced_requests == 1
    assert totals.cost_usd == pytest.approx(0.00021)
    assert [event.cost_usd for event in usage.events(tenant_id, hours=24)].count(None) == 1


def test_failed_calls_are_counted(usage: Usage, tenant_id: UUID, add):
    add(outcome="failed", prompt_tokens=0, completion_tokens=0, counterfactual_tokens=0)
    add(outcome="partial")
    add(outcome="stopped")
    totals = usage.report(tenant_id).totals
    assert (totals.requests, totals.failed) == (3, 1)


def test_a_day_is_shown_by_hours(usage: Usage, tenant_id: UUID, add):
    this_hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    add(ago=NOW - this_hour)
    add(ago=NOW - this_hour + timedelta(seconds=1))  # one second before the hour
    report = usage.report(tenant_id, hours=24)
    moments = [datetime.fromisoformat(row.key) for row in report.by_time]
    assert moments == [this_hour - timedelta(hours=n) for n in range(24, -1, -1)]
    assert [row.totals.requests for row in report.by_time[-2:]] == [1, 1]
    assert report.since == moments[0]


def test_longer_windows_are_shown_by_days(usage: Usage, tenant_id: UUID, add):
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    add(ago=NOW - today)
    add(ago=NOW - today + timedelta(seconds=1))
    add(ago=timedelta(days=6, hours=20))
    report = usage.report(tenant_id, hours=168)
    moments = [datetime.fromisoformat(row.key) for row in report.by_time]
    assert moments == [today - timedelta(days=n) for n in range(7, -1, -1)]
    assert [row.totals.requests for row in report.by_time[-2:]] == [1, 1]
    assert report.totals.requests == 3


@pytest.mark.parametrize(("hours", "rows"), [(1, 2), (48, 49), (49, (3, 4)), (720, 31)])
def test_every_window_has_its_rows(usage: Usage, tenant_id: UUID, hours: int, rows: Any):
    found = len(usage.report(tenant_id, hours=hours).by_time)
    assert found == rows or (isinstance(rows, tuple) and found in rows)


@pytest.mark.parametrize("hours", [24, 168])
def test_rows_by_time_bot_and_model_and_the_calls_add_up_to_the_totals(
    usage: Usage, tenant_id: UUID, add, shared_database: GuardedDatabase, hours: int
):
    bot_id = bot_of(shared_database, tenant_id)
    for n in range(40):
        add(
            ago=timedelta(hours=n * 5, minutes=n),
            bot_id=bot_id if n % 3 else None,
            model=("gpt-4o-mini", "gpt-4o", "extractive")[n % 3],
            prompt_tokens=100 + n,
        )
    report = usage.report(tenant_id, hours=hours)
    events = usage.events(tenant_id, hours=hours)
    assert len(events) == report.totals.requests > 4
    assert sum(event.prompt_tokens for event in events) == report.totals.prompt_tokens
    for rows in (report.by_time, report.by_bot, report.by_model):
        for name in ("requests", "prompt_tokens", "saved_tokens", "total_tokens"):
            assert sum(getattr(r.totals, name) for r in rows) == getattr(report.totals, name)
        assert sum(r.totals.cost_usd for r in rows) == pytest.approx(report.totals.cost_usd)


def test_rows_by_bot_carry_its_name_and_the_largest_come_first(
    usage: Usage, tenant_id: UUID, add, shared_database: GuardedDatabase
):
    bot_id = bot_of(shared_database, tenant_id)
    add(model="small", prompt_tokens=1)
    add(model="large", prompt_tokens=9000, bot_id=bot_id)
    report = usage.report(tenant_id)
    assert [row.key for row in report.by_model] == ["large", "small"]
    assert [row.key for row in report.by_bot] == [str(bot_id), ""]
    assert report.by_bot[0].label.endswith("assistant")


def test_what_is_older_than_the_window_is_left_out(usage: Usage, tenant_id: UUID, add):
    add(ago=timedelta(hours=26))
    assert usage.report(tenant_id, hours=24).totals == NOTHING
    assert usage.events(tenant_id, hours=24) == ()
    assert usage.report(tenant_id, hours=168).totals.requests == 1


def test_another_tenants_usage_is_not_counted(
    usage: Usage, tenant_id: UUID, add, shared_database: GuardedDatabase
):
    add()
    other = new_tenant(shared_database)
    assert usage.report(other).totals == NOTHING
    assert usage.events(other, hours=24) == ()


def test_the_calls_come_newest_first_and_limited_as_a_table_needs_them(
    usage: Usage, tenant_id: UUID, add, shared_database: GuardedDatabase
):
    bot_id = bot_of(shared_database, tenant_id)
    for n in range(5):
        add(ago=timedelta(minutes=n), prompt_tokens=n, bot_id=bot_id, first_token_ms=None)
    events = usage.events(tenant_id, hours=24, limit=3)
    assert [event.prompt_tokens for event in events] == [0, 1, 2]
    first = events[0]
    assert (first.kind, first.outcome, first.is_reported) == ("answer", "complete", True)
    assert first.first_token_ms is None
    assert first.occurred_at.utcoffset() is not None
    table = export_csv(
        ["time", "bot", "model", "cost"],
        [(e.occurred_at, e.bot, e.model, e.cost_usd) for e in events],
    )
    assert table.decode("utf-8-sig").count("gpt-4o-mini") == 3


# ---- alerts -----------------------------------------------------------------------------------


def test_without_a_report_above_the_limit_there_is_no_alert(usage: Usage, tenant_id: UUID, add):
    add(counted_tokens=1490, prompt_tokens=1500)
    add(counted_tokens=None, prompt_tokens=1600, is_reported=False)
    assert usage.prompt_alerts(tenant_id) == ()


def test_an_alert_names_the_model_how_often_how_far_and_when(usage: Usage, tenant_id: UUID, add):
    for n, excess in enumerate((0, 30, 110, 0)):
        add(
            ago=timedelta(hours=n),
            model="qwen3",
            counted_tokens=1400,
            prompt_tokens=1500 + excess,
            excess_tokens=excess,
        )
    add(model="gpt-4o-mini", counted_tokens=1000)
    add(model="other", counted_tokens=1400, prompt_tokens=1505, excess_tokens=5)
    first, second = usage.prompt_alerts(tenant_id)
    assert first == PromptAlert(
        model="qwen3",
        calls_above=2,
        calls_seen=4,
        reported_tokens=1610,
        counted_tokens=1400,
        excess_tokens=110,
        latest_at=NOW - timedelta(hours=1),
    )
    assert first.max_prompt_tokens == 1500
    assert second.model == "other"


def test_an_alert_goes_when_the_last_twenty_reports_of_the_model_were_within(
    usage: Usage, tenant_id: UUID, add
):
    add(ago=timedelta(hours=9), counted_tokens=1400, prompt_tokens=1600, excess_tokens=100)
    for n in range(ALERT_CALLS - 1):
        add(ago=timedelta(minutes=n), counted_tokens=900)
    add(ago=timedelta(minutes=1), counted_tokens=900, model="other")
    add(ago=timedelta(minutes=1), is_reported=False)
    (alert,) = usage.prompt_alerts(tenant_id)
    assert (alert.calls_above, alert.calls_seen) == (1, ALERT_CALLS)
    add(counted_tokens=900)
    assert usage.prompt_alerts(tenant_id) == ()


def test_an_alert_is_forgotten_after_thirty_days(usage: Usage, tenant_id: UUID, add):
    above = {"counted_tokens": 1400, "prompt_tokens": 1600, "excess_tokens": 100}
    add(ago=timedelta(days=30, minutes=1), **above)
    assert usage.prompt_alerts(tenant_id) == ()
    add(ago=timedelta(days=29), **above)
    assert len(usage.prompt_alerts(tenant_id)) == 1


def test_another_tenants_alert_is_not_shown(
    usage: Usage, tenant_id: UUID, add, shared_database: GuardedDatabase
):
    add(counted_tokens=1400, prompt_tokens=1600, excess_tokens=100)
    assert usage.prompt_alerts(new_tenant(shared_database)) == ()
