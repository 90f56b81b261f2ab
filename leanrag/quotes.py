"""What of the carried passages can be quoted: sentences, a FAQ's answer, a product's lines.

Each stretch brings the chance that ranking gave its sentences, and the text around it that says
what it is about: a sentence need not repeat its title's words, nor an answer its question's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from leanrag.excerpts import chances
from leanrag.text.matching import QueryMatcher
from leanrag.types import PassageDecision

MAX_QUOTE_CHARACTERS = 480
MAX_PRODUCT_LINES = 3
MIN_LINE_MATCH = 0.15  # match that makes a product's line worth quoting

_LIST_ITEM = re.compile(r"[-*•–|]|\w{1,3}[.)]\s")


@dataclass(frozen=True, slots=True)
class Quotable:
    """A stretch of a carried citable passage: its text, and what is known of it as an answer.

    `context` says what it is about, `chance` (0 to 1) is ranking's; it comes from
    `decision.passage.text[start:end]`, of which a product leaves lines out.
    """

    decision: PassageDecision
    text: str
    context: str
    chance: float
    start: int
    end: int

    def is_before(self, other: Quotable) -> bool:
        """Tell whether nothing but white space stands between this stretch and `other`."""
        if self.decision is not other.decision or self.end > other.start:
            return False
        return not self.decision.passage.text[self.end : other.start].strip()


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    start: int
    end: int
    chance: float


def quotables(decisions: Sequence[PassageDecision], matcher: QueryMatcher) -> list[Quotable]:
    """Return everything that may be quoted, in the order of `decisions`.

    Only what the prompt carries of citable passages: never learn-only text, never what was trimmed.
    """
    return [
        quotable
        for decision in decisions
        if decision.marker is not None and decision.passage.is_citable
        for quotable in _of_passage(decision, matcher)
    ]


def _of_passage(decision: PassageDecision, matcher: QueryMatcher) -> Iterator[Quotable]:
    passage = decision.passage
    context = f"{passage.title} {passage.heading}"
    sentences = _carried(decision)
    if not sentences:
        return
    if passage.kind == "product":
        yield _whole(decision, _product_lines(sentences, matcher), context, sentences)
        return
    if passage.kind == "faq":
        question, answer = _faq_parts(decision)
        context = f"{context} {question}"
        answering = [s for s in sentences if not question or s.start >= len(question)]
        if len(answer) <= MAX_QUOTE_CHARACTERS:
            yield _whole(decision, answer, context, answering or sentences)
            return
        sentences = answering
    yield from _single(decision, sentences, context)


def _carried(decision: PassageDecision) -> list[_Sentence]:
    """Return the sentences that the prompt carries; they stand in it as they do in the passage."""
    text = decision.passage.text
    return [
        _Sentence(sentence, own.start, own.end, own.probability)
        for own in chances(decision.passage)
        if (sentence := text[own.start : own.end]).strip() and sentence in decision.text
    ]


def _single(
    decision: PassageDecision, sentences: Sequence[_Sentence], context: str
) -> Iterator[Quotable]:
    """Yield each sentence; a line that announces a list is its items' context, no answer."""
    announced = ""
    for sentence in sentences:
        if sentence.text.endswith(":") and sentence is not sentences[-1]:
            announced = sentence.text
            continue
        if not _LIST_ITEM.match(sentence.text):
            announced = ""
        about = f"{context} {announced}"
        yield Quotable(
            decision, sentence.text, about, sentence.chance, sentence.start, sentence.end
        )


def _whole(
    decision: PassageDecision, text: str, context: str, sentences: Sequence[_Sentence]
) -> Quotable:
    chance = sum(sentence.chance for sentence in sentences)
    return Quotable(decision, text, context, chance, sentences[0].start, sentences[-1].end)


def _faq_parts(decision: PassageDecision) -> tuple[str, str]:
    """Return question and answer of a FAQ passage: its first line, which trimming may have cut."""
    question = decision.passage.text.partition("\n")[0].strip()
    answer = decision.text.removeprefix(question).strip()
    return (question, answer) if answer else ("", decision.text.strip())


def _product_lines(sentences: Sequence[_Sentence], matcher: QueryMatcher) -> str:
    """Return a product's first line, its name and price, and the lines closest to the question."""
    first, *others = (sentence.text for sentence in sentences)
    scores = matcher.scores(others)
    ranked = sorted(range(len(others)), key=lambda i: (-scores[i], i))
    asked = [i for i in ranked if scores[i] >= MIN_LINE_MATCH] or ranked[:1]
    return "\n".join([first, *(others[i] for i in sorted(asked[: MAX_PRODUCT_LINES - 1]))])
