"""Many who save and publish at once, and any order of operations: nothing is lost silently."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest

from leanrag.bot_version_rows import BotVersion
from leanrag.bot_versions import BotVersions
from leanrag.errors import Conflict, InvalidInput, LeanRagError, NotFound
from leanrag.guarded_database import GuardedDatabase
from leanrag.router import KeywordRule
from leanrag.routing_rows import RoutingOverlay, overlay
from leanrag.tuning import Tuning
from tests.bot_versions.drafting import SHIPPING, numbers, own_rows, published_routings, save


def together(count: int, act: Callable[[int], BotVersion]) -> list[BotVersion | LeanRagError]:
    barrier = threading.Barrier(count)

    def run(number: int) -> BotVersion | LeanRagError:
        barrier.wait()
        try:
            return act(number)
        except LeanRagError as exc:
            return exc

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.parametrize("has_draft", [False, True])
def test_of_those_who_save_a_draft_at_once_one_wins_and_the_others_are_told(
    versions: BotVersions, tenant_id: UUID, has_draft: bool
):
    if has_draft:
        save(versions, tenant_id, persona="Before.")
    seen = versions.open_draft(tenant_id)

    def act(number: int) -> BotVersion:
        content = replace(seen.content, persona=f"Number {number}.")
        return versions.save_draft(
            tenant_id, None, content, edit=seen.stamp.edit, based_on=1, edited_by=f"N{number}"
        )

    ends = together(5, act)
    (won,) = [end for end in ends if isinstance(end, BotVersion)]
    lost = [end for end in ends if isinstance(end, Conflict)]
    assert len(lost) == 4
    assert all(won.stamp.edited_by in conflict.message for conflict in lost)
    assert versions.open_draft(tenant_id) == won


def test_of_those_who_publish_and_save_at_once_nothing_is_lost(
    versions: BotVersions, tenant_id: UUID
):
    for round_number in range(6):
        draft = save(versions, tenant_id, persona=f"Round {round_number}.")

        def act(number: int, draft: BotVersion = draft) -> BotVersion:
            edit = draft.stamp.edit
            if number:
                return versions.publish(tenant_id, edit=edit)
            longer = replace(draft.content, instructions="Longer.")
            return versions.save_draft(tenant_id, None, longer, edit=edit, based_on=1)

        ends = together(3, act)
        assert sum(isinstance(end, BotVersion) for end in ends) == 1, ends
        assert sum(isinstance(end, Conflict) for end in ends) == 2
        if isinstance(ends[0], BotVersion):
            assert versions.open_draft(tenant_id) == ends[0]
            versions.discard_draft(tenant_id, edit=ends[0].stamp.edit)
        else:
            assert versions.get(tenant_id).content.persona == f"Round {round_number}."


def test_two_bots_that_publish_routing_at_once_do_not_overwrite_each_other(
    versions: BotVersions, tenant_id: UUID, shared_database: GuardedDatabase
):
    bots = ("assistant", "second")
    routings = [overlay([KeywordRule("contact", "en", f"hotline {bot}", 3)], []) for bot in bots]
    edits = [
        save(versions, tenant_id, bot, routing=routing).stamp.edit
        for bot, routing in zip(bots, routings, strict=True)
    ]
    ends = together(2, lambda n: versions.publish(tenant_id, bots[n], edit=edits[n]))
    (winner,) = [n for n, end in enumerate(ends) if isinstance(end, BotVersion)]
    assert isinstance(ends[1 - winner], Conflict)
    assert own_rows(shared_database, tenant_id) == routings[winner]
    assert versions.open_draft(tenant_id, bots[1 - winner]).content.routing == routings[1 - winner]


@pytest.mark.parametrize("seed", range(4))
def test_after_any_operations_every_published_routing_is_the_one_in_force(
    versions: BotVersions,
    tenant_id: UUID,
    tuning: Tuning,
    shared_database: GuardedDatabase,
    seed: int,
):
    choose = random.Random(seed)

    def routing() -> RoutingOverlay:
        words = choose.sample(["a1", "b2", "c3", "d4"], choose.randint(0, 3))
        rules = [KeywordRule("contact", "en", word, choose.randint(1, 3)) for word in words]
        return overlay(rules, choose.choice([[], [SHIPPING]]))

    def save_some() -> object:
        fields = choose.choice([{"persona": f"P{choose.random()}"}, {"routing": routing()}])
        return save(versions, tenant_id, bot, **fields)

    def tune() -> object:
        draft, own = tuning.load(tenant_id), routing()
        return tuning.save(tenant_id, replace(draft, keywords=(*draft.keywords, *own.keywords)))

    def publish_it() -> object:
        edit = versions.open_draft(tenant_id, bot).stamp.edit
        return versions.publish(tenant_id, bot, edit=edit)

    def roll_back() -> object:
        return versions.rollback(tenant_id, bot, to=choose.randint(1, 4))

    def reset() -> object:
        return tuning.reset(tenant_id)

    actions = (save_some, save_some, publish_it, publish_it, roll_back, tune, reset)
    done = 0
    for _ in range(40):
        bot = choose.choice(["assistant", "second"])
        try:
            choose.choice(actions)()
            done += 1
        except (Conflict, InvalidInput, NotFound):
            pass
        in_force = own_rows(shared_database, tenant_id)
        assert published_routings(shared_database, tenant_id) == [in_force] * 2
    assert done > 15
    for bot in ("assistant", "second"):
        listed = [number for number, _ in numbers(versions, tenant_id, bot) if number]
        assert listed == list(range(len(listed), 0, -1))
