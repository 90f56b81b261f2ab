"""What a service says in English is told in the interface's language where that is known."""

from __future__ import annotations

import pytest

from leanrag.errors import Conflict, InvalidInput, LeanRagError, WrongCode
from pages._bots_errors import problem_text
from pages._problem_text import KnownSentences, translated_problem

KNOWN = KnownSentences(
    (r"A bot named '(?P<slug>.*)' exists already; .*", "taken"),
    (r"A bot named .*", "gone"),
    prefix="bots.error_",
)


def test_the_first_sentence_that_fits_as_a_whole_counts() -> None:
    assert KNOWN.find("A bot named 'sales' exists already; go.") == (
        "bots.error_taken",
        {"slug": "sales"},
    )
    assert KNOWN.find("A bot named 'a\nb' is lost.") == ("bots.error_gone", {})
    assert KNOWN.find("See: A bot named 'sales' exists already; go.") is None


@pytest.mark.parametrize(
    ("language", "most"), [("en", "20,000"), ("tr", "20\\.000"), ("fa", "۲۰٬۰۰۰")]
)
def test_limits_are_written_as_the_language_writes_numbers(
    monkeypatch: pytest.MonkeyPatch, language: str, most: str
) -> None:
    monkeypatch.setattr("pages._locale.ui_language", lambda: language)
    message = "The persona has 20,001 characters and may have 20,000; shorten it."
    assert most in problem_text(InvalidInput(message))


def test_a_short_name_of_digits_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages._locale.ui_language", lambda: "fa")
    said = translated_problem(Conflict("A bot named '1234' exists already; go."), KNOWN)
    assert "1234" in said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InvalidInput("Some *other* sentence."), r"Some \*other\* sentence\."),
        (WrongCode("A bot named x is lost."), "This code is wrong or no longer valid"),
    ],
)
def test_any_other_sentence_and_a_code_of_its_own_stay(
    monkeypatch: pytest.MonkeyPatch, error: LeanRagError, said: str
) -> None:
    monkeypatch.setattr("pages._locale.ui_language", lambda: "en")
    assert translated_problem(error, KNOWN).startswith(said)
