"""Limits of a tenant: questions a minute (in this process) and questions a month (everywhere)."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import text
from sqlalchemy.orm import Session

from leanrag.errors import QuotaExceeded, RateLimited

_RESERVE = text(
    """
    INSERT INTO quota_periods AS q (tenant_id, period_start, questions_used)
    VALUES (:tenant, :month, 1)
    ON CONFLICT (tenant_id, period_start) DO UPDATE SET questions_used = q.questions_used + 1
    WHERE q.questions_used < :limit
    RETURNING q.questions_used
    """
)


class RateLimiter:
    """Admits so many questions a minute for each tenant, in a moving window. Thread-safe."""

    def __init__(self, questions_per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(questions_per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def admit(self, tenant_id: UUID) -> None:
        """Count one question. Raises RateLimited with limit, used, remaining and reset."""
        key = str(tenant_id)
        if self._limiter.hit(self._item, key):
            return
        window = self._limiter.get_window_stats(self._item, key)
        reset = max(1, round(window.reset_time - time.time()))
        raise RateLimited(
            f"Too many questions at once; wait {reset} seconds and ask again.",
            limit=self._item.amount,
            used=self._item.amount,
            remaining=0,
            reset=reset,
        )


def reserve_question(tenant_id: UUID, *, questions_per_month: int, session: Session) -> None:
    """Count one question of this month (UTC) in one atomic statement. Raises QuotaExceeded.

    It locks a row that all questions of the tenant share, so it comes last in its transaction.
    """
    month = datetime.now(UTC).date().replace(day=1)
    parameters = {"tenant": tenant_id, "month": month, "limit": questions_per_month}
    if session.execute(_RESERVE, parameters).scalar_one_or_none() is None:
        raise QuotaExceeded(
            f"This month's {questions_per_month} questions are used up; raise the plan or wait.",
            limit=questions_per_month,
            used=questions_per_month,
            remaining=0,
            reset=_seconds_until(_next_month(month)),
        )


def _next_month(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def _seconds_until(day: date) -> int:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return max(1, round((midnight - datetime.now(UTC)).total_seconds()))
