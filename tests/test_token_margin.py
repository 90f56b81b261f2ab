"""Margins between two counts of a prompt: the statistic, and what the database remembers of it."""

from __future__ import annotations

import random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select

from db.models.usage import LearnedMargin
from leanrag import token_margin
from leanrag.guarded_database import GuardedDatabase
from leanrag.settings import Settings
from leanrag.token_margin import (
    ASSUMED_FACTORS,
    EXACT,
    MAX_FACTOR,
    REMEMBERED_CALLS,
    SURE_CALLS,
    ServedModel,
    TokenMargin,
    TokenMargins,
    is_counted_exactly,
    margin_from,
    served_models,
)
from leanrag.types import LANGUAGES
from tests.product_parts import new_tenant

QWEN = ServedModel("http://models.example/v1", "qwen3-8b")
LLAMA = ServedModel("http://models.example/v1", "llama-3.1-8b")
OPENAI = ServedModel("https://api.openai.com/v1", "gpt-4o-mini")


@pytest.fixture
def tenant_id(shared_database: GuardedDatabase) -> UUID:
    return new_tenant(shared_database)


def margins(*models: ServedModel) -> TokenMargins:
    return TokenMargins(models or (QWEN,), max_prompt_tokens=1500)


def learn(
    database: GuardedDatabase,
    made: TokenMargins,
    tenant_id: UUID,
    *ratios: float,
    model: str = "qwen3-8b",
    language: str = "en",
    counted: int = 1000,
) -> None:
    for ratio in ratios:
        with database.tenant(tenant_id) as session:
            made.learn(
                tenant_id,
                language,
                model=model,
                counted_tokens=counted,
                reported_tokens=round(counted * ratio),
                session=session,
            )


def read(
    database: GuardedDatabase, made: TokenMargins, tenant_id: UUID, language: str = "en"
) -> TokenMargin:
    with database.tenant(tenant_id) as session:
        return made.read(tenant_id, language, session=session)


# ---- which models are exact ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "is_exact"),
    [
        ("gpt-4o-mini", True),
        ("gpt-4o-mini-2024-07-18", True),
        ("openai/gpt-4o", True),
        ("gpt-4-turbo", True),
        ("gpt-3.5-turbo", True),
        ("gpt-oss-20b", False),  # its encoding is not shipped
        ("gemini-2.5-flash", False),
        ("llama-3.1-8b-instant", False),
        ("qwen3:8b", False),
        ("", False),
    ],
)
def test_only_models_whose_encoding_is_shipped_are_counted_exactly(model: str, is_exact: bool):
    assert is_counted_exactly(model) is is_exact


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_encoding_begins_with_what_was_measured_for_the_language(language):
    assert margin_from("gpt-4o", language, ()) == EXACT
    assumed = margin_from("qwen3-8b", language, ())
    assert assumed == TokenMargin(ASSUMED_FACTORS[language], "assumed", 0)
    assert assumed.factor > 1


# ---- the statistic ------------------------------------------------------------------------------


@given(st.floats(1, MAX_FACTOR), st.integers(400, 1500))
def test_the_limit_times_the_factor_is_never_above_the_limit(factor: float, most: int):
    limit = TokenMargin(factor, "learned", 10).limit(most)
    assert limit * factor <= most * (1 + 1e-9)
    assert (limit + 1) * factor > most * (1 - 1e-9)


ratio_lists = st.lists(st.floats(0.5, MAX_FACTOR), min_size=1, max_size=REMEMBERED_CALLS)


@given(ratio_lists, st.sampled_from(["gpt-4o", "qwen3-8b"]), st.sampled_from(LANGUAGES))
def test_a_margin_is_bounded_and_covers_every_report_but_a_single_freak(ratios, model, language):
    margin = margin_from(model, language, ratios)
    assert 1.0 <= margin.factor <= MAX_FACTOR
    assert margin == margin_from(model, language, ratios[::-1])
    not_covered = [ratio for ratio in ratios if ratio > margin.factor + 1e-4]
    assert len(not_covered) <= (1 if len(ratios) >= SURE_CALLS else 0)


def test_few_reports_do_not_lower_what_is_assumed_and_ten_do():
    assert margin_from("qwen3-8b", "fa", [1.0] * (SURE_CALLS - 1)).factor == ASSUMED_FACTORS["fa"]
    assert margin_from("qwen3-8b", "fa", [1.0] * SURE_CALLS) == TokenMargin(1.0, "learned", 10)


def test_one_report_above_what_is_assumed_raises_the_margin_at_once():
    assert margin_from("qwen3-8b", "en", [1.3]) == TokenMargin(1.3, "learned", 1)
    assert margin_from("gpt-4o", "en", [1.2]).factor == 1.2


def test_a_single_freak_report_is_left_out_until_a_second_confirms_it():
    usual = [1.05, 1.1] * 10
    without = margin_from("qwen3-8b", "en", usual).factor
    assert margin_from("qwen3-8b", "en", [2.9, *usual]).factor == without < 1.3
    assert margin_from("qwen3-8b", "en", [2.9, 2.8, *usual]).factor >= 2.9


def test_a_tokenizer_that_scatters_hardly_ever_goes_beyond_its_margin():
    dice = random.Random(5)
    drawn = [dice.gauss(1.62, 0.04) for _ in range(3000)]  # Persian as Qwen 3 was measured
    beyond = sum(
        drawn[i] > margin_from("qwen3-8b", "fa", drawn[i - REMEMBERED_CALLS : i]).factor
        for i in range(REMEMBERED_CALLS, len(drawn))
    )
    assert beyond / len(drawn) < 0.004
    assert margin_from("qwen3-8b", "fa", drawn[:REMEMBERED_CALLS]).factor < 1.62 * 1.2


