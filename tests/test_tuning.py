"""Keywords and routings: defaults, a tenant's own rows over them, and drafts that are saved."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import func, select

from db.models import GLOBAL_TENANT_ID, BotVersionRow, IntentKeyword
from leanrag.bots import Bots
from leanrag.errors import Conflict, InvalidInput
from leanrag.guarded_database import GuardedDatabase
from leanrag.router import IntentRouting, KeywordRule, QueryRouter
from leanrag.routing_defaults import default_keywords, default_routings
from leanrag.tuning import RouterCache, Tuning, TuningDraft, seed_defaults
from tests.product_parts import new_tenant

SHIPPING = IntentRouting("shipping", ("website",), 600, ("faq",), 200)
PARCEL = KeywordRule("shipping", "en", "zeppelin", 3)  # no word of the defaults


@pytest.fixture
def tuning(shared_database: GuardedDatabase) -> Tuning:
    return Tuning(shared_database)


@pytest.fixture
def tenant_id(shared_database: GuardedDatabase) -> UUID:
    return new_tenant(shared_database)


def with_shipping(draft: TuningDraft) -> TuningDraft:
    return replace(draft, keywords=(*draft.keywords, PARCEL), routings=(*draft.routings, SHIPPING))


def own_rows(database: GuardedDatabase, tenant_id: UUID) -> int:
    query = select(func.count()).where(IntentKeyword.tenant_id == tenant_id)
    with database.tenant(tenant_id) as session:
        return session.scalar(query) or 0


def test_a_new_tenant_starts_with_the_defaults(tuning: Tuning, tenant_id: UUID):
    draft = tuning.load(tenant_id)
    assert set(draft.keywords) == set(default_keywords())
    assert draft.routings == default_routings()  # in the order that decides ties


def test_stored_rules_route_as_the_shipped_ones(tuning: Tuning, tenant_id: UUID):
    draft = tuning.load(tenant_id)
    stored = QueryRouter(draft.keywords, draft.routings)
    shipped = QueryRouter(default_keywords(), default_routings())
    for question in ("price of delivery contact", "how much to buy a pot", "چطور تماس بگیرم قیمت"):
        assert stored.route(question).intent == shipped.route(question).intent


def test_a_saved_draft_is_in_force_and_stores_only_what_differs(
    tuning: Tuning, tenant_id: UUID, shared_database: GuardedDatabase
):
    draft = tuning.load(tenant_id)
    saved = tuning.save(tenant_id, with_shipping(draft))
    assert saved == tuning.load(tenant_id)
    assert PARCEL in saved.keywords
    assert saved.routings[-1] == SHIPPING
    assert saved.version != draft.version
    assert own_rows(shared_database, tenant_id) == 1
    assert [rule for rule in saved.keywords if rule.is_own] == [PARCEL]


def test_a_changed_default_stands_in_front_of_it(tuning: Tuning, tenant_id: UUID):
    draft = tuning.load(tenant_id)
    first, *others = draft.keywords
    changed = replace(first, weight=3 if first.weight != 3 else 1)
    general = replace(draft.routings[0], primary_tokens=111)
    saved = tuning.save(
        tenant_id,
        replace(draft, keywords=(changed, *others), routings=(general, *draft.routings[1:])),
    )
    assert changed in saved.keywords
    assert first not in saved.keywords
    assert len(saved.keywords) == len(draft.keywords)
    assert saved.routings[0].primary_tokens == 111
    back = tuning.save(tenant_id, replace(draft, version=saved.version))
    assert (back.keywords, back.routings) == (draft.keywords, draft.routings)


def test_a_removed_default_stays_off(tuning: Tuning, tenant_id: UUID):
    draft = tuning.load(tenant_id)
    gone, *others = draft.keywords
    saved = tuning.save(tenant_id, replace(draft, keywords=tuple(others)))
    assert replace(gone, enabled=False) in saved.keywords
    again = tuning.save(tenant_id, saved)  # and stays off when the loaded draft is saved
    assert replace(gone, enabled=False) in again.keywords
    removed_again = tuple(rule for rule in again.keywords if rule.enabled)
    last = tuning.save(tenant_id, replace(again, keywords=removed_again))
    assert gone not in last.keywords


def test_one_tenants_rows_are_not_anothers(
    tuning: Tuning, tenant_id: UUID, shared_database: GuardedDatabase
):
    tuning.save(tenant_id, with_shipping(tuning.load(tenant_id)))
    assert PARCEL not in tuning.load(new_tenant(shared_database)).keywords


def test_reset_goes_back_to_the_defaults(
    tuning: Tuning, tenant_id: UUID, shared_database: GuardedDatabase
):
    before = tuning.load(tenant_id)
    tuning.save(tenant_id, with_shipping(before))
    assert tuning.reset(tenant_id) == before
    assert own_rows(shared_database, tenant_id) == 0


def test_who_saves_an_outdated_draft_is_told(tuning: Tuning, tenant_id: UUID):
    mine, theirs = tuning.load(tenant_id), tuning.load(tenant_id)
    tuning.save(tenant_id, with_shipping(theirs))
    with pytest.raises(Conflict, match="Somebody saved other changes"):
        tuning.save(tenant_id, mine)
    assert PARCEL in tuning.load(tenant_id).keywords


def test_of_many_who_save_at_once_one_wins(tuning: Tuning, tenant_id: UUID):
    draft = tuning.load(tenant_id)
    savers = 6
    together = threading.Barrier(savers)

    def save(number: int) -> bool:
        rule = KeywordRule("pricing", "en", f"saver{number}", 1)
        together.wait()
        try:
            tuning.save(tenant_id, replace(draft, keywords=(*draft.keywords, rule)))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(savers) as pool:
        assert sum(pool.map(save, range(savers))) == 1
    own = [rule for rule in tuning.load(tenant_id).keywords if rule.keyword.startswith("saver")]
    assert len(own) == 1


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (KeywordRule("pricing", "en", "  ", 1), "pricing"),
        (KeywordRule("pricing", "en", "x" * 81, 1), "1 to 80 characters"),
        (KeywordRule("pricing", "de", "preis", 1), "'preis'"),  # type: ignore[arg-type]
        (KeywordRule("nowhere", "en", "lost", 1), "'lost'"),
        (KeywordRule("pricing", "en", "nul\x00", 1), "nul"),
        (KeywordRule("pricing", "en", "half\ud83d", 1), "half"),
    ],
)
def test_a_wrong_keyword_is_named(tuning: Tuning, tenant_id: UUID, wrong: KeywordRule, named: str):
    draft = tuning.load(tenant_id)
    with pytest.raises(InvalidInput) as refusal:
        tuning.save(tenant_id, replace(draft, keywords=(*draft.keywords, wrong)))
    assert named in refusal.value.message
    assert tuning.load(tenant_id) == draft


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (replace(SHIPPING, intent=" "), "needs a name"),
        (replace(SHIPPING, intent="a\x00b"), "needs a name"),
        (replace(SHIPPING, primary_tokens=1501), "'shipping' has 1501"),
        (replace(SHIPPING, secondary_tokens=-1), "'shipping' has -1"),
        (replace(SHIPPING, primary_kinds=()), "'shipping' needs"),
        (replace(SHIPPING, secondary_kinds=("gossip",)), "'gossip'"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_routing_is_named(
    tuning: Tuning, tenant_id: UUID, wrong: IntentRouting, named: str
):
    draft = tuning.load(tenant_id)
    with pytest.raises(InvalidInput) as refusal:
        tuning.save(tenant_id, replace(draft, routings=(*draft.routings, wrong)))
    assert named in refusal.value.message


def test_rows_that_stand_twice_are_named(tuning: Tuning, tenant_id: UUID):
    draft = tuning.load(tenant_id)
    with pytest.raises(InvalidInput, match=draft.keywords[0].keyword):
        tuning.save(tenant_id, replace(draft, keywords=(*draft.keywords, draft.keywords[0])))
    with pytest.raises(InvalidInput, match="general"):
        tuning.save(tenant_id, replace(draft, routings=draft.routings + draft.routings[-1:]))


def test_the_intent_for_everything_else_cannot_be_removed(tuning: Tuning, tenant_id: UUID):
    draft = tuning.load(tenant_id)
    others = tuple(routing for routing in draft.routings if routing.intent != "general")
    with pytest.raises(InvalidInput, match="'general' needs a routing"):
        tuning.save(tenant_id, replace(draft, routings=others))


def test_persian_keywords_with_a_half_space_are_taken(tuning: Tuning, tenant_id: UUID):
    draft = tuning.load(tenant_id)
    rule = KeywordRule("pricing", "fa", "نمونه\u200cبهای\u200cآزمون", 2)
    assert rule in tuning.save(tenant_id, replace(draft, keywords=(*draft.keywords, rule))).keywords


# ---- the versions of the tenant's bots --------------------------------------------------------


def bot_versions(database: GuardedDatabase, tenant_id: UUID) -> list[tuple[int, str, str, int]]:
    """Return number, state, note and count of own keywords of the first bot's versions."""
    query = select(BotVersionRow).where(BotVersionRow.tenant_id == tenant_id)
    with database.tenant(tenant_id) as session:
        return [
            (row.version, row.state, row.note, len(row.routing["keywords"]))
            for row in session.scalars(query.order_by(BotVersionRow.version))
        ]


