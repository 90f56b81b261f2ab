"""An answer is given again to the same question only, and never once what it stands on changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from db.models import CachedResponse, Message
from db.models.base import new_id
from leanrag.guarded_database import GuardedDatabase
from leanrag.response_cache import (
    EXPIRED_AT_ONCE,
    NEWEST_ENTRIES,
    ResponseCache,
    answer_settings,
    is_impersonal,
)
from leanrag.settings import Settings
from tests.cached_answers import CACHE, QUESTION, Shop, Statements
from tests.product_parts import DELIVERY

MISTYPED = "hello, how long does delivrey take to istanbul"


@pytest.fixture
def shop(shared_database: GuardedDatabase) -> Shop:
    return Shop(shared_database)


def test_the_same_question_is_given_the_same_text_and_citations(shop: Shop):
    message_id = shop.store(shop.key())
    found = shop.find(shop.key())
    assert found is not None
    assert (found.message_id, found.text, found.question) == (message_id, "Three days.", QUESTION)
    assert [citation.quote for citation in found.citations] == [DELIVERY]
    assert (found.same.match, found.same.differences) == ("exact", ())
    assert found.model_used == "gpt-4o-mini"
    assert 0 <= found.age_seconds < 60


def test_a_mistyped_question_is_a_near_hit_that_names_the_slip(shop: Shop):
    shop.store(shop.key())
    found = shop.find(shop.key(), MISTYPED)
    assert found is not None
    assert found.same.match == "near"
    assert [(d.kind, d.second) for d in found.same.differences] == [("spelling", "delivery")]


def test_an_exact_hit_goes_before_a_newer_near_one(shop: Shop):
    first = shop.store(shop.key())
    shop.store(shop.key(), MISTYPED, answer="Another text.")
    found = shop.find(shop.key())
    assert found is not None
    assert found.message_id == first


def test_another_question_finds_nothing(shop: Shop):
    shop.store(shop.key())
    assert shop.find(shop.key(), "How long does delivery take to Izmir?") is None


def test_an_expired_answer_is_not_given(shop: Shop):
    shop.store(shop.key())
    shop.execute(update(CachedResponse).values(expires_at=func.now()))
    assert shop.find(shop.key()) is None


def test_storing_deletes_expired_entries_a_few_at_a_time(shop: Shop):
    for _ in range(EXPIRED_AT_ONCE + 3):
        shop.store(shop.key())
    shop.execute(update(CachedResponse).values(expires_at=func.now()))
    shop.store(shop.key())
    assert shop.entries() == 3 + 1
    shop.store(shop.key())
    assert shop.entries() == 2


def test_only_the_newest_entries_are_looked_at(shop: Shop):
    key, message_id = shop.key(), shop.answer()
    with shop.database.tenant(shop.tenant_id) as session:
        for number in range(NEWEST_ENTRIES + 1):
            CACHE.store(shop.tenant_id, key, f"item {number}", message_id, session=session)
            session.execute(
                update(CachedResponse)
                .where(CachedResponse.question == f"item {number}")
                .values(expires_at=func.now() + text(f"interval '{900 + number} seconds'"))
            )
    assert shop.find(key, "item 0") is None
    assert shop.find(key, "item 1") is not None


@pytest.mark.parametrize("status", ["partial", "failed", "stopped", "abstained"])
def test_an_answer_that_is_not_complete_is_not_kept(shop: Shop, status: str):
    shop.store(shop.key(), status=status)
    assert shop.entries() == 0


def test_a_question_of_the_customer_is_not_kept_as_an_answer(shop: Shop):
    message_id = shop.answer()
    shop.execute(update(Message).where(Message.message_id == message_id).values(role="user"))
    with shop.database.tenant(shop.tenant_id) as session:
        CACHE.store(shop.tenant_id, shop.key(), QUESTION, message_id, session=session)
    assert shop.entries() == 0


@pytest.mark.parametrize(
    "question",
    [
        "Where is order 48213?",
        "سفارش ۴۸۲۱۳ کجاست؟",
        "My number is 0912 345 67 89",
        "Write to me at ada@example.org",
        "My password is hunter2, why does it not work?",
        "Refund to DE89 3704 0044 0532 0130 00",
        "طلبي رقم ١٢٣-٤٥٦",
    ],
)
def test_personal_questions_are_neither_kept_nor_looked_up(shop: Shop, question: str):
    assert not is_impersonal(question)
    shop.store(shop.key(), question)
    assert shop.entries() == 0
    with Statements(shop) as sent:
        assert shop.find(shop.key(), question) is None
    assert not [one for one in sent if "response_cache" in one]


@pytest.mark.parametrize("question", ["iPhone 13 128 GB", "Is 2 x 1,500 ml enough?", "S21+ 5G"])
def test_products_and_sizes_are_not_personal(question: str):
    assert is_impersonal(question)


def test_a_cache_that_is_switched_off_does_nothing(shop: Shop):
    off = ResponseCache(0)
    message_id = shop.store(shop.key())
    assert not off.enabled
    with shop.database.tenant(shop.tenant_id) as session:
        off.store(shop.tenant_id, shop.key(), "Another?", message_id, session=session)
        assert off.find(shop.tenant_id, shop.key(), QUESTION, session=session) is None
    assert shop.entries() == 1


# ---- what it costs ----------------------------------------------------------------------------


def test_looking_up_and_storing_take_one_statement_each(shop: Shop):
    key, message_id = shop.key(), shop.answer()
    with shop.database.tenant(shop.tenant_id) as session:
        session.connection()
        for act in (
            lambda: CACHE.store(shop.tenant_id, key, QUESTION, message_id, session=session),
            lambda: CACHE.find(shop.tenant_id, key, QUESTION, session=session),
            lambda: CACHE.find(shop.tenant_id, key, "Is it red?", session=session),
        ):
            with Statements(shop) as sent:
                act()
            assert len(sent) == 1


def test_a_hit_is_counted_unless_another_turn_counts_it_just_now(shop: Shop):
    shop.store(shop.key())
    found = shop.find(shop.key())
    assert found is not None
    with (
        shop.database.tenant(shop.tenant_id) as one,
        shop.database.tenant(shop.tenant_id) as other,
    ):
        other.execute(text("SET LOCAL lock_timeout = '1s'"))
        CACHE.count_hit(shop.tenant_id, found.entry_id, session=one)
        CACHE.count_hit(shop.tenant_id, found.entry_id, session=other)
    with shop.database.tenant(shop.tenant_id) as session:
        assert session.scalars(select(CachedResponse.hits)).one() == 1


# ---- walls ------------------------------------------------------------------------------------


def test_another_tenant_finds_nothing_even_with_the_same_key(shop: Shop):
    other = Shop(shop.database)
    key = shop.key()
    shop.store(key)
    assert other.find(key) is None
    with shop.database.tenant(other.tenant_id) as session:  # asking in the first one's name
        assert CACHE.find(shop.tenant_id, key, QUESTION, session=session) is None


def test_what_one_tenant_asked_leaves_no_trace_in_the_look_up_of_another(shop: Shop):
    """No memory of the process and no row: the other tenant's look-up is the same as before."""
    other = Shop(shop.database)
    with Statements(shop) as before:
        other.find(other.key())
    shop.store(shop.key())
    shop.find(shop.key())
    with Statements(shop) as after:
        other.find(other.key())
    assert after == before
    assert vars(CACHE) == {"_max_age_seconds": 900}


