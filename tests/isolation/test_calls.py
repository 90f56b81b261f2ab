from __future__ import annotations

import dataclasses

import pytest

from leanrag.access import Access
from leanrag.bootstrap import Services
from tests.isolation.calls import (
    NO_SERVICES,
    OF_NO_TENANT,
    Method,
    attack_method,
    methods,
    reason_outside,
)
from tests.isolation.endpoints import NotCovered
from tests.isolation.wall import Wall

SERVICES = [f.name for f in dataclasses.fields(Services) if f.name not in NO_SERVICES]


@pytest.mark.parametrize("service", SERVICES)
def test_no_method_shows_or_changes_anything_of_another_tenant(wall: Wall, service: str) -> None:
    found = [m for m in methods(wall) if m.name.split(".")[0] == service]
    assert found
    attempts = [
        attempt
        for method in found
        if reason_outside(method.name) is None
        for attempt in attack_method(wall, method)
    ]
    assert [attempt for attempt in attempts if attempt.leak] == []


def test_what_is_left_out_is_there(wall: Wall) -> None:
    names = {method.name for method in methods(wall)}
    known = names | {name.rsplit(".", 1)[0] for name in names}
    assert set(OF_NO_TENANT) <= known
    assert {f.name for f in dataclasses.fields(Access)} - {"settings", "local_tenant_id"} <= {
        name.split(".")[1] for name in names if name.count(".") == 2
    }


def test_the_attacks_find_their_rows_if_we_were_they(wall: Wall) -> None:
    as_they = dataclasses.replace(wall, ours=wall.theirs)
    for method in methods(wall):
        if method.name in ("sources.get", "sources.list", "audit.find", "conversations.messages"):
            assert any(attempt.leak for attempt in attack_method(as_they, method)), method.name


def test_a_method_that_takes_no_tenant_is_not_covered(wall: Wall) -> None:
    with pytest.raises(NotCovered, match="say in OF_NO_TENANT"):
        attack_method(wall, Method("new.everything", lambda limit: limit))
