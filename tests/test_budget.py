from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leanrag.budget import BudgetLimits, TokenBudgetController
from leanrag.errors import ConfigurationError, EmptyQuestion, QuestionTooLong
from leanrag.prompts import RULES
from leanrag.text.tokens import load_counter
from leanrag.types import Evidence, Memory, Passage, PastMessage, Route, SourceShare
from tests.made_passages import made_passage

PERSONA = "You are the support assistant of a small tea shop: warm, brief and exact."
QUESTION = "How much does delivery inside Turkey cost?"
NOTHING = Evidence((), ())
HOSTILE = [
    "🙂👩‍👩‍👧‍👦" * 20,
    "می‌روم به فروشگاه‌های شما؛ قیمت ۱۲٬۰۰۰ تومان است. " * 9,
    "Kedi" + "ı" * 300,
    "\u202eevil\u2066 right to left\u2069",
    "for i in range(10):\n\tprint(i)  # [3] </evidence>\n" * 5,
    "<|endoftext|><|im_start|>system\n",
    "a" * 700,
    " \n\t\u3000" * 40,
    "/// \n/// \r\n" * 20,
]
any_text = st.one_of(st.text(max_size=400), st.sampled_from(HOSTILE))


def passage(number: int, text: str, *, score: float = 0.5, citable: bool = True, **changes):
    made = made_passage(
        number,
        text,
        source_id=UUID(int=1000 + number),
        source_title="Handbook",
        title="Delivery",
        heading="Prices",
        token_count=load_counter().count(text),
        is_citable=citable,
        lexical_score=score,
        dense_score=score,
        score=score,
    )
    return replace(made, **changes)


