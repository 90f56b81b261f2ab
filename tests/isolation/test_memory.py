from __future__ import annotations

from tests.isolation.memory import asked_again, attack_memory
from tests.isolation.wall import Wall


def test_nothing_kept_for_one_tenant_serves_or_speeds_up_another(wall: Wall) -> None:
    assert asked_again(wall), "the answer is kept for whoever asked"
    attempts = list(attack_memory(wall))
    assert len(attempts) == 4
    assert [attempt for attempt in attempts if attempt.leak] == []
