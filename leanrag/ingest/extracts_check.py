"""What a model's TL;DR of a passage must not be: reasons to refuse it, checked without a model.

A passage of instructions may well order, ask, greet or name an address, and its TL;DR with it. What
is looked for is what the passage does not say.
"""

from __future__ import annotations

import re
from itertools import chain

from leanrag.ingest.extracted import Chunk
from leanrag.statements import folded_words
from leanrag.summary_checks import OPENING_WORDS, load_form_cues, repeats, tells_of
from leanrag.text.language import detect_language
from leanrag.text.normalize import fold

LEAST_WORDS, MOST_WORDS = 60, 130  # asked for are 80 to 120: models count badly

_MARKUP = re.compile(r"```|[<＜]\s*[/|a-zA-Z]|^\W*[{\[]|[}\]]\W*$|\"\w+\"\s*:|(?:^|\s)#{1,6}\s")
_NUMBER = re.compile(r"\d+(?:[.,:/٫٬]\d+)*")
_THOUSANDS = re.compile(r"[.,٬٫](?=\d{3}(?!\d))")
_DECIMAL = str.maketrans(",٫٬", "...")
_ADDRESS = re.compile(r"https?://[^\s،؛,;)\]]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_FORMS = {"reasoning": "reasoning about the task", "refusal": "a refusal"}


def reason_to_refuse(written: str, chunk: Chunk, own_texts: tuple[str, ...]) -> str | None:
    """Return why `written` is no TL;DR of the passage, in a few words; None where it is one.

    `own_texts` are the model's instructions, which it must not repeat.
    """
    words = len(written.split())
    if not LEAST_WORDS <= words <= MOST_WORDS:
        return f"{words} words of {LEAST_WORDS} to {MOST_WORDS}"
    said = f"{chunk.title}\n{chunk.heading}\n{chunk.text}"
    if form := _form(written, said):
        return form
    if detect_language(written, default=chunk.language) != chunk.language:
        return "another language than the passage's"
    if repeats(written, own_texts, (said,)):
        return "it repeats the model's instructions"
    if invented := _invented(written, said):
        return f"it invents {invented!r}"
    if not tells_of(written, (said,)):
        return "it tells of something else"
    return None


def _form(written: str, said: str) -> str:
    if _MARKUP.search(written) and not _MARKUP.search(said):
        return "no plain text: markup or JSON"
    words = folded_words(written)
    whole, opening = f" {' '.join(words)} ", f" {' '.join(words[:OPENING_WORDS])} "
    known = f" {' '.join(folded_words(said))} "
    cues = load_form_cues()
    for name, reason in _FORMS.items():
        found = [cues.opening[name].match(opening)]
        found += [cues.anywhere[name].search(whole)] if name in cues.anywhere else []
        if any(match and match.group() not in known for match in found):
            return reason
    return ""


def _invented(written: str, said: str) -> str:
    """Return a number or an address that the passage does not have."""
    folded = fold(said)
    known = {_value(number) for number in _NUMBER.findall(folded)}
    numbers = (n for n in _NUMBER.findall(fold(written)) if _value(n) not in known)
    addresses = (a for a in _ADDRESS.findall(fold(written)) if a.rstrip(".") not in folded)
    return next(chain(numbers, addresses), "")


def _value(number: str) -> str:
    """Return a number as it counts: 1,500 is 1500, 1,5 is 1.5 and 09:00 is 9:00."""
    return _THOUSANDS.sub("", number).translate(_DECIMAL).lstrip("0")
