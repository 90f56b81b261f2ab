"""Why a source or a web page could not be read, in the interface's language.

The database keeps such reasons as English sentences: what wrote them knows no reader.
"""

from __future__ import annotations

import re

from leanrag.errors import LeanRagError
from pages._documents_add_sentences import translated
from pages._error_text import error_text
from pages._locale import number, t, ui_language
from pages._problem_text import KnownSentences
from pages._safe_text import plain_text

# A sentence that frames another one → the key of the frame's translation.
_FRAMES = KnownSentences(
    (r"Waiting to try again: (?P<reason>.+)", "waiting"),
    (
        r"The newer version was not taken, and the earlier one stays in use: (?P<reason>.+)",
        "newer_refused",
    ),
    (r"No page of this website could be read: (?P<reason>.+)", "no_page"),
    (r"(?P<reason>.+) What it said before stays in use\.", "still_used"),
    (r"robots\.txt could not be read: (?P<reason>.+)", "no_robots"),
    prefix="documents.why_",
)
# The first letter is small where a frame stands before it.
_SENTENCES = KnownSentences(
    (r"Reading this file failed unexpectedly; .*", "unexpected"),
    (r"Processing this source broke off again and again, .*", "broke_off"),
    (r"This PDF holds no text to read: .*", "scan"),
    (r"This [\w ]+ holds no text to read.*|This file holds nothing but white .*", "no_text"),
    (r"This [\w ]+ asks for a password; .*", "encrypted"),
    (r"This PDF has (?P<pages>\d+) pages and the limit is (?P<most>\d+); .*", "many_pages"),
    (r"Reading this [\w ]+ took (longer|more computing time) than .*", "slow"),
    (r"This [\w ]+ is damaged or needs more memory .*", "memory"),
    (r"This [\w ]+ is damaged.*", "damaged"),
    (r"This [\w ]+ (unpacks to|is packed of|holds|has) more than .*", "too_large"),
    (r"A cell that begins in row (?P<row>\d+) has more than .*", "long_cell"),
    (
        r"Row (?P<row>\d+) has (?P<columns>\d+) columns and the limit is (?P<most>\d+); .*",
        "many_columns",
    ),
    (r"Row (?P<row>\d+) of this \w+ cannot be read; .*", "bad_row"),
    (r"This list of records cannot be read; .*", "bad_list"),
    (r"This text file is in an unknown or damaged encoding; .*", "encoding"),
    (r"The database does not answer.*", "database"),
    (r"The model provider refused the API key; .*", "key"),
    (r"The account at the model provider has no credit left; .*", "credit"),
    (r"The model provider (asked to slow|did not answer|failed on) .*", "provider"),
    (r"The model provider could not be reached; .*", "unreachable"),
    (r"The page asks not to be indexed\.", "noindex"),
    (r"The page holds no text of its own; .*", "page_empty"),
    (r"The page leads to another website, (?P<host>\S+), which .*", "other_website"),
    (r"The page leads to (one known already|another address)\.", "leads_elsewhere"),
    (r"The page names another address as its own\.", "canonical"),
    (r"Another page of the site holds the same text\.", "same_text"),
    (r"The page does not exist any more \((?P<status>\d+)\)\.", "gone"),
    (r"The site's robots\.txt does not allow this page\.", "robots"),
    (
        r"(?P<host>\S+) answers (?P<status>\d+) to a request for robots\.txt, .*",
        "robots_answer",
    ),
    (r"The website does not let programs .* \((?P<status>\d+)\)\.", "sign_in"),
    (r"The website is too busy \((?P<status>\d+)\); .*", "busy"),
    (r"The website answers with status (?P<status>\d+) instead of the page\.", "status"),
    (r"(?P<count>\d+) pages in a row failed, .*", "stopped_crawl"),
    (r"(?P<host>\S+) did not answer completely within (?P<seconds>\S+) seconds\.", "no_answer"),
    (r"(?P<host>\S+) is not known to the name server\.", "no_host"),
    (r"(?P<host>\S+) (accepts no connection; .*|broke off, or .*)", "no_connection"),
    (r"(?P<host>\S+) is not on the public internet; .*", "private"),
    (r"(?P<host>\S+) leads to a cloud's metadata service: .*", "private"),
    (r"(?P<host>\S+) redirects more than .*", "redirects"),
    (r"The answer is .*: not a page, a text or a PDF\.", "no_page_type"),
    (r"The page (broke off|is larger|is compressed|'s compressed).*", "page_broken"),
    (r"Reading this page took more time or memory .*", "page_slow"),
    (r"This very file is there already, as another source; .*", "file_elsewhere"),
    (r"This source is not being processed; .*", "nothing_to_stop"),
    (r"A list of questions or products keeps its kind; .*", "list_kind"),
    (r"There is no such document here; .*", "no_source"),
    (r"This suggestion is no longer there; .*", "no_suggestion"),
    (r"Decide on at most (?P<most>\d+) suggestions at once\.", "many_suggestions"),
    (r"An approved suggestion needs a question and an answer\.", "empty_pair"),
    prefix="documents.why_",
    flags=re.DOTALL | re.IGNORECASE,
)


def why(sentence: str) -> str:
    """Return a stored reason for markdown, translated where it is one that is known."""
    return plain_text(why_words(sentence))


def why_words(sentence: str) -> str:
    """Return a stored reason as text; in English where no translation says as much."""
    if ui_language() == "en":
        return sentence
    if found := _FRAMES.find(sentence):
        frame, parts = found
        return t(frame, reason=_core(parts["reason"]))
    return _core(sentence)


def error_sentence(error: LeanRagError) -> str:
    """Return for markdown why something that a person wanted was not done."""
    said = error_text(error)
    return why(error.message) if said == error.message else plain_text(said)


def _core(sentence: str) -> str:
    if found := _SENTENCES.find(sentence):
        key, parts = found
        return t(key, **{name: _written(part) for name, part in parts.items()})
    return translated(sentence)


def _written(part: str) -> str:
    return number(int(part)) if part.isascii() and part.isdigit() else part
