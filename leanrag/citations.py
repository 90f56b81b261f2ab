"""Citation marks in a streamed answer: checked against the turn's passages and written one way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from leanrag.text.matching import QueryMatcher
from leanrag.text.sentences import split_sentences
from leanrag.types import Citation, CitationMade, PassageDecision, TextDelta

MAX_QUOTE_CHARACTERS = 200
LOOK_BACK_CHARACTERS = 600  # where the sentence that a mark belongs to is looked for
MAX_RANGE = 10

# The bounds on blanks and on what stands in brackets keep a split stream from reading differently.
_BLANK = "[ \t\u00a0\u200b-\u200f]"
_NUMBERS = rf"{_BLANK}*\d{{1,3}}(?:{_BLANK}*[,،;؛、–-]{_BLANK}*\d{{1,3}})*{_BLANK}*"
_MARK = re.compile(
    rf"(?P<before>{_BLANK}{{0,3}})[\[［【](?=[^\]］】]{{1,36}}[\]］】])(?P<numbers>{_NUMBERS})[\]］】]"
)
# The end of a piece that more text could make into a mark; blanks wait, as they go with a bad one.
_PARTIAL_MARK = re.compile(rf"{_BLANK}{{0,3}}(?:[\[［【](?:[\d,،;؛、–-]|{_BLANK}){{0,36}})?\Z")
_RANGE = re.compile(rf"(\d+){_BLANK}*[–-]{_BLANK}*(\d+)|(\d+)")


class CitationTracker:
    """Reads one answer's stream: keeps marks that name a carried citable passage, drops the rest.

    `[2]`, `[1, 2]`, `[1-3]`, `［۲］` and `【٢】` are understood and leave as `[2]`, `[1][2]`, …; a
    mark of no such passage leaves the text, with the blanks before it. Text waits only while it may
    be the beginning of a mark.
    """

    def __init__(self, decisions: Sequence[PassageDecision]) -> None:
        """`decisions` are those of the turn's prompt; those with a marker can be cited."""
        self._by_number = {d.marker: d for d in decisions if d.marker is not None}
        self._waiting = ""
        self._said = ""
        self._citations: list[Citation] = []

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The passages cited so far, each once, in the order of their first mark."""
        return tuple(self._citations)

    def feed(self, delta: str) -> Iterator[TextDelta | CitationMade]:
        """Take the next piece of the answer; yield what is settled by it."""
        text = self._waiting + delta
        partial = _PARTIAL_MARK.search(text)
        settled = partial.start() if partial else len(text)
        self._waiting = text[settled:]
        yield from self._settle(text[:settled])

    def finish(self) -> Iterator[TextDelta | CitationMade]:
        """Yield what was still waiting when the stream ended."""
        text, self._waiting = self._waiting, ""
        yield from self._settle(text)

    def _settle(self, text: str) -> Iterator[TextDelta | CitationMade]:
        start = 0
        for mark in _MARK.finditer(text):
            numbers = [n for n in _numbers(mark["numbers"]) if n in self._by_number]
            before = text[start : mark.start()]
            start = mark.end()
            if numbers:
                before += mark["before"] + "".join(f"[{number}]" for number in numbers)
            yield from self._say(before)
            yield from self._cite(numbers)
        yield from self._say(text[start:])

    def _say(self, text: str) -> Iterator[TextDelta]:
        if text:
            self._said = (self._said + text)[-LOOK_BACK_CHARACTERS:]
            yield TextDelta(text)

    def _cite(self, numbers: Sequence[int]) -> Iterator[CitationMade]:
        for number in numbers:
            if any(citation.number == number for citation in self._citations):
                continue
            citation = _citation(number, self._by_number[number], _last_sentence(self._said))
            self._citations.append(citation)
            yield CitationMade(citation)


def _numbers(text: str) -> list[int]:
    """Return the numbers of a mark in order, each once, with short ranges written out."""
    found: dict[int, None] = {}
    for first, last, single in _RANGE.findall(text):
        start, end = (int(single), int(single)) if single else (int(first), int(last))
        numbers = range(start, end + 1) if start <= end < start + MAX_RANGE else (start, end)
        found.update(dict.fromkeys(numbers))
    return list(found)


def _last_sentence(said: str) -> str:
    sentences = split_sentences(_MARK.sub("", said))
    return sentences[-1] if sentences else ""


def _citation(number: int, decision: PassageDecision, sentence: str) -> Citation:
    passage = decision.passage
    return Citation(
        number=number,
        passage_id=passage.passage_id,
        source_id=passage.source_id,
        title=passage.title or passage.source_title,
        heading=passage.heading,
        page=passage.page,
        quote=_quote(decision, sentence),
        label=passage.label,
        url=passage.url,
    )


def _quote(decision: PassageDecision, sentence: str) -> str:
    """Return the passage's sentence closest to the answer's; its first one when none is close."""
    sentences = split_sentences(decision.text)
    if not sentences:
        return ""
    scores = QueryMatcher(sentence, decision.passage.language).scores(sentences)
    quote = sentences[max(range(len(sentences)), key=lambda i: (scores[i], -i))]
    if len(quote) <= MAX_QUOTE_CHARACTERS:
        return quote
    start = quote[: MAX_QUOTE_CHARACTERS - 1]
    return (start.rsplit(None, 1)[0] if " " in start else start) + "…"
