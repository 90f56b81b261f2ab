"""A conversation's summary without a model: the statements that the next answers will need.

    Customer: I'm Hannah · order PD-48213, the lid was cracked · You: the new lid leaves on 3 May

What the customer said of themself comes first in worth, then what they were promised. Questions,
greetings, repetitions, quoted knowledge and orders to the bot are left out; a correction changes
what it corrects. Deterministic, in the order in which things were said, about 1 ms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from leanrag.customer_secrets import mask_secrets
from leanrag.statements import (
    KEPT_BEFORE,
    OPENING,
    WRITTEN,
    Statement,
    asks,
    find_codes,
    folded_words,
    load_cues,
    read_statement,
)
from leanrag.text.normalize import fold
from leanrag.text.sentences import split_sentences
from leanrag.text.tokens import TokenCounter
from leanrag.types import PastMessage

SEPARATOR = " · "
CUSTOMER, ASSISTANT = "Customer: ", "You: "
MAX_STATEMENT_TOKENS = 40
MIN_GAIN = 1.0  # less is not worth the tokens, which the evidence needs
SAME_WORDS = 0.7  # of two statements' words: then the later one says nothing new
MAX_MESSAGE_LETTERS = 4_000

_MARKER = re.compile(r"\s*\[\d+\]")
_CLAUSE = re.compile(
    r"(?<=[,;:،؛—])\s+|\s+(?=(?:and|but|because|so|ولی|چون|اما|لكن|لأن|ve|ama|çünkü)\s)"
)
# Folded, before and after a code: "not 12", "12 değil".
_DENIED_AFTER = re.compile(
    r"\b(?:not|instead of|rather than|نه|و?لیس|مش|مو|بدل|به جای)\s+\W*(?:the )?$"
)
_DENIED_BEFORE = re.compile(r"\W*\s*(?:degil|yerine|نیست|نبود|نه\b)")
_EDGE = " \t\n.,;:!،؛…-–—·)(🙂😊🙏"
_SINGLE = frozenset({"name", "order", "place", "money", "date", "measure", "contact", "wish"})


def summarise(
    old_summary: str, messages: Sequence[PastMessage], counter: TokenCounter, max_tokens: int
) -> str:
    """Return the summary that takes the old one's place: whole statements, `max_tokens` at most.

    Empty where nobody said anything worth keeping. Messages still carry their citation markers:
    an answer that cites quotes knowledge, which can be found again, and is not kept.
    """
    said = [*_of_summary(old_summary)]
    for message in messages:
        said += _of_message(message, counter, extra=0.0 if old_summary else OPENING)
    said = _corrected([statement for statement in said if not statement.is_instruction])
    kept = _choose(said, counter, max_tokens)
    summary = _render(said, kept)
    while kept and counter.count(summary) > max_tokens:  # tokens joined across statements
        kept.pop()
        summary = _render(said, kept)
    return summary


def _of_summary(summary: str) -> Iterator[Statement]:
    """Read an extractive summary back, or a model's, of which every sentence counts."""
    is_extractive = summary.startswith((CUSTOMER, ASSISTANT))
    is_customers = True
    pieces = summary.split(SEPARATOR) if is_extractive else split_sentences(summary)
    for piece in pieces:
        for label, of_customer in ((CUSTOMER, True), (ASSISTANT, False)):
            if is_extractive and piece.startswith(label):
                piece, is_customers = piece.removeprefix(label), of_customer
        statement = read_statement(piece, is_customers=is_customers, is_question=False)
        if not is_extractive:
            statement = replace(statement, extra=WRITTEN)
        elif statement.extra:
            statement = replace(statement, extra=statement.extra + KEPT_BEFORE)
        yield statement


def _of_message(
    message: PastMessage, counter: TokenCounter, *, extra: float = 0.0
) -> Iterator[Statement]:
    """Read a message; `extra` is added to what the customer states in it of themself."""
    is_customers = message.role == "user"
    if not is_customers and _MARKER.search(message.text):  # knowledge: it can be found again
        return
    for sentence in split_sentences(mask_secrets(message.text[:MAX_MESSAGE_LETTERS])):
        for text, is_question in _pieces(sentence, counter):
            compressed = compress(text)
            if compressed:  # "Sorry" carries nothing, but tells that a correction follows
                statement = read_statement(text, is_customers=is_customers, is_question=is_question)
                worth = statement.extra + extra if statement.extra else 0.0
                yield replace(statement, text=compressed, extra=worth)


def _pieces(sentence: str, counter: TokenCounter) -> Iterator[tuple[str, bool]]:
    """Yield a sentence whole; of a question or a long one its clauses, of which the last asks."""
    sentence = " ".join(sentence.split())
    if not asks(sentence) and counter.count(sentence) <= MAX_STATEMENT_TOKENS:
        yield sentence, False
        return
    clauses = _CLAUSE.split(sentence)
    for clause in clauses:
        if counter.count(clause) > MAX_STATEMENT_TOKENS:
            clause = counter.truncate(clause, MAX_STATEMENT_TOKENS - 1).rstrip() + "…"
        yield clause, asks(clause)


