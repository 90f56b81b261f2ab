"""Limits that hold under many threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from db.models import QuotaPeriod
from leanrag import quotas
from leanrag.errors import QuotaExceeded, RateLimited
from leanrag.guarded_database import GuardedDatabase
from leanrag.quotas import RateLimiter, reserve_question
from tests.product_parts import new_tenant


def used(database: GuardedDatabase, tenant_id: UUID) -> int:
    with database.tenant(tenant_id) as session:
        return session.scalar(select(QuotaPeriod.questions_used)) or 0


def reserve(database: GuardedDatabase, tenant_id: UUID, limit: int) -> bool:
    try:
        with database.tenant(tenant_id) as session:
            reserve_question(tenant_id, questions_per_month=limit, session=session)
    except QuotaExceeded:
        return False
    return True


def test_fifty_threads_get_exactly_the_quota(shared_database: GuardedDatabase):
    tenant_id, threads, limit = new_tenant(shared_database), 50, 20
    together = threading.Barrier(threads)

    def ask(_: int) -> bool:
        together.wait()
        return reserve(shared_database, tenant_id, limit)

    with ThreadPoolExecutor(threads) as pool:
        assert sum(pool.map(ask, range(threads))) == limit
    assert used(shared_database, tenant_id) == limit


def test_a_used_up_quota_tells_limit_and_reset(shared_database: GuardedDatabase):
    tenant_id = new_tenant(shared_database)
    assert reserve(shared_database, tenant_id, 1)
    with (
        pytest.raises(QuotaExceeded, match="1 questions are used up") as refusal,
        shared_database.tenant(tenant_id) as session,
    ):
        reserve_question(tenant_id, questions_per_month=1, session=session)
    details = refusal.value.details
    assert (details["limit"], details["used"], details["remaining"]) == (1, 1, 0)
    assert isinstance(details["reset"], int)
    assert 0 < details["reset"] <= 31 * 86_400


def test_a_question_that_was_not_admitted_is_given_back(shared_database: GuardedDatabase):
    tenant_id = new_tenant(shared_database)
    with shared_database.tenant(tenant_id) as session:
        reserve_question(tenant_id, questions_per_month=5, session=session)
        session.rollback()
    assert used(shared_database, tenant_id) == 0


def test_quotas_are_each_tenants_own(shared_database: GuardedDatabase):
    first, second = new_tenant(shared_database), new_tenant(shared_database)
    assert reserve(shared_database, first, 1)
    assert reserve(shared_database, second, 1)


@pytest.mark.parametrize(
    ("month", "following"),
    [
        (date(2026, 1, 1), date(2026, 2, 1)),
        (date(2026, 12, 1), date(2027, 1, 1)),
        (date(2028, 2, 1), date(2028, 3, 1)),
    ],
)
def test_a_period_ends_where_the_next_month_begins(month: date, following: date):
    assert quotas._next_month(month) == following


def test_the_period_is_the_month_in_utc(shared_database: GuardedDatabase):
    tenant_id = new_tenant(shared_database)
    reserve(shared_database, tenant_id, 5)
    with shared_database.tenant(tenant_id) as session:
        period = session.scalars(select(QuotaPeriod.period_start)).one()
    assert period == datetime.now(UTC).date().replace(day=1)


def test_the_rate_limit_admits_its_number_and_tells_the_rest():
    limiter, tenant_id = RateLimiter(3), uuid4()
    for _ in range(3):
        limiter.admit(tenant_id)
    with pytest.raises(RateLimited, match=r"wait \d+ seconds") as refusal:
        limiter.admit(tenant_id)
    details = refusal.value.details
    assert (details["limit"], details["used"], details["remaining"]) == (3, 3, 0)
    assert isinstance(details["reset"], int)
    assert 1 <= details["reset"] <= 60
    assert not isinstance(refusal.value, QuotaExceeded)
    limiter.admit(uuid4())  # another tenant's minute is its own


def test_the_rate_limit_holds_under_threads():
    limiter, tenant_id, threads = RateLimiter(10), uuid4(), 40
    together = threading.Barrier(threads)

    def ask(_: int) -> bool:
        together.wait()
        try:
            limiter.admit(tenant_id)
        except RateLimited:
            return False
        return True

    with ThreadPoolExecutor(threads) as pool:
        assert sum(pool.map(ask, range(threads))) == 10
