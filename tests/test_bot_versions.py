"""Versions of what a bot says: drafted, published at once, rolled back, never lost silently."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select

from db.models import Bot, BotVersionRow
from leanrag.bot_content import BotContent
from leanrag.bot_version_rows import BotVersion, publish_first
from leanrag.bot_versions import BotVersions
from leanrag.bots import Bots
from leanrag.budget import BudgetLimits, TokenBudgetController
from leanrag.errors import Conflict, InvalidInput, LeanRagError, NotFound
from leanrag.guarded_database import GuardedDatabase
from leanrag.router import IntentRouting, KeywordRule
from leanrag.routing_rows import RoutingOverlay, from_json, overlay, read_overlay
from leanrag.tenants import DEFAULT_PERSONA
from leanrag.text.tokens import load_counter
from leanrag.tuning import Tuning
from tests.product_parts import new_tenant

SHIPPING = IntentRouting("shipping", ("website",), 600, ("faq",), 200)
PARCEL = KeywordRule("shipping", "en", "parcel", 3)
SHIPPING_ROUTING = RoutingOverlay((PARCEL,), (SHIPPING,))


@pytest.fixture
def versions(shared_database: GuardedDatabase) -> BotVersions:
    return BotVersions(
        shared_database, TokenBudgetController(load_counter(), BudgetLimits()).check_persona
    )


@pytest.fixture
def tuning(shared_database: GuardedDatabase) -> Tuning:
    return Tuning(shared_database)


@pytest.fixture
def tenant_id(shared_database: GuardedDatabase) -> UUID:
    """A tenant with two bots, `assistant` and `second`."""
    tenant_id = new_tenant(shared_database)
    with shared_database.tenant(tenant_id) as session:
        second = Bot(tenant_id=tenant_id, slug="second", name="Second")
        session.add(second)
        session.flush()
        publish_first(tenant_id, second.bot_id, BotContent("The second."), session=session)
    return tenant_id


def save(versions: BotVersions, tenant_id: UUID, bot: str = "assistant", **fields: object):
    """Save the draft with some fields changed, as somebody who looked just now."""
    seen = versions.open_draft(tenant_id, bot)
    content = replace(seen.content, **fields)  # type: ignore[arg-type]
    stamp = seen.stamp
    return versions.save_draft(
        tenant_id, bot, content, edit=stamp.edit, based_on=stamp.based_on, edited_by="Sara"
    )


def publish(versions: BotVersions, tenant_id: UUID, bot: str = "assistant", **fields: object):
    draft = save(versions, tenant_id, bot, **fields)
    return versions.publish(tenant_id, bot, edit=draft.stamp.edit)


def numbers(versions: BotVersions, tenant_id: UUID, bot: str = "assistant") -> list[tuple]:
    return [(stamp.version, stamp.state) for stamp in versions.list(tenant_id, bot)]


def own_rows(database: GuardedDatabase, tenant_id: UUID) -> RoutingOverlay:
    with database.tenant(tenant_id) as session:
        return read_overlay(tenant_id, session=session)


def published_routings(database: GuardedDatabase, tenant_id: UUID) -> list[RoutingOverlay]:
    query = select(BotVersionRow.routing).where(
        BotVersionRow.tenant_id == tenant_id, BotVersionRow.state == "published"
    )
    with database.tenant(tenant_id) as session:
        return [from_json(routing) for routing in session.scalars(query)]


# ---- drafts -----------------------------------------------------------------------------------


def test_a_new_bot_begins_with_version_1(versions: BotVersions, tenant_id: UUID):
    assert numbers(versions, tenant_id) == [(1, "published")]
    first = versions.get(tenant_id, "assistant")
    assert first.content == BotContent(persona=DEFAULT_PERSONA)
    assert first.stamp.published_at is not None


def test_opening_a_draft_stores_nothing_and_saving_it_changes_nothing_in_force(
    versions: BotVersions, tenant_id: UUID, shared_database: GuardedDatabase
):
    opened = versions.open_draft(tenant_id)
    assert (opened.stamp.edit, opened.stamp.based_on) == (0, 1)
    assert numbers(versions, tenant_id) == [(1, "published")]
    saved = save(versions, tenant_id, persona="Be brief.", routing=SHIPPING_ROUTING)
    assert versions.open_draft(tenant_id) == saved
    assert numbers(versions, tenant_id) == [(0, "draft"), (1, "published")]
    assert Bots(shared_database).find(tenant_id).persona == DEFAULT_PERSONA
    assert own_rows(shared_database, tenant_id) == RoutingOverlay()


def test_a_draft_is_stored_without_blank_edges_blank_messages_and_control_characters(
    versions: BotVersions, tenant_id: UUID
):
    saved = save(
        versions,
        tenant_id,
        persona="  Be\x00 kind.\n",
        greeting={"tr": "Merhaba ", "en": "  "},
        routing=RoutingOverlay((PARCEL, KeywordRule("contact", "en", "phone", 1)), ()),
    )
    assert saved.content.persona == "Be kind."
    assert saved.content.greeting == {"tr": "Merhaba"}
    assert [rule.keyword for rule in saved.content.routing.keywords] == ["phone", "parcel"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"persona": "x" * 8_001}, "persona has 8,001 characters"),
        ({"instructions": "x" * 8_001}, "instructions has 8,001"),
        ({"greeting": {"de": "Hallo"}}, "'de'"),
        ({"routing": RoutingOverlay((KeywordRule("a", "en", "nul\x00", 1),), ())}, "nul"),
        ({"routing": RoutingOverlay((PARCEL, replace(PARCEL, weight=1)), ())}, "parcel.* twice"),
        ({"routing": RoutingOverlay((), (SHIPPING, SHIPPING))}, "shipping.* twice"),
        ({"routing": RoutingOverlay((), (replace(SHIPPING, intent="half\ud83d"),))}, "half"),
        ({"fallback": {"fa": "x" * 1_001}}, r"fallback \(fa\) has 1,001"),
    ],
)
def test_what_cannot_be_stored_is_named_when_it_is_saved(
    versions: BotVersions, tenant_id: UUID, fields: dict, named: str
):
    with pytest.raises(InvalidInput, match=named):
        save(versions, tenant_id, **fields)
    assert numbers(versions, tenant_id) == [(1, "published")]


def test_who_saves_over_somebody_else_is_told_who_it_was_and_when(
    versions: BotVersions, tenant_id: UUID
):
    mine = versions.open_draft(tenant_id)
    theirs = save(versions, tenant_id, persona="Theirs.")
    with pytest.raises(Conflict, match=r"Sara saved this draft at \d{4}-\d\d-\d\d \d\d:\d\d UTC"):
        versions.save_draft(
            tenant_id, None, replace(mine.content, persona="Mine."), edit=0, based_on=1
        )
    assert versions.open_draft(tenant_id) == theirs


def test_an_edits_number_never_comes_twice(versions: BotVersions, tenant_id: UUID):
    first = save(versions, tenant_id, persona="First.")
    versions.discard_draft(tenant_id, edit=first.stamp.edit)
    second = save(versions, tenant_id, persona="Second.")
    assert second.stamp.edit > first.stamp.edit
    with pytest.raises(Conflict):  # whoever still has the first one open
        versions.save_draft(
            tenant_id, None, first.content, edit=first.stamp.edit, based_on=1, edited_by="Late"
        )
    with pytest.raises(Conflict):
        versions.discard_draft(tenant_id, edit=first.stamp.edit)
    assert versions.open_draft(tenant_id).content.persona == "Second."


def test_a_draft_that_was_published_meanwhile_is_not_saved_again(
    versions: BotVersions, tenant_id: UUID
):
    draft = save(versions, tenant_id, persona="New.")
    versions.publish(tenant_id, edit=draft.stamp.edit, edited_by="Reza")
    with pytest.raises(Conflict, match="version 2, published by Reza"):
        versions.save_draft(tenant_id, None, draft.content, edit=draft.stamp.edit, based_on=1)


def test_without_a_draft_nothing_is_published_or_discarded(versions: BotVersions, tenant_id: UUID):
    for call in (versions.publish, versions.discard_draft):
        with pytest.raises(Conflict, match="no open draft"):
            call(tenant_id, edit=0)


# ---- publishing -------------------------------------------------------------------------------


def test_publishing_puts_everything_in_force_under_the_next_number(
    versions: BotVersions, tenant_id: UUID, shared_database: GuardedDatabase, tuning: Tuning
):
    content = BotContent(
        "Be brief.", "Offer a colleague.", {"fa": "سلام"}, {"tr": "Bilmiyorum."}, SHIPPING_ROUTING
    )
    opened = versions.open_draft(tenant_id).stamp
    draft = versions.save_draft(
        tenant_id, None, content, edit=opened.edit, based_on=opened.based_on, edited_by="Sara"
    )
    made = versions.publish(tenant_id, edit=draft.stamp.edit, note="All of it")
    stamp = made.stamp
    assert (stamp.version, stamp.state, stamp.note, stamp.edited_by) == (
        2,
        "published",
        "All of it",
        "Sara",
    )
    assert made.content == content == versions.get(tenant_id).content
    assert numbers(versions, tenant_id) == [(2, "published"), (1, "retired")]
    bot = Bots(shared_database).find(tenant_id)
    assert (bot.prompt_version, bot.persona, bot.instructions) == (
        2,
        "Be brief.",
        content.instructions,
    )
    assert (bot.greeting, bot.fallback) == (content.greeting, content.fallback)
    assert own_rows(shared_database, tenant_id) == SHIPPING_ROUTING
    assert PARCEL in tuning.load(tenant_id).keywords


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"persona": "Be kind. " * 120}, "tokens"),
        ({"persona": "Be kind. " * 60, "instructions": "Be brief. " * 60}, "tokens"),
        ({"routing": RoutingOverlay((PARCEL,), ())}, "'parcel'"),
        ({"routing": RoutingOverlay((), (replace(SHIPPING, primary_tokens=9_999),))}, "9999"),
        ({"routing": RoutingOverlay((KeywordRule("general", "en", "x" * 81, 1),), ())}, "1 to 80"),
        ({}, "says exactly this already"),
    ],
)
def test_what_cannot_be_put_in_force_leaves_all_as_it_was(
    versions: BotVersions,
    tenant_id: UUID,
    shared_database: GuardedDatabase,
    fields: dict,
    named: str,
):
    draft = save(versions, tenant_id, **fields)
    with pytest.raises(LeanRagError, match=named) as refusal:
        versions.publish(tenant_id, edit=draft.stamp.edit)
    assert isinstance(refusal.value, InvalidInput | Conflict)
    assert versions.open_draft(tenant_id) == draft
    assert versions.get(tenant_id).content.persona == DEFAULT_PERSONA
    assert own_rows(shared_database, tenant_id) == RoutingOverlay()


def test_a_failure_halfway_through_publishing_undoes_all_of_it(
    versions: BotVersions,
    tenant_id: UUID,
    shared_database: GuardedDatabase,
    monkeypatch: pytest.MonkeyPatch,
):
    draft = save(versions, tenant_id, persona="New.", routing=SHIPPING_ROUTING)

    def break_down(*_: object, **__: object) -> None:
        raise RuntimeError("halfway")

    monkeypatch.setattr("leanrag.bot_version_rows.publish_routing", break_down)
    with pytest.raises(RuntimeError, match="halfway"):
        versions.publish(tenant_id, edit=draft.stamp.edit)
    assert numbers(versions, tenant_id) == [(0, "draft"), (1, "published")]
    assert versions.open_draft(tenant_id) == draft
    assert own_rows(shared_database, tenant_id) == RoutingOverlay()


def test_only_texts_leave_the_routing_and_the_other_bots_alone(
    versions: BotVersions, tenant_id: UUID, tuning: Tuning
):
    before = tuning.load(tenant_id)
    publish(versions, tenant_id, persona="Be brief.")
    assert tuning.load(tenant_id).version == before.version  # an open tuning page may still save
    assert numbers(versions, tenant_id, "second") == [(1, "published")]


def test_a_new_routing_gives_every_bot_of_the_tenant_a_version(
    versions: BotVersions, tenant_id: UUID, shared_database: GuardedDatabase
):
    publish(versions, tenant_id, routing=SHIPPING_ROUTING)
    second = versions.get(tenant_id, "second")
    assert (second.stamp.version, second.stamp.note) == (2, "routing")
    assert second.content == BotContent("The second.", routing=SHIPPING_ROUTING)
    assert published_routings(shared_database, tenant_id) == [SHIPPING_ROUTING] * 2


# ---- what was published meanwhile -------------------------------------------------------------


def test_a_draft_takes_over_what_it_did_not_touch_itself(
    versions: BotVersions, tenant_id: UUID, tuning: Tuning
):
    draft = save(versions, tenant_id, persona="Be brief.")
    in_force = tuning.load(tenant_id)
    tuning.save(
        tenant_id,
        replace(
            in_force,
            keywords=(*in_force.keywords, PARCEL),
            routings=(*in_force.routings, SHIPPING),
        ),
    )
    made = versions.publish(tenant_id, edit=draft.stamp.edit)
    assert made.stamp.version == 3
    assert made.content == BotContent("Be brief.", routing=SHIPPING_ROUTING)


def test_a_draft_of_other_routing_does_not_replace_a_newer_one(
    versions: BotVersions, tenant_id: UUID, tuning: Tuning, shared_database: GuardedDatabase
):
    draft = save(versions, tenant_id, "second", routing=SHIPPING_ROUTING)
    phone = overlay([KeywordRule("contact", "en", "hotline", 3)], [])
    publish(versions, tenant_id, "assistant", routing=phone)
    with pytest.raises(Conflict, match=r"Version 2 .* routing") as refusal:
        versions.publish(tenant_id, "second", edit=draft.stamp.edit)
    assert refusal.value.details == {"fields": ["routing"], "published": 2}
    assert own_rows(shared_database, tenant_id) == phone
    seen = versions.save_draft(
        tenant_id,
        "second",
        replace(draft.content, routing=overlay([*phone.keywords, PARCEL], [SHIPPING])),
        edit=draft.stamp.edit,
        based_on=2,
    )
    versions.publish(tenant_id, "second", edit=seen.stamp.edit)
    assert len(own_rows(shared_database, tenant_id).keywords) == 2


def test_a_draft_does_not_undo_a_rollback_that_it_has_not_seen(
    versions: BotVersions, tenant_id: UUID
):
    publish(versions, tenant_id, persona="Bad.", greeting={"en": "Hi!"})
    draft = save(versions, tenant_id, persona="Bad, but longer.")
    versions.rollback(tenant_id, to=1)
    with pytest.raises(Conflict, match=r"Version 3 .*: persona\."):
        versions.publish(tenant_id, edit=draft.stamp.edit)
    seen = versions.save_draft(
        tenant_id, None, draft.content, edit=draft.stamp.edit, based_on=3, edited_by="Sara"
    )
    made = versions.publish(tenant_id, edit=seen.stamp.edit)
    assert made.content.persona == "Bad, but longer."


# ---- rolling back -----------------------------------------------------------------------------


def test_a_rollback_is_a_new_version_that_says_and_routes_as_the_old_one(
    versions: BotVersions, tenant_id: UUID, shared_database: GuardedDatabase
):
    before = versions.get(tenant_id)
    publish(versions, tenant_id, persona="New.", routing=SHIPPING_ROUTING)
    draft = save(versions, tenant_id, "assistant", fallback={"en": "No idea."})
    made = versions.rollback(tenant_id, to=1, edited_by="Reza", note="Too short")
    assert (made.stamp.version, made.stamp.restored_from, made.stamp.based_on) == (3, 1, 2)
    assert (made.stamp.edited_by, made.stamp.note) == ("Reza", "Too short")
    assert made.content == before.content
    assert own_rows(shared_database, tenant_id) == RoutingOverlay()
    assert versions.get(tenant_id, version=2).content.persona == "New."
    assert versions.open_draft(tenant_id) == draft
    assert versions.get(tenant_id, "second").stamp.version == 3


def test_there_is_nothing_to_roll_back_to_what_is_in_force_or_to_what_never_was(
    versions: BotVersions, tenant_id: UUID
):
    save(versions, tenant_id, persona="A draft is no version.")
    with pytest.raises(Conflict, match="says exactly this already"):
        versions.rollback(tenant_id, to=1)
    for unknown in (0, 2, -1):
        with pytest.raises(NotFound, match=f"no version {unknown}"):
            versions.rollback(tenant_id, to=unknown)


def test_two_versions_are_compared_field_by_field(versions: BotVersions, tenant_id: UUID):
    publish(versions, tenant_id, greeting={"en": "Hi!"}, routing=SHIPPING_ROUTING)
    changed = versions.compare(tenant_id, None, 1, 2)
    assert [(change.field, change.before, change.after) for change in changed] == [
        ("greeting.en", "", "Hi!"),
        ("keyword / shipping / en / parcel", "", "weight 3"),
        ("routing / shipping", "", "600 tokens of website + 200 tokens of faq"),
    ]
    back = versions.compare(tenant_id, None, 2, 1)
    assert [(change.before, change.after) for change in back] == [
        (change.after, change.before) for change in changed
    ]


def test_another_tenants_bots_and_versions_are_not_found(
    versions: BotVersions, tenant_id: UUID, shared_database: GuardedDatabase
):
    publish(versions, tenant_id, persona="Ours.")
    stranger = new_tenant(shared_database)
    with pytest.raises(NotFound):
        versions.list(stranger, Bots(shared_database).find(tenant_id).bot_id)
    assert numbers(versions, stranger) == [(1, "published")]
    with pytest.raises(NotFound):
        versions.get(stranger, version=2)


# ---- many at once -----------------------------------------------------------------------------


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


# ---- whatever happens -------------------------------------------------------------------------


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