def compress(sentence: str) -> str:
    """Return `sentence` without greetings, thanks and fillers at its start and its end."""
    words = sentence.split()
    fillers = load_cues().fillers
    longest = max(map(len, fillers))
    start, end = 0, len(words)
    while start < end and (size := _filler_at(words[start:end], longest, at_end=False)):
        start += size
    while start < end and (size := _filler_at(words[start:end], longest, at_end=True)):
        end -= size
    return " ".join(words[start:end]).strip(_EDGE)


def _filler_at(words: list[str], longest: int, *, at_end: bool) -> int:
    """Return how many of the first (or last) words are one filler, or nothing but marks."""
    fillers = load_cues().fillers
    for size in range(min(longest, len(words)), 0, -1):
        part = words[-size:] if at_end else words[:size]
        folded = folded_words(" ".join(part))
        if (folded in fillers) or (size == 1 and not folded):
            return size
    return 0


def _corrected(said: list[Statement]) -> list[Statement]:
    """Write each correction into what it corrects; take out what another statement replaced."""
    current = list(said)
    for number, new in enumerate(said):
        if not (new.is_customers and (new.is_correction or new.is_reassertion)) or new.share < 1:
            continue
        for earlier in range(number):
            current[earlier] = _rewritten(current[earlier], new)
    return [statement for statement in current if statement.text]


def _rewritten(old: Statement, new: Statement) -> Statement:
    """Return what is left of `old` after `new`: the same, with other codes, or an empty text."""
    shared = old.slots & new.slots & _SINGLE
    if not old.is_customers or old.share < 1 or not shared:
        return old
    right = [code for code in new.codes if not _is_denied(code, new.text)]
    for code in old.codes:
        fresh = [c for c in right if c not in old.codes and _shape(c) == _shape(code)]
        if code in right:
            continue
        if fresh:
            text = _replace_code(old.text, code, fresh[0])
            return replace(old, text=text, codes=find_codes(text))
    says_no_more = old.slots - new.slots <= {"own"} and not old.codes
    if new.is_correction and says_no_more and shared & {"name", "place"}:
        return replace(old, text="")
    return old


def _is_denied(code: str, text: str) -> bool:
    """Tell whether `text` names `code` as the wrong one: "not 12", "12 değil"."""
    before, _, after = fold(text).partition(code)
    return bool(_DENIED_AFTER.search(before) or _DENIED_BEFORE.match(after))


def _shape(code: str) -> str:
    return "".join("9" if c.isdigit() else "a" if c.isalpha() else c for c in code)


def _replace_code(text: str, code: str, fresh: str) -> str:
    """Exchange a folded code in `text`, in whose digits it may be written otherwise."""
    words = text.split(" ")
    return " ".join(_inside(word, code, fresh) if code in fold(word) else word for word in words)


def _inside(word: str, code: str, fresh: str) -> str:
    folded = fold(word)
    fresh = fresh.upper() if word.upper() == word else fresh
    return (
        folded.replace(code, fresh)
        if len(folded) != len(word)
        else (word[: folded.index(code)] + fresh + word[folded.index(code) + len(code) :])
    )


def _choose(said: Sequence[Statement], counter: TokenCounter, max_tokens: int) -> list[int]:
    """Return the indexes of the statements to keep, the most valuable first (greedy).

    Among equals the first one that tells of a matter, and then the newest ones.
    """
    kept: list[int] = []
    slots: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    room = max_tokens - counter.count(CUSTOMER)
    waiting = {i: counter.count(SEPARATOR + statement.text) for i, statement in enumerate(said)}
    while waiting:
        gain, _, best = max(
            (said[i].gain(slots, codes), i if said[i].slots <= slots else -i, i) for i in waiting
        )
        cost = waiting.pop(best)
        if gain < MIN_GAIN:
            break
        if cost > room or any(_repeats(said[best], said[other]) for other in kept):
            continue
        room -= cost
        kept.append(best)
        slots |= said[best].slots
        codes |= frozenset(said[best].codes)
    return kept


def _repeats(one: Statement, other: Statement) -> bool:
    if set(one.codes) - set(other.codes):
        return False
    common = len(one.words & other.words)
    return common >= SAME_WORDS * min(len(one.words), len(one.words | other.words))


def _render(said: Sequence[Statement], kept: Sequence[int]) -> str:
    pieces: list[str] = []
    speaker: bool | None = None
    for index in sorted(kept):
        statement = said[index]
        label = ""
        if statement.is_customers is not speaker:
            label = CUSTOMER if statement.is_customers else ASSISTANT
        speaker = statement.is_customers
        pieces.append(label + statement.text)
    return SEPARATOR.join(pieces)
