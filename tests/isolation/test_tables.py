from __future__ import annotations

import pytest
from sqlalchemy import Table

from tests.db.tenant_rows import TENANT_TABLES
from tests.isolation.tables import ATTACKS, attack_table
from tests.isolation.wall import Wall


@pytest.mark.parametrize("table", TENANT_TABLES, ids=lambda table: table.name)
def test_no_attack_on_a_table_sees_or_changes_anything(wall: Wall, table: Table) -> None:
    attempts = list(attack_table(wall, table))
    assert len(attempts) == len(ATTACKS) + 1
    assert [attempt for attempt in attempts if attempt.leak] == []


def test_the_attacks_succeed_where_no_policy_stands_in_their_way(wall: Wall) -> None:
    (table,) = [table for table in TENANT_TABLES if table.name == "chunks"]
    found = {a.kind for a in attack_table(wall, table, unguarded=True) if a.leak}
    assert found >= {
        *("read", "list", "count", "search", "guess an id", "cursor", "lock", "error", "export"),
        *("update", "delete", "insert for them"),
    }
