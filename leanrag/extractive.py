"""The answerer without a model: it quotes the sentences of citable passages that answer best."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from leanrag.prompts import as_data
from leanrag.text.matching import QueryMatcher
from leanrag.text.sentences import split_sentences
from leanrag.types import Language, PassageDecision

MAX_QUOTES = 3
MAX_QUOTE_CHARACTERS = 480
# Weights of a quote's score; other weights moved the development questions by a point or two only.
OWN_WEIGHT = 0.55  # the sentence's match with the question
JOINT_WEIGHT = 0.25  # the match of title, heading and sentence together
PASSAGE_WEIGHT = 0.15  # the passage's score, as a share of the best one's
POSITION_WEIGHT = 0.05  # 1 for a passage's first sentence, falling
MAX_PRODUCT_LINES = 3
MIN_LINE_MATCH = 0.15  # own match that makes a product's line worth quoting
MIN_MATCH = 0.2  # joint match below which a sentence is no answer
NEXT_QUOTE_SHARE = 0.7  # of the best score, that a further quote must reach

INTRODUCTIONS: dict[Language, str] = {
    "fa": "نقل از منابع ما:",
    "en": "Quoted from our sources:",
    "ar": "اقتباس من مصادرنا:",
    "tr": "Kaynaklarımızdan alıntı:",
}
ABSTENTIONS: dict[Language, str] = {
    "fa": "در منابع ما پاسخی برای این پرسش نیست.",
    "en": "Our sources do not answer this question.",
    "ar": "لا تتضمن مصادرنا إجابة عن هذا السؤال.",
    "tr": "Kaynaklarımızda bu sorunun yanıtı yok.",
}
_PIECE = re.compile(r"\s*\S+\s*")


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a carried citable passage, its marker, and their score (0 to 1) as an answer."""

    text: str
    marker: int
    score: float


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A quotable stretch of a passage, and the text around it that says what it is about."""

    decision: PassageDecision
    text: str
    context: str
    position: int


class ExtractiveAnswerer:
    """Answers with one to three quotations and their markers, or says that there is no answer."""

    name = "extractive"

    def answer(
        self, question: str, language: Language, decisions: Sequence[PassageDecision]
    ) -> Iterator[str]:
        """Yield the answer word by word: a line that these are quotations, then the quotations.

        Without a quotation it is one plain sentence that says so, in the question's language.
        """
        quotes = self.choose(question, language, decisions)
        if not quotes:
            yield from _PIECE.findall(ABSTENTIONS[language])
            return
        lines = [INTRODUCTIONS[language], *(f"{q.text} [{q.marker}]" for q in quotes)]
        yield from _PIECE.findall("\n\n".join(lines))

    def choose(
        self, question: str, language: Language, decisions: Sequence[PassageDecision]
    ) -> tuple[Quote, ...]:
        """Return the best quotes, best first; none when no passage speaks about the question."""
        matcher = QueryMatcher(question, language)
        candidates = [
            candidate
            for decision in decisions
            if decision.marker is not None and decision.passage.is_citable
            for candidate in _candidates(decision, matcher)
            if candidate.text
        ]
        scored = _scored(matcher, candidates)
        if not scored:
            return ()
        scored.sort(key=lambda pair: -pair[0])
        floor = scored[0][0] * NEXT_QUOTE_SHARE
        chosen: list[Quote] = []
        for score, candidate in scored:
            text = as_data(_shorten(candidate.text))
            if score < floor or len(chosen) == MAX_QUOTES:
                break
            if text not in (quote.text for quote in chosen):
                chosen.append(Quote(text, candidate.decision.marker or 0, score))
        return tuple(chosen)


def _scored(
    matcher: QueryMatcher, candidates: Sequence[_Candidate]
) -> list[tuple[float, _Candidate]]:
    """Return the candidates that match at all, with their scores, in passage order."""
    if not candidates:
        return []
    own = matcher.scores([candidate.text for candidate in candidates])
    joint = matcher.scores([f"{c.context} {c.text}" for c in candidates])
    best = max(c.decision.passage.score for c in candidates) or 1.0
    scored = []
    for candidate, own_match, joint_match in zip(candidates, own, joint, strict=True):
        if joint_match < MIN_MATCH:
            continue
        passage = candidate.decision.passage
        # The customer asks what a FAQ's question asks: its answer need not repeat the words.
        match = joint_match if passage.kind in {"faq", "product"} else own_match
        score = (
            OWN_WEIGHT * match
            + JOINT_WEIGHT * joint_match
            + PASSAGE_WEIGHT * passage.score / best
            + POSITION_WEIGHT / (1 + candidate.position)
        )
        scored.append((score, candidate))
    return scored


def _candidates(decision: PassageDecision, matcher: QueryMatcher) -> Iterator[_Candidate]:
    passage, text = decision.passage, decision.text
    context = f"{passage.title} {passage.heading}"
    if passage.kind == "product":
        yield _Candidate(decision, _product_lines(text, matcher), context, 0)
        return
    if passage.kind == "faq":
        question, answer = _faq_parts(decision)
        if len(answer) <= MAX_QUOTE_CHARACTERS:
            yield _Candidate(decision, answer, f"{context} {question}", 0)
            return
        context, text = f"{context} {question}", answer
    for position, sentence in enumerate(split_sentences(text)):
        yield _Candidate(decision, sentence, context, position)


def _faq_parts(decision: PassageDecision) -> tuple[str, str]:
    """Return question and answer of a FAQ passage: its first line, which trimming may have cut."""
    question = decision.passage.text.partition("\n")[0].strip()
    answer = decision.text.removeprefix(question).strip()
    return (question, answer) if answer else ("", decision.text.strip())


def _product_lines(text: str, matcher: QueryMatcher) -> str:
    """Return a product's first line, its name and price, and the lines closest to the question."""
    first, *others = split_sentences(text) or ("",)
    scores = matcher.scores(others)
    ranked = sorted(range(len(others)), key=lambda i: (-scores[i], i))
    asked = [i for i in ranked if scores[i] >= MIN_LINE_MATCH] or ranked[:1]
    return "\n".join([first, *(others[i] for i in sorted(asked[: MAX_PRODUCT_LINES - 1]))])


def _shorten(text: str) -> str:
    if len(text) <= MAX_QUOTE_CHARACTERS:
        return text
    return text[:MAX_QUOTE_CHARACTERS].rsplit(None, 1)[0] + "…"