# ---- what is remembered -------------------------------------------------------------------------


def test_a_margin_is_learned_for_model_and_language_apart(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    made = margins(QWEN)
    learn(shared_database, made, tenant_id, *[1.6] * SURE_CALLS, language="fa")
    assert read(shared_database, made, tenant_id, "fa") == TokenMargin(1.6, "learned", 10)
    assert read(shared_database, made, tenant_id, "tr").origin == "assumed"
    assert read(shared_database, margins(LLAMA), tenant_id, "fa").origin == "assumed"


def test_a_restart_and_other_processes_know_what_was_learned(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    learn(shared_database, margins(), tenant_id, 1.31, 1.3)
    assert read(shared_database, margins(), tenant_id).factor >= 1.31


def test_the_latest_fifty_reports_are_kept_the_newest_first(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    made = margins()
    learn(shared_database, made, tenant_id, 1.4, *[1.1] * (REMEMBERED_CALLS - 1))
    assert read(shared_database, made, tenant_id).factor >= 1.4
    learn(shared_database, made, tenant_id, 1.12)
    assert read(shared_database, made, tenant_id).factor < 1.2
    with shared_database.tenant(tenant_id) as session:
        (row,) = session.scalars(select(LearnedMargin)).all()
    assert len(row.ratios) == REMEMBERED_CALLS
    assert row.ratios[:2] == [1.12, 1.1]


def test_one_tenants_reports_change_nothing_for_another(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    made = margins()
    learn(shared_database, made, tenant_id, *[2.5] * 12)
    other = new_tenant(shared_database)
    assert read(shared_database, made, other).factor == ASSUMED_FACTORS["en"]


def test_the_margin_of_a_prompt_is_that_of_the_dearest_model_that_may_read_it(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    made = margins(OPENAI, QWEN)
    assert read(shared_database, made, tenant_id, "fa").factor == ASSUMED_FACTORS["fa"]
    learn(shared_database, made, tenant_id, *[1.4] * SURE_CALLS, language="fa")
    assert read(shared_database, made, tenant_id, "fa").factor == 1.4
    learn(shared_database, made, tenant_id, 1.5, model="gpt-4o-mini-2024-07-18", language="fa")
    assert read(shared_database, made, tenant_id, "fa").factor == 1.5


def test_a_name_that_nobody_asked_for_counts_for_the_first_model(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    made = margins(QWEN, OPENAI)
    learn(shared_database, made, tenant_id, 1.35, model="/models/Qwen3-8B-AWQ")
    assert read(shared_database, made, tenant_id).factor == 1.35


def test_short_prompts_and_empty_reports_teach_nothing(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    made = margins()
    learn(shared_database, made, tenant_id, 2.0, counted=token_margin.MIN_COUNTED_TOKENS - 1)
    learn(shared_database, made, tenant_id, 0.0)
    assert read(shared_database, made, tenant_id).calls == 0


def test_a_confirmed_exact_count_is_not_written_until_it_was_wrong_once(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    made = margins(OPENAI)
    learn(shared_database, made, tenant_id, 1.0, 1.0, model="gpt-4o-mini")
    with shared_database.tenant(tenant_id) as session:
        assert session.scalars(select(LearnedMargin)).all() == []
    learn(shared_database, made, tenant_id, 1.1, *[1.0] * REMEMBERED_CALLS, model="gpt-4o-mini")
    assert read(shared_database, made, tenant_id) == EXACT


def test_reading_takes_one_round_trip_a_minute_and_learning_one(
    shared_database: GuardedDatabase, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
):
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_):
        if "token_margins" in statement:
            statements.append(statement.split()[0])

    made = margins()
    event.listen(shared_database.engine, "before_cursor_execute", note)
    try:
        for language in ("en", "fa", "en"):
            read(shared_database, made, tenant_id, language)
        assert statements == ["SELECT"]
        learn(shared_database, made, tenant_id, 1.3)
        assert read(shared_database, made, tenant_id).factor == 1.3
        assert statements == ["SELECT", "INSERT"]
        monkeypatch.setattr(token_margin, "FRESH_SECONDS", 0.0)
        read(shared_database, made, tenant_id)
        assert statements == ["SELECT", "INSERT", "SELECT"]
    finally:
        event.remove(shared_database.engine, "before_cursor_execute", note)


def test_the_memory_holds_so_many_tenants_and_no_more(
    shared_database: GuardedDatabase, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(token_margin, "MAX_TENANTS", 2)
    made = margins()
    for _ in range(4):
        read(shared_database, made, new_tenant(shared_database))
    assert len(made._kept) == 2


# ---- which models may answer --------------------------------------------------------------------


def test_without_a_key_no_model_reads_a_prompt_and_no_query_is_made(tenant_id: UUID):
    settings = Settings(openai_api_key=None, _env_file=None)
    none = TokenMargins(served_models(settings), max_prompt_tokens=1500)
    assert none.read(tenant_id, "fa", session=None) == EXACT  # type: ignore[arg-type]


def test_an_address_is_remembered_without_user_password_and_query():
    settings = Settings(
        openai_api_key="sk-1",
        openai_base_url="https://me:secret@Models.example/v1/?key=secret",
        model="qwen3",
        fallback_model="gpt-4o-mini",
        _env_file=None,
    )
    address = "https://models.example/v1"
    assert served_models(settings) == (
        ServedModel(address, "qwen3"),
        ServedModel(address, "gpt-4o-mini"),
    )


def test_an_excess_is_counted_from_the_limit():
    made = TokenMargins((QWEN,), max_prompt_tokens=1200)
    assert [made.excess(tokens) for tokens in (0, 1200, 1201, 1500)] == [0, 0, 1, 300]
