"""The answerer without a model: it quotes the sentences of citable passages that answer best."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from leanrag.prompts import as_data
from leanrag.text.answer_type import ExpectedAnswer
from leanrag.text.matching import QueryMatcher
from leanrag.text.sentences import split_sentences
from leanrag.text.transliteration import respell, romanized_language
from leanrag.types import Language, PassageDecision

MAX_QUOTES = 3
MAX_QUOTE_CHARACTERS = 480
# Weights of a quote's score, by logistic regression on half of the public development questions in
# four languages, checked on the other half.
MATCH_WEIGHT = 0.52  # the sentence's match with the question, its title and headings included
PASSAGE_WEIGHT = 0.40  # the passage's score, as a share of the best one's
EXPECTED_WEIGHT = 0.08  # it holds a number that the question asks for
FOREIGN_SHARE = 0.7  # of its score, that a quote in another language than the question's keeps
NEXT_QUOTE_SHARE = 0.75  # of the best score, that a further quote must reach
# The sources speak about the question where either is reached. Against a match of 0.2 alone, that
# answers 6.5 instead of 10.5 % of the questions on a subject that the sources lack.
MIN_MATCH = 0.3  # of a sentence alone
MIN_EVIDENCE = 1.34  # of its match and its passage's BM25 score / BM25_SCALE together
BM25_SCALE = 30.0
MAX_PRODUCT_LINES = 3
MIN_LINE_MATCH = 0.15  # match that makes a product's line worth quoting

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
_LIST_ITEM = re.compile(r"[-*•–|]|\w{1,3}[.)]\s")
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


class ExtractiveAnswerer:
    """Answers with one to three quotations and their markers, or says that there is no answer."""

    name = "extractive"

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
            yield from _PIECE.findall(ABSTENTIONS[language])
            return
        lines = [INTRODUCTIONS[language], *(f"{q.text} [{q.marker}]" for q in quotes)]
        yield from _PIECE.findall("\n\n".join(lines))

    def choose(
        self, question: str, language: Language, decisions: Sequence[PassageDecision]
    ) -> tuple[Quote, ...]:
        """Return the best quotes, best first; none when no passage speaks about the question."""
        romanized = romanized_language(question)
        if romanized is not None and romanized == language:
            question = respell(question, romanized, [_everything(d) for d in decisions])
        matcher = QueryMatcher(question, language)
        candidates = [
            candidate
            for decision in decisions
            if decision.marker is not None and decision.passage.is_citable
            for candidate in _candidates(decision, matcher)
            if candidate.text
        ]
        scored = _scored(matcher, ExpectedAnswer(question, language), language, candidates)
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


def _everything(decision: PassageDecision) -> str:
    passage = decision.passage
    return f"{passage.title} {passage.heading} {decision.text}"


def _scored(
    matcher: QueryMatcher,
    expected: ExpectedAnswer,
    language: Language,
    candidates: Sequence[_Candidate],
) -> list[tuple[float, _Candidate]]:
    """Return the candidates that match, with their scores, in passage order; none without answer.

    The title counts as part of its sentences, and a FAQ's question as part of its answer: they say
    what a sentence is about, and it need not repeat their words.
    """
    matches = matcher.scores_in_context(
        [candidate.text for candidate in candidates],
        [candidate.context for candidate in candidates],
    )
    pairs = [(match, c) for match, c in zip(matches, candidates, strict=True) if match > 0]
    if not any(_is_answerable(match, candidate) for match, candidate in pairs):
        return []
    best = max(candidate.decision.passage.score for _, candidate in pairs) or 1.0
    scored = []
    for match, candidate in pairs:
        score = (
            MATCH_WEIGHT * match
            + PASSAGE_WEIGHT * candidate.decision.passage.score / best
            + EXPECTED_WEIGHT * expected.is_in(candidate.text)
        )
        if candidate.decision.passage.language != language:
            score *= FOREIGN_SHARE
        scored.append((score, candidate))
    return scored


def _is_answerable(match: float, candidate: _Candidate) -> bool:
    """Tell whether a candidate is evidence enough that the sources speak about the question.

    A long question shares a small part of its words with the answer, but rare ones: that is in its
    passage's BM25 score, which is high for no passage of another subject.
    """
    bm25 = candidate.decision.passage.lexical_score
    return match >= MIN_MATCH or match + bm25 / BM25_SCALE >= MIN_EVIDENCE


def _candidates(decision: PassageDecision, matcher: QueryMatcher) -> Iterator[_Candidate]:
    passage, text = decision.passage, decision.text
    context = f"{passage.title} {passage.heading}"
    if passage.kind == "product":
        yield _Candidate(decision, _product_lines(text, matcher), context)
        return
    if passage.kind == "faq":
        question, answer = _faq_parts(decision)
        if len(answer) <= MAX_QUOTE_CHARACTERS:
            yield _Candidate(decision, answer, f"{context} {question}")
            return
        context, text = f"{context} {question}", answer
    yield from _sentences(decision, text, context)


def _sentences(decision: PassageDecision, text: str, context: str) -> Iterator[_Candidate]:
    """Yield a text's sentences; a line that announces a list is its items' context, no answer."""
    announced = ""
    sentences = split_sentences(text)
    for place, sentence in enumerate(sentences, start=1):
        if sentence.endswith(":") and place < len(sentences):
            announced = sentence
            continue
        if not _LIST_ITEM.match(sentence):
            announced = ""
        yield _Candidate(decision, sentence, f"{context} {announced}")


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
