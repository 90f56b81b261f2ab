from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from leanrag.api.app import create_api
from tests.isolation.endpoints import METHODS, Attacker, attacking
from tests.isolation.wall import KNOWN, QUESTION, SECRET, Wall

BASE_URL = "http://127.0.0.1:8501/api"


def _endpoints() -> list[tuple[str, str]]:
    paths = create_api(lambda: pytest.fail("no request is made")).openapi()["paths"]
    return [(method, path) for path in paths for method in METHODS if method in paths[path]]


@pytest.fixture(scope="module")
def attacker(wall: Wall) -> Iterator[Attacker]:
    with attacking(wall) as made:
        yield made


@pytest.mark.parametrize(("method", "path"), _endpoints(), ids=lambda part: str(part))
def test_no_endpoint_shows_or_changes_anything_of_another_tenant(
    attacker: Attacker, method: str, path: str
) -> None:
    attempts = attacker.attack(method, path)
    refused = [attempt for attempt in attempts if attempt.kind.endswith("422")]
    assert attempts
    assert not refused, "not covered: refused before it looked; give endpoints.SAMPLES a value"
    assert [attempt for attempt in attempts if attempt.leak] == []


def test_the_markers_are_seen_by_their_own_tenant(wall: Wall, attacker: Attacker) -> None:
    """What the attacks look for is really there to be found."""
    shown = repr(wall.services.sources.list(wall.theirs))
    assert SECRET in wall.seen(shown)
    assert wall.seen(shown, sent=SECRET)
    assert not wall.seen(repr(wall.services.sources.list(wall.ours)))
    found = wall.services.previews.search(wall.theirs, QUESTION)
    assert SECRET in repr(found)
    assert KNOWN in repr(found)


def test_the_attacks_find_their_rows_if_we_were_they(wall: Wall, attacker: Attacker) -> None:
    """With their own token the same requests leak: the attacks would see a hole."""
    owner = wall.services.access.people.find("owner@theirs.example")
    assert owner is not None
    as_they = replace(wall, ours=wall.theirs, our_person=owner.person_id)
    inside = Attacker(as_they, attacker._client, attacker._schema)
    for path in ("/v1/files", "/v1/files/{document_id}", "/v1/bots", "/v1/audit", "/v1/members"):
        assert any(attempt.leak for attempt in inside.attack("get", path)), path
    renamed = inside.attack("patch", "/v1/files/{document_id}")
    assert any("changed something" in attempt.leak for attempt in renamed)
