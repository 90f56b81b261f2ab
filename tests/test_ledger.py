"""Ledgers and citations survive the way through the database's JSON."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from leanrag.ledger import (
    Counterfactual,
    CounterfactualPart,
    Ledger,
    citations_from_json,
    citations_to_json,
    ledger_from_json,
    ledger_to_json,
)
from leanrag.token_margin import EXACT, TokenMargin
from leanrag.types import (
    AnswerMetadata,
    BudgetedPrompt,
    Citation,
    MatchedKeyword,
    Passage,
    PassageDecision,
    PromptMessage,
    Route,
    SectionTokens,
    SourceShare,
)

# What a column of JSON takes: no NUL, no half letters.
texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=30)
numbers = st.floats(0, 1e6, allow_nan=False)
languages = st.sampled_from(["fa", "en", "ar", "tr"])
kinds = st.sampled_from(["faq", "manual", "product", "website", "document"])
shares = st.builds(SourceShare, st.lists(kinds, max_size=3).map(tuple), st.integers(0, 1500))
routes = st.builds(
    Route,
    language=languages,
    intent=texts,
    confidence=st.floats(0, 1),
    matched=st.lists(st.builds(MatchedKeyword, texts, texts, st.integers(1, 3)), max_size=2).map(
        tuple
    ),
    primary=shares,
    secondary=shares,
)
passages = st.builds(
    Passage,
    passage_id=st.uuids(),
    source_id=st.uuids(),
    kind=kinds,
    source_title=texts,
    title=texts,
    heading=texts,
    text=texts,
    language=languages,
    position=st.integers(0, 99),
    page=st.none() | st.integers(1, 99),
    token_count=st.integers(0, 500),
    is_citable=st.booleans(),
    lexical_score=numbers,
    dense_score=st.floats(-1, 1),
    score=numbers,
)
sections = st.sampled_from(["system", "question", "conversation", "primary", "secondary"])
decisions = st.builds(
    PassageDecision,
    passage=passages,
    section=sections,
    fate=st.sampled_from(["kept", "trimmed", "dropped"]),
    reason=texts,
    tokens=st.integers(0, 500),
    text=texts,
    marker=st.none() | st.integers(1, 40),
)
prompts = st.builds(
    BudgetedPrompt,
    messages=st.lists(
        st.builds(PromptMessage, st.sampled_from(["system", "user", "assistant"]), texts),
        max_size=3,
    ).map(tuple),
    total_tokens=st.integers(0, 1500),
    sections=st.lists(
        st.builds(SectionTokens, sections, st.integers(0, 999), st.integers(0, 999)), max_size=5
    ).map(tuple),
    decisions=st.lists(decisions, max_size=2).map(tuple),
    encoding=texts,
)
metadata = st.builds(
    AnswerMetadata,
    intent=texts,
    confidence=st.floats(0, 1),
    language=languages,
    prompt_tokens=st.integers(0, 1500),
    completion_tokens=st.integers(0, 500),
    total_tokens=st.integers(0, 2000),
    model_used=texts,
    cost_usd=st.none() | numbers,
    saved_tokens=st.integers(0, 99_999),
    usage_reported=st.booleans(),
    outcome=st.sampled_from(["complete", "stopped", "partial", "abstained"]),
    response_time_ms=numbers,
    first_token_ms=st.none() | numbers,
)
ledgers = st.builds(
    Ledger,
    route=routes,
    prompt=prompts,
    widened=st.booleans(),
    searched=st.integers(0, 99),
    counterfactual=st.builds(
        Counterfactual,
        st.integers(0, 99_999),
        st.lists(st.builds(CounterfactualPart, texts, st.integers(0, 9999)), max_size=3).map(tuple),
    ),
    metadata=metadata,
    step_ms=st.dictionaries(texts, numbers, max_size=4),
    margin=st.builds(
        TokenMargin,
        st.floats(1, 3),
        st.sampled_from(["exact", "assumed", "learned"]),
        st.integers(0, 50),
    ),
)
citations = st.lists(
    st.builds(
        Citation,
        number=st.integers(1, 40),
        passage_id=st.uuids(),
        source_id=st.uuids(),
        title=texts,
        heading=texts,
        page=st.none() | st.integers(1, 99),
        quote=texts,
    ),
    max_size=3,
).map(tuple)


@given(ledgers)
def test_a_ledger_comes_back_as_it_went(ledger: Ledger):
    stored = json.loads(ledger_to_json(ledger))
    assert isinstance(stored, dict)
    assert ledger_from_json(stored) == ledger


@given(citations)
def test_citations_come_back_as_they_went(given_citations: tuple[Citation, ...]):
    stored = json.loads(citations_to_json(given_citations))
    assert isinstance(stored, list)
    assert citations_from_json(stored) == given_citations


def test_a_message_without_a_ledger_has_none():
    assert ledger_from_json({}) is None
    assert citations_from_json([]) == ()


def test_ids_are_ids_again():
    citation = Citation(1, uuid4(), uuid4(), "t", "", None, "q")
    (found,) = citations_from_json(json.loads(citations_to_json((citation,))))
    assert isinstance(found.passage_id, UUID)


def test_what_is_no_ledger_is_not_taken_for_one():
    with pytest.raises(ValidationError):
        ledger_from_json({"route": "elsewhere"})


@given(ledgers)
def test_a_ledger_of_before_margins_were_kept_says_that_the_count_was_exact(ledger: Ledger):
    stored = json.loads(ledger_to_json(ledger))
    assert isinstance(stored, dict)
    del stored["margin"]
    found = ledger_from_json(stored)
    assert found is not None
    assert found.margin == EXACT