def test_an_answer_is_never_stored_under_another_tenants_name(shop: Shop):
    other = Shop(shop.database)
    message_id = shop.answer()
    with shop.database.tenant(other.tenant_id) as session:
        CACHE.store(other.tenant_id, other.key(), QUESTION, message_id, session=session)
    assert other.entries() == shop.entries() == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt_version": 2},
        {"tuning_version": "saved"},
        {"settings": "changed"},
        {"model": "gpt-4o"},
        {"encoding": "cl100k_base"},
        {"intent": "pricing"},
        {"also": "howto"},
        {"language": "tr"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_answer_is_not_given_on_another_basis(shop: Shop, changes: dict[str, Any]):
    shop.store(shop.key())
    assert shop.find(shop.key(**changes)) is None


def test_another_bot_and_another_language_find_nothing(shop: Shop):
    key = shop.key()
    shop.store(key)
    assert shop.find(replace(key, bot_id=new_id())) is None
    assert shop.find(replace(key, language="tr")) is None


def test_every_setting_counts_that_may_shape_an_answer():
    plain = Settings(openai_api_key=None, _env_file=None)
    for changes in (
        {"model": "gpt-4o"},
        {"openai_base_url": "http://localhost:11434/v1"},
        {"temperature": 0.9},
        {"max_completion_tokens": 100},
        {"max_prompt_tokens": 900},
        {"embedding_model": "text-embedding-3-small"},
        {"ranking_profile": "evidence-2"},
        {"min_relevance": 0.4},
    ):
        assert answer_settings(plain.model_copy(update=changes)) != answer_settings(plain), changes
    for changes in ({"questions_per_minute": 7}, {"worker": False}, {"provider_max_retries": 0}):
        assert answer_settings(plain.model_copy(update=changes)) == answer_settings(plain), changes