def test_a_save_and_a_reset_are_versions_of_the_bot_that_say_the_same(
    tuning: Tuning, tenant_id: UUID, shared_database: GuardedDatabase
):
    before = Bots(shared_database).find(tenant_id)
    tuning.save(tenant_id, with_shipping(tuning.load(tenant_id)), edited_by="Sara")
    tuning.reset(tenant_id)
    assert bot_versions(shared_database, tenant_id) == [
        (1, "retired", "", 0),
        (2, "retired", "routing", 1),
        (3, "published", "routing", 0),
    ]
    assert Bots(shared_database).find(tenant_id) == replace(before, prompt_version=3)


def test_saving_or_resetting_what_is_in_force_makes_no_version(
    tuning: Tuning, tenant_id: UUID, shared_database: GuardedDatabase
):
    saved = tuning.save(tenant_id, with_shipping(tuning.load(tenant_id)))
    assert tuning.save(tenant_id, saved) == saved
    assert len(bot_versions(shared_database, tenant_id)) == 2
    tuning.reset(tenant_id)
    tuning.reset(tenant_id)
    assert len(bot_versions(shared_database, tenant_id)) == 3


def test_a_refused_save_makes_no_version(
    tuning: Tuning, tenant_id: UUID, shared_database: GuardedDatabase
):
    stale = tuning.load(tenant_id)
    tuning.save(tenant_id, with_shipping(stale))
    with pytest.raises(Conflict):
        tuning.save(tenant_id, stale)
    assert len(bot_versions(shared_database, tenant_id)) == 2