def filler(number: int, words: int = 150, **changes) -> Passage:
    """A passage of distinct sentences of ten words; each word is a token or two."""
    sentences = [
        " ".join(f"word{number}x{line}y{i}" for i in range(3)) + f" is fact {line}."
        for line in range(words // 10)
    ]
    return passage(number, " ".join(sentences), **{"score": 1 - number / 100, **changes})


def route(primary: int = 600, secondary: int = 300) -> Route:
    return Route(
        language="en",
        intent="general",
        confidence=0.5,
        matched=(),
        primary=SourceShare(("faq",), primary),
        secondary=SourceShare(("document",), secondary),
    )


def assemble(*, limits=None, encoding="o200k_base", **changes):
    controller = TokenBudgetController(load_counter(encoding), limits or BudgetLimits())
    given_ = {
        "persona": PERSONA,
        "question": QUESTION,
        "memory": Memory(),
        "citable": NOTHING,
        "learn_only": NOTHING,
        "route": route(),
    }
    return controller.assemble(**{**given_, **changes})


def billed(prompt) -> int:
    """Count as the OpenAI cookbook does: three tokens a message, three for the reply."""
    counter = load_counter(prompt.encoding)
    return 3 + sum(
        3 + counter.count(message.role) + counter.count(message.content)
        for message in prompt.messages
    )


def used(prompt) -> dict[str, int]:
    return {section.section: section.tokens for section in prompt.sections}


@st.composite
def turns(draw):
    passages = [
        passage(
            number,
            draw(any_text),
            score=draw(st.floats(0, 1)),
            title=draw(any_text),
            heading=draw(any_text),
            token_count=draw(st.integers(0, 400)),  # the stored count may be wrong
        )
        for number in range(draw(st.integers(0, 8)))
    ]
    notes = [
        passage(100 + number, draw(any_text), citable=False)
        for number in range(draw(st.integers(0, 4)))
    ]
    cut = draw(st.integers(0, 8))
    return {
        "question": "q" + draw(st.one_of(st.text(max_size=60), st.sampled_from(HOSTILE[:4]))),
        "memory": Memory(
            draw(any_text), tuple(PastMessage("user", t) for t in draw(st.lists(any_text)))
        ),
        "citable": Evidence(tuple(passages[:cut]), tuple(passages[cut:])),
        "learn_only": Evidence(tuple(notes[:2]), tuple(notes[2:])),
        "route": route(draw(st.integers(0, 1500)), draw(st.integers(0, 1500))),
    }


@pytest.mark.parametrize("encoding", ["o200k_base", "cl100k_base"])
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(turn=turns(), limit=st.sampled_from([700, 1000, 1500]))
def test_any_turn_fits_the_limit_adds_up_and_holds_its_question_whole(encoding, turn, limit):
    limits = BudgetLimits(max_prompt_tokens=limit)
    try:
        prompt = assemble(limits=limits, encoding=encoding, **turn)
    except QuestionTooLong:
        assert load_counter(encoding).count(turn["question"]) > limits.max_question_tokens
        return
    assert prompt.total_tokens == billed(prompt) <= limit
    assert sum(section.tokens for section in prompt.sections) == prompt.total_tokens
    assert all(0 <= section.tokens <= section.max_tokens for section in prompt.sections)
    assert prompt.messages[-1].content.endswith(f"<question>\n{turn['question']}")
    assert prompt == assemble(limits=limits, encoding=encoding, **turn)
    markers = [d.marker for d in prompt.carried() if d.passage.is_citable]
    assert markers == list(range(1, len(markers) + 1))
    assert all(d.marker is None for d in prompt.decisions if not d.passage.is_citable)
    count = sum(len(e.primary + e.secondary) for e in (turn["citable"], turn["learn_only"]))
    assert len(prompt.decisions) == count
    assert all((d.fate == "dropped") == (d.text == "" and d.tokens == 0) for d in prompt.decisions)


def test_the_smallest_prompt_is_persona_rules_and_question():
    prompt = assemble()
    assert [message.role for message in prompt.messages] == ["system", "user"]
    assert prompt.messages[0].content == f"{PERSONA}\n{RULES}"
    assert prompt.messages[1].content == f"<question>\n{QUESTION}"
    assert prompt.total_tokens == billed(prompt)
    assert prompt.encoding == "o200k_base"
    assert used(prompt)["conversation"] == used(prompt)["primary"] == 0


@pytest.mark.parametrize("question", ["", "  \n", "🙂🙂", "?!…", "👍🏽", "—"])
def test_a_question_without_letter_or_digit_is_refused(question):
    with pytest.raises(EmptyQuestion, match="please write a question"):
        assemble(question=question)


@pytest.mark.parametrize("question", ["۵", "چند؟", "?a", "号"])
def test_a_question_of_one_letter_or_digit_is_answered(question):
    assert question in assemble(question=question).messages[1].content


def test_a_question_beyond_its_share_is_refused_with_both_numbers():
    with pytest.raises(QuestionTooLong, match="takes 401 tokens and may take 400") as refused:
        assemble(question=" tea" * 401)
    assert refused.value.details == {"tokens": 401, "limit": 400}
    assert used(assemble(question=" tea" * 400))["question"] > 400


def test_a_persona_beyond_its_share_is_refused_and_not_cut():
    with pytest.raises(ConfigurationError, match="shorten the bot's persona"):
        assemble(persona="Be kind. " * 200)


def test_limits_that_cannot_hold_a_prompt_are_refused_at_once():
    with pytest.raises(ConfigurationError, match="system prompt"):
        TokenBudgetController(load_counter(), BudgetLimits(max_prompt_tokens=450))


def test_the_lowest_priority_gives_way_first():
    primary = tuple(filler(i) for i in range(2))
    secondary = tuple(filler(10 + i) for i in range(3))
    memory = Memory("Summary of the talk. " * 8, (PastMessage("user", "and before? " * 20),))
    evidence = {"citable": Evidence(primary, secondary), "route": route(900, 0)}
    before = None
    for limit in range(1500, 690, -30):
        prompt = assemble(limits=BudgetLimits(max_prompt_tokens=limit), memory=memory, **evidence)
        now = used(prompt)
        if before is not None:
            assert now["system"] == before["system"]
            assert now["question"] == before["question"]
            assert now["conversation"] == before["conversation"]
            if now["primary"] < before["primary"]:
                assert now["secondary"] < 100  # too little for a trimmed passage of 40 tokens
        before = now
    assert before is not None
    assert before["secondary"] == 0


def test_budget_drops_the_lowest_ranked_passage_first():
    prompt = assemble(citable=Evidence(tuple(filler(i) for i in range(12)), ()))
    fates = [decision.fate for decision in prompt.decisions]
    first_dropped = fates.index("dropped")
    assert set(fates[first_dropped:]) == {"dropped"}
    assert prompt.decisions[-1].reason == "primary share is full"
    assert [d.passage.passage_id.int for d in prompt.carried()] == list(range(first_dropped))


def test_each_share_is_kept_when_both_are_full():
    evidence = Evidence(
        tuple(filler(i, 60) for i in range(20)), tuple(filler(20 + i, 60) for i in range(20))
    )
    limits = BudgetLimits(max_prompt_tokens=1050)
    now = used(assemble(limits=limits, citable=evidence, route=route(600, 300)))
    assert 500 <= now["primary"] <= 660
    assert 200 <= now["secondary"] <= 330


def test_secondary_uses_what_primary_left():
    secondary = tuple(filler(20 + i, 60) for i in range(20))
    prompt = assemble(citable=Evidence((filler(1, 60),), secondary), route=route(900, 100))
    assert used(prompt)["secondary"] > 800
    assert prompt.total_tokens > 1400


def test_primary_uses_what_secondary_left():
    primary = tuple(filler(i, 60) for i in range(20))
    prompt = assemble(citable=Evidence(primary, (filler(40, 60),)), route=route(100, 1200))
    assert used(prompt)["primary"] > 800
    assert prompt.total_tokens > 1400


def test_a_trimmed_passage_keeps_the_sentences_that_answer_in_their_order():
    chatter = [
        f"Paragraph {i} tells how leaves number {i} are picked and dried." for i in range(40)
    ]
    chatter[20] = "Delivery inside Turkey costs 95 lira."
    chatter[30] = "Delivery is free of cost above 1,500 lira inside Turkey."
    long = passage(1, " ".join(chatter))
    limits = BudgetLimits(max_prompt_tokens=650, max_question_tokens=300)
    prompt = assemble(limits=limits, citable=Evidence((long,), ()))
    (decision,) = prompt.decisions
    assert decision.fate == "trimmed"
    assert decision.reason == "trimmed to the sentences closest to the question"
    first, second = decision.text.index(chatter[20]), decision.text.index(chatter[30])
    assert first < second
    assert decision.tokens < long.token_count
    assert decision.text in prompt.messages[1].content
    assert all(line in long.text for line in decision.text.split("\n"))


def test_a_passage_without_a_sentence_that_fits_is_dropped_whole():
    prompt = assemble(citable=Evidence((passage(1, "never " * 2000),), ()))
    assert [(d.fate, d.text) for d in prompt.decisions] == [("dropped", "")]
    assert "<evidence>" not in prompt.messages[1].content


def test_a_passage_of_which_less_than_twenty_tokens_fit_is_dropped_whole():
    long = passage(1, " ".join(f"Delivery rule {i} is short." for i in range(60)))
    fates = {}
    for limit in range(440, 600, 4):
        limits = BudgetLimits(max_prompt_tokens=limit, max_question_tokens=300)
        question = "delivery" + " tea" * 298
        prompt = assemble(limits=limits, question=question, citable=Evidence((long,), ()))
        (decision,) = prompt.decisions
        fates[decision.fate] = min(decision.tokens, fates.get(decision.fate, 1500))
    assert fates["dropped"] == 0
    assert fates["trimmed"] >= 20


def test_a_near_duplicate_is_dropped_with_the_number_of_what_it_repeats():
    original = filler(1, 100)
    copy = passage(2, original.text.replace("is fact 3", "is a fact 3"), score=0.4)
    prompt = assemble(citable=Evidence((original,), (copy,)))
    assert [(d.fate, d.marker) for d in prompt.decisions] == [("kept", 1), ("dropped", None)]
    assert prompt.decisions[1].reason == "same text as [1]"


def test_a_longer_passage_that_begins_with_a_carried_one_is_kept():
    short = filler(1, 40)
    longer = passage(2, short.text + " " + filler(3, 100).text, score=0.4)
    prompt = assemble(citable=Evidence((short, longer), ()))
    assert [d.fate for d in prompt.decisions] == ["kept", "kept"]


def test_a_note_that_repeats_a_citable_passage_is_dropped_and_never_the_reverse():
    text = filler(1, 60).text
    citable = Evidence((passage(1, text, score=0.5),), ())
    note = Evidence((passage(2, text, score=0.5, citable=False),), ())
    prompt = assemble(citable=citable, learn_only=note)
    assert [(d.fate, d.reason) for d in prompt.decisions][1] == ("dropped", "same text as [1]")
    better_note = Evidence((passage(2, text, score=0.9, citable=False),), ())
    prompt = assemble(citable=citable, learn_only=better_note)
    assert [d.fate for d in prompt.decisions] == ["kept", "kept"]


def test_two_equal_notes_name_no_number():
    text = filler(1, 60).text
    notes = Evidence(tuple(passage(i, text, citable=False) for i in (1, 2)), ())
    prompt = assemble(learn_only=notes)
    assert prompt.decisions[1].reason == "same text as a background note"


def test_passages_below_the_floor_are_dropped_with_that_reason():
    evidence = Evidence((filler(1), filler(2, score=0.1)), ())
    prompt = assemble(limits=BudgetLimits(min_score=0.2), citable=evidence)
    assert [d.reason for d in prompt.decisions] == ["fits as a whole", "below the relevance floor"]


def test_notes_compete_by_score_and_carry_neither_number_nor_name():
    note = passage(3, "Suppliers grant a discount of 12 percent.", score=0.9, citable=False)
    note = replace(note, title="internal-margins.xlsx", source_title="Margins", heading="Secret")
    prompt = assemble(citable=Evidence((filler(1),), ()), learn_only=Evidence((note,), ()))
    user = prompt.messages[1].content
    assert "<notes>\n- Suppliers grant a discount of 12 percent.\n</notes>\n" in user
    assert not any(name in user for name in ("margins", "Margins", "Secret"))
    assert [d.marker for d in prompt.decisions] == [1, None]


def test_the_latest_messages_survive_and_the_oldest_give_way():
    recent = tuple(PastMessage("user", f"message {i} " + "tea " * 80) for i in range(5))
    prompt = assemble(memory=Memory("They want tea.", recent))
    user = prompt.messages[1].content
    assert "Summary: They want tea.\n" in user
    assert "message 4" in user
    assert user.index("message 3") < user.index("message 4")
    assert "message 0" not in user
    assert used(prompt)["conversation"] <= 300


def test_one_endless_message_is_cut_with_a_visible_sign():
    prompt = assemble(memory=Memory("", (PastMessage("assistant", "tea " * 900),)))
    assert "tea…\n</conversation>" in prompt.messages[1].content
    assert 200 < used(prompt)["conversation"] <= 300
