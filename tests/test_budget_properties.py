"""The budget's contract over arbitrary unicode: margins, the order of giving way, and shares."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from leanrag.budget import BudgetLimits, TokenBudgetController
from leanrag.errors import ConfigurationError, QuestionTooLong
from leanrag.text.tokens import load_counter
from leanrag.token_margin import EXACT, MAX_FACTOR, TokenMargin
from leanrag.types import (
    BudgetedPrompt,
    Evidence,
    Memory,
    Passage,
    PastMessage,
    Route,
    SourceShare,
)
from tests.made_passages import made_passage

PERSONA = "You are the support assistant of a small tea shop: warm, brief and exact."
QUESTION = "What does 100 grams of tea cost?"
NOTHING = Evidence((), ())
FRAMES = 40  # tokens around evidence and notes, and of the first passage's joints, at most
COUNTER = load_counter()
LIMITS = BudgetLimits()
slow = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
words = st.one_of(
    st.text(min_size=1, max_size=12),
    st.sampled_from(["قیمت چای", "tea and cups", "سعر الشاي", "çayın fiyatı", "🙂👩‍👧", "号码"]),
)
margins = st.builds(TokenMargin, st.floats(1, MAX_FACTOR), st.just("learned"), st.just(50))


def passage(number: int, text: str, *, score: float, citable: bool = True) -> Passage:
    return made_passage(
        number,
        text,
        kind="faq",
        source_title="Prices",
        title="Prices",
        token_count=COUNTER.count(text),
        is_citable=citable,
        lexical_score=score,
        dense_score=score,
        score=score,
    )


def equal_passages(word: str, first: int, count: int) -> tuple[Passage, ...]:
    """Return passages of as many tokens each that share no three words; the best come first."""
    texts = [
        " ".join(f"{word} {100 + (number * 4 + i) % 900}" for i in range(4))
        for number in range(first, first + count)
    ]
    return tuple(
        passage(first + place, text, score=0.9 - place / 1000) for place, text in enumerate(texts)
    )


def assemble(
    *,
    limits: BudgetLimits = LIMITS,
    persona: str = PERSONA,
    question: str = QUESTION,
    memory: Memory | None = None,
    citable: Evidence = NOTHING,
    shares: tuple[int, int] = (600, 300),
    margin: TokenMargin = EXACT,
) -> BudgetedPrompt:
    return TokenBudgetController(COUNTER, limits).assemble(
        persona=persona,
        question=question,
        memory=memory or Memory(),
        citable=citable,
        learn_only=NOTHING,
        route=Route("en", "general", 0.5, (), *(SourceShare((), share) for share in shares)),
        margin=margin,
    )


def used(prompt: BudgetedPrompt, section: str) -> int:
    return next(found.tokens for found in prompt.sections if found.section == section)


def fates(prompt: BudgetedPrompt, section: str) -> list[str]:
    return [d.fate for d in prompt.decisions if d.section == section]


def largest(prompt: BudgetedPrompt) -> int:
    return max(d.tokens for d in prompt.carried())


# ---- margins ------------------------------------------------------------------------------------


@slow
@given(
    question=st.text(max_size=80).map("q".__add__),
    said=st.lists(words, max_size=4),
    texts=st.lists(st.tuples(st.text(max_size=40), st.integers(1, 60)), max_size=8),
    limit=st.sampled_from([800, 1100, 1500]),
    margin=margins,
)
def test_whatever_the_margin_the_provider_counts_no_more_than_the_limit(
    question, said, texts, limit, margin
):
    passages = tuple(
        passage(i, f"{text} no. {i}. " * times, score=0.9 - i / 100)
        for i, (text, times) in enumerate(texts)
    )
    turn = {
        "limits": BudgetLimits(max_prompt_tokens=limit),
        "question": question,
        "memory": Memory("", tuple(PastMessage("user", text) for text in said)),
        "citable": Evidence(passages[:5], passages[5:]),
        "margin": margin,
    }
    least = assemble(question=question).total_tokens  # without evidence and earlier messages
    if least * margin.factor > limit:
        with pytest.raises((QuestionTooLong, ConfigurationError)):
            assemble(**turn)
        return
    prompt = assemble(**turn)
    assert prompt.total_tokens * margin.factor <= limit + 1e-6
    assert sum(section.tokens for section in prompt.sections) == prompt.total_tokens
    assert prompt.messages[-1].content.endswith(f"<question>\n{question}")
    assert prompt == assemble(**turn)


def test_a_margin_takes_from_the_evidence_and_not_from_persona_or_question():
    evidence = Evidence(equal_passages("tea", 0, 80), equal_passages("cup", 100, 80))
    exact = assemble(citable=evidence)
    careful = assemble(citable=evidence, margin=TokenMargin(1.5, "learned", 50))
    assert exact.total_tokens > 1450
    assert 950 < careful.total_tokens <= 1000
    for section in ("system", "question"):
        assert used(exact, section) == used(careful, section)
    assert used(careful, "primary") < used(exact, "primary")


@pytest.mark.parametrize(("factor", "is_refused"), [(1.0, False), (2.0, False), (3.0, True)])
def test_a_question_beyond_what_a_margin_leaves_is_refused_and_never_cut(factor, is_refused):
    question = "tea " * 380
    margin = TokenMargin(factor, "learned", 50)
    if not is_refused:
        assert question in assemble(question=question, margin=margin).messages[1].content
        return
    with pytest.raises(QuestionTooLong, match="with this model; please shorten it") as refused:
        assemble(question=question, margin=margin)
    limit = refused.value.details["limit"]
    assert isinstance(limit, int)
    assert assemble(question="tea " * (limit - 2), margin=margin).total_tokens <= 1500 / factor


def test_a_margin_that_leaves_no_question_any_room_says_what_to_do():
    persona = "Be kind to everybody. " * 32
    margin = TokenMargin(3.0, "learned", 50)
    limits = BudgetLimits(max_prompt_tokens=700)
    with pytest.raises(ConfigurationError, match="shorten it, or choose another model"):
        assemble(limits=limits, persona=persona, margin=margin)
    assert assemble(limits=limits, margin=margin).total_tokens <= 233


# ---- who gives way ------------------------------------------------------------------------------


@slow
@given(word=words, count=st.integers(2, 90), limit=st.integers(700, 1500), margin=margins)
def test_among_equals_the_lowest_ranked_are_dropped_first(word, count, limit, margin):
    passages = equal_passages(word, 0, count)
    assume(len({found.token_count for found in passages}) == 1)
    limits = BudgetLimits(max_prompt_tokens=limit)
    try:
        prompt = assemble(limits=limits, citable=Evidence(passages, ()), margin=margin)
    except (QuestionTooLong, ConfigurationError):
        assume(False)
    found = fates(prompt, "primary")
    kept = len(found) - found.count("dropped")
    assert "dropped" not in found[:kept]
    assert [d.passage.passage_id.int for d in prompt.carried()] == list(range(kept))


@slow
@given(word=words, limit=st.integers(800, 1499), cut=st.integers(1, 300))
def test_with_less_room_persona_question_and_talk_stay_and_evidence_gives_way(word, limit, cut):
    evidence = Evidence(equal_passages(word, 0, 40), equal_passages("cup", 100, 40))
    assume(len({found.token_count for found in evidence.primary}) == 1)
    memory = Memory("They want tea.", (PastMessage("user", "and cups?"),))
    more, less = (
        assemble(
            limits=BudgetLimits(max_prompt_tokens=most, max_question_tokens=300),
            citable=evidence,
            memory=memory,
        )
        for most in (limit, max(700, limit - cut))
    )
    for section in ("system", "question", "conversation"):
        assert used(more, section) == used(less, section)
    assert less.total_tokens <= max(700, limit - cut)
    if len(less.carried()) == len(less.decisions):
        assert len(more.carried()) == len(more.decisions)


# ---- shares -------------------------------------------------------------------------------------


@slow
@given(
    word=words,
    counts=st.tuples(st.integers(0, 80), st.integers(0, 80)),
    shares=st.tuples(st.integers(0, 1500), st.integers(0, 1500)),
)
def test_no_share_stays_unused_while_a_passage_of_either_waits(word, counts, shares):
    evidence = Evidence(
        equal_passages(word, 0, counts[0]), equal_passages(f"{word} cup", 100, counts[1])
    )
    prompt = assemble(citable=evidence, shares=shares)
    if any(decision.fate == "dropped" for decision in prompt.decisions):
        tallest = max(p.token_count for p in (*evidence.primary, *evidence.secondary))
        assert prompt.total_tokens > 1500 - tallest - FRAMES


@slow
@given(word=words, primary=st.integers(100, 900), secondary=st.integers(100, 300))
def test_each_share_is_kept_where_both_are_wanted(word, primary, secondary):
    evidence = Evidence(equal_passages(word, 0, 90), equal_passages(f"{word} cup", 100, 90))
    prompt = assemble(citable=evidence, shares=(primary, secondary))
    assume({"dropped"} <= set(fates(prompt, "primary")) & set(fates(prompt, "secondary")))
    slack = largest(prompt) + FRAMES
    assert used(prompt, "primary") > primary - slack
    assert used(prompt, "secondary") > secondary - slack


@pytest.mark.parametrize("share", [0, 150, 700, 1500])
@pytest.mark.parametrize("empty", ["primary", "secondary"])
def test_what_an_empty_half_leaves_goes_to_the_other_whatever_its_share(share, empty):
    passages = equal_passages("tea", 0, 90)
    is_primary_empty = empty == "primary"
    citable = Evidence((), passages) if is_primary_empty else Evidence(passages, ())
    prompt = assemble(citable=citable, shares=(1500 - share, share))
    full = "secondary" if is_primary_empty else "primary"
    assert used(prompt, empty) == 0
    assert prompt.total_tokens > 1500 - largest(prompt) - FRAMES
    shown = {section.section: section.max_tokens for section in prompt.sections}
    assert shown[full] >= used(prompt, full)
