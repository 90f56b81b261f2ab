from __future__ import annotations

import pytest

from leanrag.guarded_database import GuardedDatabase
from tests.db.tenant_rows import Two, two_tenants


@pytest.fixture(scope="module")
def two(shared_database: GuardedDatabase) -> Two:
    """For all tests of this file: what is refused changes nothing."""
    return two_tenants(shared_database)
