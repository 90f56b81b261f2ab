"""What a version holds: merged with what others published, and compared."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.bot_content import FIELDS, BotContent, changes, merge, tidy, tidy_line
from leanrag.errors import Conflict, InvalidInput
from leanrag.router import KeywordRule
from leanrag.routing_rows import overlay
from leanrag.types import LANGUAGES

BASE = BotContent("Kind.", "Cite.", {"en": "Hi!"}, {"en": "No idea."})

texts = st.sampled_from(["", "a", "b"])
messages = st.dictionaries(st.sampled_from(LANGUAGES), st.sampled_from(["x", "y"]), max_size=2)
routings = st.sampled_from([1, 2, 3]).map(
    lambda weight: overlay([KeywordRule("contact", "en", "call", weight)], [])
)
contents = st.builds(BotContent, texts, texts, messages, messages, routings)


@given(base=contents, draft=contents, current=contents)
def test_a_merge_keeps_every_change_of_both_sides_or_names_the_field(
    base: BotContent, draft: BotContent, current: BotContent
):
    def values(name: str) -> tuple[object, object, object]:
        return tuple(getattr(content, name) for content in (base, draft, current))  # type: ignore[return-value]

    clashing = [
        name
        for name in FIELDS
        for before, mine, theirs in [values(name)]
        if mine != before and theirs != before and mine != theirs
    ]
    if clashing:
        with pytest.raises(Conflict) as conflict:
            merge(base, draft, current, current_version=4)
        assert conflict.value.details == {"fields": clashing, "published": 4}
        return
    merged = merge(base, draft, current, current_version=4)
    for name in FIELDS:
        before, mine, theirs = values(name)
        assert getattr(merged, name) == (mine if mine != before else theirs)


def test_a_conflict_says_what_to_do():
    with pytest.raises(Conflict, match=r"Version 4 .*: persona, greeting\. .* on top of version 4"):
        merge(
            BASE,
            replace(BASE, persona="Mine.", greeting={}),
            replace(BASE, persona="Theirs.", greeting={"tr": "Selam"}, instructions="Longer."),
            current_version=4,
        )


@given(before=contents, after=contents)
def test_there_are_changes_exactly_where_two_contents_differ(before: BotContent, after: BotContent):
    found = changes(before, after)
    assert bool(found) == (before != after)
    assert {change.field.split(".")[0].split(" / ")[0] for change in found} == {
        "keyword" if name == "routing" else name
        for name in FIELDS
        if getattr(before, name) != getattr(after, name)
    }
    assert all(change.before != change.after for change in found)


def test_a_keyword_that_is_switched_off_is_told():
    rule = KeywordRule("contact", "en", "call", 2)
    on, off = (
        replace(BASE, routing=overlay([row], [])) for row in (rule, replace(rule, enabled=False))
    )
    (change,) = changes(on, off)
    assert (change.before, change.after) == ("weight 2", "weight 2, off")


@given(content=contents)
def test_what_is_tidy_stays_as_it_is(content: BotContent):
    assert tidy(tidy(content)) == tidy(content)


def test_hidden_directions_and_halves_of_letters_are_not_stored_but_half_spaces_are():
    tidied = tidy(replace(BASE, persona="می\u200cخواهم\u202e \ud83d!", greeting={"fa": "\u202b"}))
    assert tidied.persona == "می\u200cخواهم !"
    assert tidied.greeting == {}


def test_a_line_is_one_line_and_not_too_long():
    assert tidy_line("note", " A\nwarmer\x00  tone ", 13) == "A warmer tone"
    with pytest.raises(InvalidInput, match="note has 13 characters and may have 12"):
        tidy_line("note", "A warmer tone", 12)