# ---- routers that are kept --------------------------------------------------------------------


def test_a_kept_router_sees_a_save_and_a_reset_at_once(
    tuning: Tuning, tenant_id: UUID, shared_database: GuardedDatabase
):
    cache = RouterCache()

    def intent() -> str:
        with shared_database.tenant(tenant_id) as session:
            return cache.read(tenant_id, session=session).route("A zeppelin, please.").intent

    before = intent()
    assert before != "shipping"
    saved = tuning.save(tenant_id, with_shipping(tuning.load(tenant_id)))
    assert intent() == "shipping"
    light = tuple(r if r != PARCEL else replace(r, enabled=False) for r in saved.keywords)
    tuning.save(tenant_id, replace(saved, keywords=light))
    assert intent() == before
    tuning.reset(tenant_id)
    assert intent() == before


def test_a_router_is_built_once_as_long_as_nothing_changes(
    tuning: Tuning, tenant_id: UUID, shared_database: GuardedDatabase
):
    cache = RouterCache(max_tenants=1)
    other = new_tenant(shared_database)
    for tenant in (tenant_id, other):
        tuning.save(tenant, with_shipping(tuning.load(tenant)))

    def router_of(tenant: UUID) -> QueryRouter:
        with shared_database.tenant(tenant) as session:
            return cache.read(tenant, session=session)

    first = router_of(tenant_id)
    assert router_of(tenant_id) is first
    assert router_of(other) is not first  # and takes its place: there is room for one
    assert router_of(tenant_id) is not first


# ---- the defaults themselves ------------------------------------------------------------------


def test_seeding_again_changes_nothing_and_a_new_version_replaces_them(database: GuardedDatabase):
    newest = select(func.max(IntentKeyword.updated_at)).where(
        IntentKeyword.tenant_id == GLOBAL_TENANT_ID
    )
    with database.administration() as session:
        before = session.scalar(newest)
        seed_defaults(default_keywords(), default_routings(), session=session)
    with database.administration() as session:
        assert session.scalar(newest) == before
        seed_defaults(default_keywords()[:5], default_routings(), session=session)
    assert set(Tuning(database).load(new_tenant(database)).keywords) == set(default_keywords()[:5])


def test_processes_that_seed_at_once_do_not_collide(database: GuardedDatabase):
    together = threading.Barrier(3)

    def seed(_: int) -> None:
        together.wait()
        with database.administration() as session:
            seed_defaults(default_keywords()[:9], default_routings(), session=session)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(seed, range(3)))
    assert len(Tuning(database).load(new_tenant(database)).keywords) == 9


def test_tenants_that_changed_nothing_share_a_router(shared_database, tuning):
    routers = RouterCache()
    first, second, changed = (new_tenant(shared_database) for _ in range(3))
    draft = tuning.load(changed)
    rule = KeywordRule("contact", "en", "zorpal", 3)
    tuning.save(changed, replace(draft, keywords=(*draft.keywords, rule)))

    def router_of(tenant_id):
        with shared_database.tenant(tenant_id) as session:
            return routers.read(tenant_id, session=session)

    assert router_of(first) is router_of(second)
    assert router_of(changed) is not router_of(first)
    assert router_of(changed).route("zorpal").intent == "contact"
    tuning.reset(changed)
    assert router_of(changed) is router_of(first)
