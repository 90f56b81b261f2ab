"""The answerer without a model: it quotes the sentences of citable passages that answer best."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from leanrag.abstention import LEAST_CHANCE, Answerability, Match, judge
from leanrag.prompts import as_data
from leanrag.quotes import MAX_QUOTE_CHARACTERS, Quotable, quotables
from leanrag.text.answer_type import ExpectedAnswer
from leanrag.text.matching import QueryMatcher
from leanrag.text.transliteration import respell, romanized_language
from leanrag.types import Language, PassageDecision

MAX_SENTENCES = 2
NEXT_SENTENCE_SHARE = 0.1  # of the best one's chance, that a further sentence must reach
# Weights in log-odds, by a soft-max regression (`bench/answer.py --learn`) on the even half of the
# public development questions in four languages; docs/answering.md tells what the odd half says.
CHANCE_WEIGHT = 0.75  # of the logarithm of ranking's chance of the sentence
MATCH_WEIGHT = 2.45  # its match with the question, its title and headings included
EXPECTED_WEIGHT = 0.82  # each kind of answer asked for (a number, a name …) that it holds
LEAST_SENTENCE_CHANCE = 1e-6  # what ranking has no chance for is not impossible

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
    """Words of a carried citable passage, its marker, and their chance (0 to 1) to answer."""

    text: str
    marker: int
    score: float


@dataclass(frozen=True, slots=True)
class QuotedAnswer:
    """The likeliest quotes, best first, and whether they are likely enough to be said at all."""

    quotes: tuple[Quote, ...]
    answerability: Answerability


class ExtractiveAnswerer:
    """Answers with one or two quoted sentences and their markers, or says that there is none."""

    name = "extractive"

    def __init__(
        self, *, least_chance: float = LEAST_CHANCE, max_sentences: int = MAX_SENTENCES
    ) -> None:
        """Abstain where the sources answer with less than `least_chance` (0 to 1)."""
        self._least_chance = least_chance
        self._max_sentences = max_sentences

    def answer(
        self, question: str, language: Language, decisions: Sequence[PassageDecision]
    ) -> Iterator[str]:
        """Yield the answer word by word: a line that these are quotations, then the quotations.

        Without a quotation it is one plain sentence that says so, in the question's language.
        """
        yield from self.say(self.choose(question, language, decisions), language)

    def say(self, quotes: Sequence[Quote], language: Language) -> Iterator[str]:
        """Yield chosen quotes as an answer, word by word."""
        if not quotes:
            yield from in_pieces(ABSTENTIONS[language])
            return
        lines = [INTRODUCTIONS[language], *(f"{q.text} [{q.marker}]" for q in quotes)]
        yield from in_pieces("\n\n".join(lines))

    def choose(
        self, question: str, language: Language, decisions: Sequence[PassageDecision]
    ) -> tuple[Quote, ...]:
        """Return the best quotes, best first; none where the sources do not answer."""
        found = self.quote(question, language, decisions)
        return found.quotes if found.answerability.is_answerable else ()

    def quote(
        self, question: str, language: Language, decisions: Sequence[PassageDecision]
    ) -> QuotedAnswer:
        """Return the best quotes and the chance that the sources answer, whatever it is."""
        romanized = romanized_language(question)
        if romanized is not None and romanized == language:
            question = respell(question, romanized, [_everything(d) for d in decisions])
        matcher = QueryMatcher(question, language)
        candidates = quotables(decisions, matcher)
        shares = matcher.scores_in_context(
            [candidate.text for candidate in candidates],
            [candidate.context for candidate in candidates],
        )
        expected = ExpectedAnswer(question, language)
        ranked = _ranked(candidates, shares, expected, language)
        answerability = judge(
            question,
            language,
            decisions,
            [
                Match(share, candidate.decision.passage)
                for share, candidate in zip(shares, candidates, strict=True)
            ],
            ranked[0][1].decision.passage if ranked else None,
            least_chance=self._least_chance,
        )
        return QuotedAnswer(_quotes(ranked, self._max_sentences), answerability)


def in_pieces(text: str) -> Iterator[str]:
    """Return a written text word by word, each with the white space around it."""
    return (match.group() for match in _PIECE.finditer(text))


def _everything(decision: PassageDecision) -> str:
    passage = decision.passage
    return f"{passage.title} {passage.heading} {decision.text}"


def _ranked(
    candidates: Sequence[Quotable],
    shares: Sequence[float],
    expected: ExpectedAnswer,
    language: Language,
) -> list[tuple[float, Quotable]]:
    """Return the candidates with their chances, which add up to 1, the likeliest first.

    Of equal ones, that in the question's language comes first.
    """
    logits = [
        CHANCE_WEIGHT * math.log(candidate.chance + LEAST_SENTENCE_CHANCE)
        + MATCH_WEIGHT * share
        + EXPECTED_WEIGHT * len(expected.kinds_in(candidate.text))
        for candidate, share in zip(candidates, shares, strict=True)
    ]
    highest = max(logits, default=0.0)
    raised = [math.exp(logit - highest) for logit in logits]
    total = sum(raised)
    ranked = [(own / total, candidate) for own, candidate in zip(raised, candidates, strict=True)]
    return sorted(
        ranked, key=lambda pair: (-pair[0], pair[1].decision.passage.language != language)
    )


def _quotes(ranked: Sequence[tuple[float, Quotable]], most: int) -> tuple[Quote, ...]:
    """Return the likeliest stretches as quotes, each said once, neighbours together."""
    chosen: list[tuple[float, Quotable]] = []
    for chance, candidate in ranked:
        if len(chosen) == most or chance < NEXT_SENTENCE_SHARE * ranked[0][0]:
            break
        if not any(candidate.text in other.text for _, other in chosen):
            chosen.append((chance, candidate))
    quotes: list[Quote] = []
    while chosen:
        run = _run(chosen)
        chosen = [pair for pair in chosen if pair not in run]
        quotes.append(_as_quote(run))
    return tuple(sorted(quotes, key=lambda quote: -quote.score))


def _run(chosen: Sequence[tuple[float, Quotable]]) -> list[tuple[float, Quotable]]:
    """Return the first of `chosen` and those that follow on it or that it follows, in order."""
    run = [chosen[0]]
    for pair in chosen[1:]:
        if run[-1][1].is_before(pair[1]):
            run.append(pair)
        elif pair[1].is_before(run[0][1]):
            run.insert(0, pair)
    return run


def _as_quote(run: Sequence[tuple[float, Quotable]]) -> Quote:
    (_, first), (_, last) = run[0], run[-1]
    decision = first.decision
    text = first.text if first is last else decision.passage.text[first.start : last.end]
    most = MAX_QUOTE_CHARACTERS * len(run)
    return Quote(as_data(_shorten(text, most)), decision.marker or 0, sum(p for p, _ in run))


def _shorten(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return text[:most].rsplit(None, 1)[0] + "…"
