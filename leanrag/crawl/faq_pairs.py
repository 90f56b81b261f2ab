"""Questions with their answers that a page holds, for a person to approve before they count."""

from __future__ import annotations

import re
from collections.abc import Iterator

from leanrag.crawl.crawled import CrawledPage, SuggestedPair
from leanrag.text.normalize import fold

MAX_PAIRS = 200
MAX_QUESTION_CHARACTERS = 200
MAX_ANSWER_CHARACTERS = 1_500

_HEADING = re.compile(r"#{1,6}[ \t]+(.+?)[ \t]*#*")
_BOLD_LINE = re.compile(r"(?:\*\*|__)(.+?)(?:\*\*|__)")
_LEAD = re.compile(r"(?i)^(?:\d{1,3}[.)-]|[qس][.:)]|(?:question|سؤال|سوال|soru)\s*\d*\s*[:.-])\s*")
_EMPHASIS = re.compile(r"(\*\*|__)(\S.*?\S|\S)\1")
_MARKED = re.compile(r"[?؟]\s*$")
# Headings without a question mark that ask all the same, by their first word, or their last.
_ASKING_FIRST_LIST = """
how what when where which who why does چگونه چطور چرا آیا کجا کدام چقدر كيف متى أين لماذا هل ماذا
nasıl neden niçin hangi nerede
"""
_ASKING_LAST_LIST = """
mı mi mu mü mıyım miyim mısınız misiniz nedir nelerdir چیست کجاست کیست
"""
_ASKING_FIRST = frozenset(_ASKING_FIRST_LIST.split())
_ASKING_LAST = frozenset(_ASKING_LAST_LIST.split())
_LEAST_WORDS = 3  # of a heading without a question mark


def suggest_pairs(page: CrawledPage) -> tuple[SuggestedPair, ...]:
    """Return the pairs of a page in order, each question once.

    First what the HTML marks as questions (FAQPage data, <details>), then headings and bold lines
    that ask, with the text below them. None for a page without content of its own.
    """
    pairs: dict[str, SuggestedPair] = {}
    for pair in (*page.content.marked_pairs, *_read_headings(page.text)):
        answer = _shorten(pair.answer)
        question = _LEAD.sub("", pair.question).strip()
        key = question_key(question)
        if key and answer and len(question) <= MAX_QUESTION_CHARACTERS:
            pairs.setdefault(key, SuggestedPair(question, answer))
    return tuple(pairs.values())[:MAX_PAIRS]


def question_key(question: str) -> str:
    """Return what spellings of one question share: its words as they are searched."""
    return " ".join(re.findall(r"\w+", fold(question)))


def _read_headings(text: str) -> Iterator[SuggestedPair]:
    question, answer, is_code = "", list[str](), False
    for line in [*text.split("\n"), "# "]:
        is_code ^= line.lstrip().startswith("```")
        heading = None if is_code else _heading(line)
        if heading is None:
            answer.append(line)
            continue
        if question and any(part.strip() for part in answer):
            yield SuggestedPair(question, "\n".join(answer).strip())
        question, answer = heading if _asks(heading) else "", []


def _heading(line: str) -> str | None:
    """Return the text of a line that heads what follows; None for any other."""
    stripped = line.strip()
    if stripped == "#":
        return ""
    heading = _HEADING.fullmatch(stripped)
    if heading:
        return _EMPHASIS.sub(r"\2", heading[1])
    bold = _BOLD_LINE.fullmatch(stripped)
    return bold[1] if bold and _MARKED.search(bold[1]) else None


def _asks(heading: str) -> bool:
    text = _LEAD.sub("", heading)
    if _MARKED.search(text):
        return True
    words = text.lower().split()
    return len(words) >= _LEAST_WORDS and (
        words[0] in _ASKING_FIRST or words[-1].rstrip(".:") in _ASKING_LAST
    )


def _shorten(answer: str) -> str:
    """Cut a long answer behind a line, or behind a word where a line alone is too long."""
    answer = _EMPHASIS.sub(r"\2", answer).strip()
    if len(answer) <= MAX_ANSWER_CHARACTERS:
        return answer
    head = answer[:MAX_ANSWER_CHARACTERS]
    cut = head.rfind("\n") if "\n" in head[MAX_ANSWER_CHARACTERS // 2 :] else head.rfind(" ")
    return f"{head[: max(cut, MAX_ANSWER_CHARACTERS // 2)].rstrip()} …"
