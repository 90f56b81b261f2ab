"""What the checks of lists and addresses say, in the interface's language."""

from __future__ import annotations

from pages._documents_words import isolated
from pages._locale import number, t, ui_language
from pages._problem_text import KnownSentences
from pages._safe_text import plain_text

_COUNTS = frozenset({"row", "most", "cells", "columns", "count", "letters"})
_LEFT_OUT = "; the row is left out."
_QUOTED = "“(?P<text>.*)”"
# What the checks say → the key of its translation; counts are written as numbers.
_SENTENCES = KnownSentences(
    (r"There is no question", "no_question"),
    (r"There is no answer", "no_answer"),
    (r"There is no question and no answer", "no_pair"),
    (r"There is no title", "no_title"),
    (r"This (?:pair|product) is the same as in row (?P<row>\d+)", "same_row"),
    (r"Row (?P<row>\d+) answers the same question otherwise; keep one\.", "other_answer"),
    (r"The attributes have more than .* together", "long_attributes"),
    (rf"{_QUOTED} is below zero\.", "price_below_zero"),
    (rf"{_QUOTED} is more than any price\.", "price_too_high"),
    (rf"{_QUOTED} is not one price; write a number and a currency\.", "price_unread"),
    (
        rf"{_QUOTED} may mean (?P<first>\S+) or (?P<second>\S+); name the currency, or write"
        r" .* or (?P<exact>\S+)\.",
        "price_unclear",
    ),
    (
        rf"{_QUOTED} may mean (?P<first>\S+) or (?P<second>\S+); write .* or (?P<exact>\S+)\.",
        "price_unclear_here",
    ),
    (
        r"The price is in (?P<first>.+) and the column beside it says (?P<second>.+)\.",
        "two_currencies",
    ),
    (rf"{_QUOTED} is no web address and is left out; begin with https://", "no_address"),
    (
        rf"A product has (?P<most>\d+) attributes at most; left out: {_QUOTED}\.",
        "many_attributes",
    ),
    (
        r"There are (?P<cells>\d+) cells for (?P<columns>\d+) columns: put texts .*",
        "more_cells",
    ),
    (
        r"There are (?P<cells>\d+) cells for (?P<columns>\d+) columns; the rest .*",
        "fewer_cells",
    ),
    (rf"{_QUOTED} keeps it from customers", "not_published"),
    (rf"{_QUOTED} is none of fa, en, ar and tr; the text will tell\.", "other_language"),
    (r"The HTML here cannot be read; write it as text\.", "bad_html"),
    (r"This list is empty; .*", "empty_list"),
    (r"This list has no filled row; .*|This list has a header and no row .*", "no_rows"),
    (r"This list has no row that names .*", "no_header"),
    (r"This PDF has (?P<count>\d+) pages and the limit is (?P<most>\d+); .*", "many_pages"),
    (r"A title has 1 to (?P<most>\d+) letters, not (?P<count>\d+)\.", "long_title"),
    (
        r"A source has at most (?P<most>\d+) tags of at most (?P<letters>\d+) letters\.",
        "many_tags",
    ),
    (rf"{_QUOTED} does not begin with http:// or https://\.", "no_scheme"),
    (r"(?P<text>\S+) is not on the public internet; .*", "not_public"),
    (r"(?P<text>\S+) leads to a cloud's metadata service: never fetched\.", "metadata"),
    (r"Port (?P<port>\d+) of (?P<text>\S+) is not one of a website; .*", "odd_port"),
    (r"An address with a user name or password .*", "password_in_address"),
    (rf"{_QUOTED} .*|This address is longer .*|An IPv6 address .*", "bad_address"),
    prefix="documents.add.said_",
)


def problem_text(sentence: str) -> str:
    """Return a sentence for markdown, translated where it is one that is known."""
    return plain_text(translated(sentence))


def translated(sentence: str) -> str:
    """Return a sentence of a check in the interface's language; in English where it is unknown."""
    if ui_language() == "en":
        return sentence
    core = sentence.removesuffix(_LEFT_OUT)
    if found := _SENTENCES.find(core):
        key, parts = found
        return t(key, **{name: _part(name, text) for name, text in parts.items()})
    return sentence


def _part(name: str, text: str) -> str:
    """Return a part as the sentence carries it: what people wrote keeps its own direction."""
    return number(int(text)) if name in _COUNTS else isolated(text)
