"""The budget's last line of defence: encodings whose tokens reach across the parts of a prompt."""

from __future__ import annotations

from uuid import UUID

import pytest
import tiktoken

from leanrag.budget import BudgetLimits, TokenBudgetController
from leanrag.text.tokens import TokenCounter, load_counter
from leanrag.types import Evidence, Memory, Passage, PastMessage, Route, SourceShare
from tests.made_passages import made_passage


class _DearJoints(TokenCounter):
    """Bills 12 tokens more for every two parts of a prompt that stand in one text."""

    def count(self, text: str) -> int:
        return super().count(text) + 12 * max(0, text.count("\n<") + text.count("\n[") - 1)


def _joining_counter() -> TokenCounter:
    """o200k_base's merges without its splitting: one token may reach across a newline."""
    load_counter()
    o200k = tiktoken.get_encoding("o200k_base")
    ranks = dict(o200k._mergeable_ranks)
    return TokenCounter(
        tiktoken.Encoding("joining", pat_str=r"[\s\S]+", mergeable_ranks=ranks, special_tokens={})
    )


def _dear_counter() -> TokenCounter:
    load_counter()
    return _DearJoints(tiktoken.get_encoding("o200k_base"))


def _passage(number: int) -> Passage:
    text = " ".join(f"Rule {number}-{i} says that tea number {i} is hot." for i in range(12))
    return made_passage(
        number,
        text,
        source_id=UUID(int=50),
        source_title="Rules",
        title="Rules",
        token_count=200,
        is_citable=number % 3 > 0,
        lexical_score=0.5,
        dense_score=0.5,
        score=1 - number / 100,
    )


@pytest.mark.parametrize("make_counter", [_joining_counter, _dear_counter])
@pytest.mark.parametrize("limit", [700, 900, 1500])
def test_sections_add_up_and_fit_although_the_parts_do_not(make_counter, limit):
    counter = make_counter()
    evidence = [Evidence((), ()), Evidence((), ())]
    for is_citable in (True, False):
        passages = [_passage(i) for i in range(20) if _passage(i).is_citable is is_citable]
        evidence[not is_citable] = Evidence(tuple(passages[:4]), tuple(passages[4:]))
    prompt = TokenBudgetController(counter, BudgetLimits(max_prompt_tokens=limit)).assemble(
        persona="You are kind.",
        question="Which tea is hot?",
        memory=Memory("They asked about tea.", (PastMessage("user", "Hello"),)),
        citable=evidence[0],
        learn_only=evidence[1],
        route=Route("en", "general", 0.5, (), SourceShare((), 600), SourceShare((), 300)),
    )
    billed = 3 + sum(3 + counter.count(m.role) + counter.count(m.content) for m in prompt.messages)
    assert sum(section.tokens for section in prompt.sections) == prompt.total_tokens == billed
    assert billed <= limit
    assert prompt.messages[1].content.endswith("<question>\nWhich tea is hot?")
    assert len(prompt.carried()) > 0
