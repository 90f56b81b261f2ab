from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from leanrag.permitted_calls import PERMITTED
from tests.isolation.page_calls import (
    KEPT,
    READ_NOTHING,
    Visitor,
    administering,
    attack_calls,
    attack_dialogs,
    attack_page,
    ids_of,
    menu,
    own_values,
    parameters_of,
    visiting,
)
from tests.isolation.wall import KNOWN, SECRET, Wall
from tests.widget_uses import use_of


@pytest.fixture
def visitor(wall: Wall) -> Iterator[Visitor]:
    with visiting(wall) as found:
        yield found


@pytest.mark.parametrize("page", menu())
def test_no_page_draws_or_changes_anything_of_another_tenant(
    wall: Wall, visitor: Visitor, page: str
) -> None:
    attempts = list(attack_page(wall, visitor, page, is_thorough=False))
    leaked = [attempt for attempt in attempts if attempt.leak]
    print(f"{page}: {len(attempts)} tried, {len(leaked)} leaked")
    assert len(attempts) > 3
    assert leaked == []


def test_no_call_of_a_page_shows_or_changes_anything_of_another_tenant(wall: Wall) -> None:
    attempts = list(attack_calls(wall))
    leaked = [attempt for attempt in attempts if attempt.leak]
    print(f"{len(PERMITTED)} calls: {len(attempts)} tried, {len(leaked)} leaked")
    assert {attempt.place for attempt in attempts} == set(PERMITTED) - READ_NOTHING
    assert leaked == []


def test_no_dialog_about_a_tenant_reaches_another_one(wall: Wall, visitor: Visitor) -> None:
    attempts = list(attack_dialogs(wall, visitor))
    print(f"{len(attempts)} tried")
    assert [attempt for attempt in attempts if attempt.leak] == []


def test_an_administrator_of_the_installation_sees_nothing_inside_of_a_tenant(wall: Wall) -> None:
    with administering(wall) as (outside, visitor):
        drawn = visitor.open("tenants").text
        tried = [
            attempt
            for page in menu()
            for attempt in attack_page(outside, visitor, page, is_thorough=False)
        ]
    assert "Theirs" in drawn, "the list of tenants is theirs to see"
    print(f"{len(tried)} tried")
    assert [attempt for attempt in tried if attempt.leak] == []


def test_the_parameters_of_a_page_are_found_while_it_runs(wall: Wall, visitor: Visitor) -> None:
    assert parameters_of(wall, visitor, "chat") == {"bot", "conversation"}
    assert parameters_of(wall, visitor, "documents") >= {"source", "suggestions", "find", "page"}
    assert parameters_of(wall, visitor, "passages") >= {"passage", "source", "review", "words"}


def test_every_place_that_keeps_ids_is_attacked(wall: Wall, visitor: Visitor) -> None:
    for page in menu():
        for name in parameters_of(wall, visitor, page):
            for value in own_values(wall, name):
                kept = visitor.open(page, {name: value}).kept
                assert holders(wall, kept) <= set(KEPT), (page, name)


def holders(wall: Wall, kept: dict[str, Any]) -> set[str]:
    """Return the names under which a browser keeps an id of ours, those of widgets apart."""
    ours = {str(one) for one in ids_of(wall, wall.our_rows)}
    return {
        key
        for key, held in kept.items()
        if any(one in repr(held) for one in ours) and not is_widget(key)
    }


def is_widget(key: str) -> bool:
    try:
        use_of(key)
    except LookupError:
        return key.startswith("$$")
    return True


def test_the_attacks_would_see_a_hole(wall: Wall) -> None:
    """With a member of theirs signed in, the same pages draw what the attacks look for."""
    theirs = wall.services.access.people.find("owner@theirs.example")
    assert theirs is not None
    as_they = dataclasses.replace(wall, our_person=theirs.person_id)
    with visiting(as_they) as inside:
        for page in ("documents", "passages"):
            assert SECRET in wall.seen(inside.open(page).text), page
        source_id = str(wall.rows["sources"]["source_id"])
        assert SECRET in wall.seen(inside.open("documents", {"source": source_id}).text)
        assert SECRET in wall.seen(inside.open("passages", {"words": KNOWN}).text)
