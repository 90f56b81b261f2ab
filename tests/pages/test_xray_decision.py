"""The X-ray tells why an answer is what it is: fixed, given again, quoted, refused or written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from leanrag.abstention import WEIGHTS, Answerability, Signal
from leanrag.first_contact import ACTS, FirstContactAct, FirstContactMatch
from leanrag.ledger import (
    CacheHit,
    Counterfactual,
    CounterfactualPart,
    Ledger,
    ledger_from_json,
    ledger_to_json,
)
from leanrag.types import (
    AnswerMetadata,
    BudgetedPrompt,
    PromptMessage,
    Route,
    SectionTokens,
    SourceShare,
)
from pages._xray_budget import sent_tokens
from pages._xray_decision import decision_sentence

PROMPT = BudgetedPrompt(
    messages=(PromptMessage("user", "What does it cost?"),),
    total_tokens=1200,
    sections=(SectionTokens("question", 1200, 1500),),
    decisions=(),
    encoding="o200k_base",
)
NOTHING = BudgetedPrompt((), 0, (), (), "")
METADATA = AnswerMetadata(
    intent="pricing",
    confidence=0.8,
    language="en",
    prompt_tokens=1200,
    completion_tokens=20,
    total_tokens=1220,
    model_used="gpt-4o-mini",
    cost_usd=0.0,
    saved_tokens=0,
    usage_reported=True,
    outcome="complete",
    response_time_ms=100.0,
    first_token_ms=50.0,
    prompt_version=7,
)
WRITTEN = Ledger(
    route=Route("en", "pricing", 0.8, (), SourceShare((), 600), SourceShare((), 300)),
    prompt=PROMPT,
    widened=False,
    searched=40,
    counterfactual=Counterfactual(20_000, (CounterfactualPart("manual", 20_000),)),
    metadata=METADATA,
    step_ms={"admit": 1.0},
)
GREETING = FirstContactMatch("greeting", "en", ("hello",), is_whole=True, wants_person=False)
WISH = FirstContactMatch("person", "en", ("a human",), is_whole=False, wants_person=True)
FIXED = replace(
    WRITTEN, prompt=NOTHING, contact=GREETING, metadata=replace(METADATA, model_used="fixed")
)
CACHED = replace(
    WRITTEN,
    metadata=replace(METADATA, model_used="cache", prompt_tokens=0),
    cached=CacheHit(
        UUID(int=1), "near", (("kettle", "kettel"), ("please", "")), 312.0, "kettle please"
    ),
)
QUOTED = replace(
    WRITTEN,
    metadata=replace(METADATA, model_used="extractive"),
    answerability=Answerability(
        chance=0.83,
        least_chance=0.5,
        knowledge="documents",
        signals=(Signal("match", 0.4, 5.0), Signal("constant", 1.0, -0.4)),
        unknown_words=("zanzibar",),
    ),
)
assert QUOTED.answerability is not None
REFUSED = replace(
    QUOTED,
    metadata=replace(QUOTED.metadata, outcome="abstained"),
    answerability=replace(QUOTED.answerability, chance=0.2),
)


def draw(stored: str) -> None:
    import json

    from leanrag.ledger import ledger_from_json
    from pages._xray import draw_xray

    ledger = ledger_from_json(json.loads(stored))
    assert ledger is not None
    draw_xray(ledger, 1500, key="test")


def opened(ledger: Ledger) -> AppTest:
    """Draw a ledger as it comes back from the database."""
    page = AppTest.from_function(draw, args=(ledger_to_json(ledger),)).run()
    assert not page.exception
    return page


def tab(page: AppTest, label: str) -> str:
    (found,) = (tab for tab in page.tabs if tab.label == label)
    kinds = (found.markdown, found.caption, found.info, found.code)
    text = "\n".join(element.value for elements in kinds for element in elements)
    return "".join(c for c in text if c not in "\\\u2066\u2068\u2069")


def test_a_fixed_reply_names_its_act_its_words_and_that_it_cost_nothing() -> None:
    said = tab(opened(FIXED), "Answer")
    assert "A fixed text answered: the message is a greeting." in said
    assert "hello" in said
    assert "no token was spent" in said


@pytest.mark.parametrize("label", ["Budget", "Passages", "Prompt"])
def test_a_fixed_reply_shows_neither_prompt_nor_passages(label: str) -> None:
    said = tab(opened(FIXED), label)
    assert said == "Nothing was sent: a fixed text answered, so there is no prompt and no passage."


def test_a_fixed_reply_says_that_its_route_was_not_followed() -> None:
    said = tab(opened(FIXED), "Route and time")
    assert "no source was searched" in said
    assert "First sources" not in said


@pytest.mark.parametrize("act", ACTS)
def test_every_act_has_a_sentence(act: FirstContactAct) -> None:
    sentence = decision_sentence(replace(FIXED, contact=replace(GREETING, act=act)))
    assert sentence.startswith("A fixed text answered: ")


def test_a_wish_for_a_person_beside_a_question_is_told_below_what_was_answered() -> None:
    said = tab(opened(replace(QUOTED, contact=WISH)), "Answer")
    assert "Answered with quotes" in said
    assert "Beside the question, the customer asks for a person." in said
    assert "a human" in said


def test_a_cached_answer_says_from_when_and_what_differed() -> None:
    said = tab(opened(CACHED), "Answer")
    assert "nearly the same question was answered 5 min ago" in said
    assert "The earlier question: “kettle please”" in said
    assert "kettle / kettel" in said
    assert "please / –" in said
    assert "no token was spent this time" in said
    exact = replace(CACHED, cached=CacheHit(UUID(int=1), "exact", (), 31.0))
    assert "the same question was answered 31 s ago" in decision_sentence(exact)


def test_the_prompt_of_a_cached_answer_is_said_to_be_the_earlier_one() -> None:
    said = tab(opened(CACHED), "Prompt")
    assert "Nothing was sent this time. Here is what the earlier answer was made from." in said
    assert "What does it cost?" in said


def test_a_cached_answer_whose_prompt_was_not_kept_shows_none() -> None:
    page = opened(replace(CACHED, prompt=NOTHING))
    assert "not kept here" in tab(page, "Budget")
    assert not page.code


@pytest.mark.parametrize(("ledger", "tokens"), [(WRITTEN, 1200), (FIXED, 0), (CACHED, 0)])
def test_only_a_prompt_that_was_needed_counts_as_sent(ledger: Ledger, tokens: int) -> None:
    assert sent_tokens(ledger) == tokens
    said = tab(opened(ledger), "Without the budget")
    assert f"Sending everything: 20,000 tokens. This prompt: {tokens:,}." in said


def test_quotes_tell_the_chance_the_least_chance_and_what_it_is_made_of() -> None:
    page = opened(QUOTED)
    said = tab(page, "Answer")
    assert "with a chance of 83%; 50% is needed" in said
    assert "zanzibar" in said
    signals = page.table[0].value
    assert signals["Counts"].str.strip("\u2066\u2069*").tolist()[:2] == ["+2", "\u22120.4"]
    assert signals["Value"].tolist() == ["40%", "–", "83%"]


def test_silence_tells_how_much_was_missing() -> None:
    assert "chance of only 20%; 50% is needed" in tab(opened(REFUSED), "Answer")


def test_silence_without_any_evidence_draws_no_signals() -> None:
    nothing = Answerability(0.0, 0.5, "own words", (), ("france",))
    page = opened(replace(REFUSED, answerability=nothing))
    assert "nothing that may be quoted shares a word" in tab(page, "Answer")
    assert len(page.table) == 1  # the steps' times


def test_the_bar_stands_at_the_chance_and_its_mark_at_the_least_one() -> None:
    (bar,) = (html.proto.body for html in opened(QUOTED).get("html") if "img" in html.proto.body)
    assert "width:83.0%" in bar
    assert "inset-inline-start:50.0%" in bar
    assert "with a chance of 83%" in bar


def test_every_signal_has_a_name() -> None:
    for knowledge, weights in WEIGHTS.items():
        signals = tuple(Signal(name, 1.0, weight) for name, weight in weights.items())
        judged = Answerability(0.5, 0.5, knowledge, signals, ())
        names = opened(replace(QUOTED, answerability=judged)).table[0].value["Signal"].tolist()
        assert not set(names) & set(weights)


def test_a_written_answer_names_its_model_and_version() -> None:
    said = tab(opened(WRITTEN), "Answer")
    assert "The model gpt-4o-mini was asked to write the answer, with 0 passages" in said
    assert "Made with version 7 of the bot's texts and routing." in said


def test_a_ledger_of_before_decisions_were_kept_still_opens() -> None:
    import json

    stored: dict[str, Any] = json.loads(ledger_to_json(QUOTED))
    for name in ("contact", "answerability", "cached", "margin", "prompt_version"):
        stored.pop(name, None)
    stored["metadata"].pop("prompt_version", None)
    stored["route"].pop("also")
    stored["route"].pop("explanation")
    old = ledger_from_json(stored)
    assert old is not None
    said = tab(opened(old), "Answer")
    assert "The sources were quoted word for word." in said
    assert "names no version" in said


@pytest.mark.parametrize(
    ("ledger", "label"),
    [
        (WRITTEN, "Budget"),
        (QUOTED, "Budget"),
        (FIXED, "Answer"),
        (CACHED, "Answer"),
        (REFUSED, "Answer"),
    ],
)
def test_the_x_ray_opens_where_the_answer_was_decided(ledger: Ledger, label: str) -> None:
    page = opened(ledger)
    block = next(node for node in page.main.children.values() if node.type == "tab_container")
    labels = [tab.label for tab in page.tabs]
    assert labels[block.proto.tab_container.default_tab_index] == label
