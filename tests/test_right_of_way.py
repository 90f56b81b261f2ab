"""Turns first: jobs of the same process wait while a turn is made, and go on all the same."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from leanrag.bootstrap import Services
from leanrag.ingest.pipeline import Upload
from leanrag.right_of_way import LONGEST_WAIT_SECONDS, SWITCH_SECONDS, RightOfWay, share_interpreter
from tests.product_parts import ask, new_tenant


@pytest.fixture
def interval() -> Iterator[float]:
    before = sys.getswitchinterval()
    yield before
    sys.setswitchinterval(before)


def test_without_turns_nothing_waits() -> None:
    way = RightOfWay()
    began = time.monotonic()
    for _ in range(1_000):
        way.give_way()
    assert time.monotonic() - began < 1_000 * LONGEST_WAIT_SECONDS


def test_work_waits_until_the_turn_is_made() -> None:
    way, order = RightOfWay(), []

    def work() -> None:
        way.give_way()
        order.append("work")

    with way.turn():
        working = threading.Thread(target=work)
        working.start()
        order.append("turn")
    working.join(30)
    assert order == ["turn", "work"]


def test_work_waits_for_all_turns_and_no_longer_than_a_tenth_of_a_second() -> None:
    way = RightOfWay()
    with way.turn():
        with way.turn():
            pass
        began = time.monotonic()
        way.give_way()
        assert time.monotonic() - began >= LONGEST_WAIT_SECONDS


def test_beside_turns_without_a_pause_work_has_a_fifth_of_the_time() -> None:
    way = RightOfWay()
    with way.turn():
        began = time.monotonic()
        way.give_way()
        waited = time.monotonic() - began
        passed = 0
        while way._works_until > time.monotonic():
            way.give_way()
            passed += 1
        assert time.monotonic() - began >= waited * 1.24
    assert passed  # unhindered, one after the other


def test_a_turn_that_fails_leaves_the_way_free() -> None:
    way = RightOfWay()
    with pytest.raises(ValueError, match="broken"), way.turn():
        raise ValueError("broken")
    assert not way._turns


def test_threads_take_turns_more_often_and_never_less(interval: float) -> None:
    share_interpreter()
    assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS, rel=0.05)
    sys.setswitchinterval(SWITCH_SECONDS / 5)
    share_interpreter()
    assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS / 5, rel=0.05)


def test_the_steps_of_a_source_give_way_to_turns(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    way, seen = services.answerer._steps.right_of_way, []
    monkeypatch.setattr(RightOfWay, "give_way", lambda asked: seen.append(asked))
    tenant_id = new_tenant(services.database)
    text = "\n\n".join(f"Shop {n} opens at {n % 12} and closes late. " * 20 for n in range(30))
    services.ingest.add(tenant_id, Upload("shops.txt", text.encode()))
    assert len(seen) > 30
    assert set(seen) == {way}


def test_a_turn_has_the_right_of_way_while_it_computes_and_not_while_it_is_read(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    way, held = services.answerer._steps.right_of_way, []
    turn = RightOfWay.turn

    def noting(asked: RightOfWay) -> Any:
        held.append(asked)
        return turn(asked)

    monkeypatch.setattr(RightOfWay, "turn", noting)
    events = ask(services.answerer, new_tenant(services.database), "When does the shop open?")
    assert len(events) >= 2
    assert held == [way] * 3  # admitted, prepared, settled
    assert not way._turns
