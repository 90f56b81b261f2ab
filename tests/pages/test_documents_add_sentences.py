"""What the checks of lists and addresses say is said in the interface's language."""

from __future__ import annotations

import re

import pytest

import pages._documents_add_sentences as sentences
import pages._locale as locale
from leanrag.crawl.failures import FetchRefused
from leanrag.crawl.urls import parse_web_address
from leanrag.errors import FileRejected, InvalidInput
from leanrag.ingest.record_import import check_grid, read_records
from leanrag.ingest.record_rows import RecordKind
from leanrag.ingest.upload import clean_tags, clean_title
from leanrag.settings import Settings
from leanrag.types import LANGUAGES, Language

OTHERS: list[Language] = [language for language in LANGUAGES if language != "en"]
FAQ = (
    "question,answer,language,status\n"
    "A?,,en,\n,b,en,\n,,en,\nC?,c,en,\nC?,c,en,\nC?,d,en,\nD?,d,klingon,\n"
    "E?,e,en,f,g\nF?,f\nG?,g,en,draft\n"
)
PRODUCTS = (
    "title,price,currency,url\n"
    ",5 TL,,\nA,-5,,\nB,100-200 TL,,\nC,1.250,,\nD,1.250 KWD,,\nE,5 EUR,TRY,\nF,5 TL,,ftp:x\n"
    "G,9999999999999999999999 TL,,\nH,6 TL,,\nH,6 TL,,\n"
)


def as_language(monkeypatch: pytest.MonkeyPatch, language: Language) -> None:
    for module in (locale, sentences):
        monkeypatch.setattr(module, "ui_language", lambda: language)


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize(("kind", "data"), [("faq", FAQ), ("product", PRODUCTS)])
def test_every_problem_of_a_list_is_told_in_the_language_of_the_interface(
    monkeypatch: pytest.MonkeyPatch, language: Language, kind: RecordKind, data: str
) -> None:
    found = read_records(data.encode(), "list.csv", kind, settings=Settings(_env_file=None))
    assert len(found.problems) >= 8
    as_language(monkeypatch, language)
    for problem in found.problems:
        assert sentences.translated(problem.sentence) != problem.sentence


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize(
    "url",
    [
        "example.com",
        "http://",
        "http://a b.com",
        "http://user:p@x.com",
        "http://[1]",
        "http://300.1",
    ],
)
def test_every_refused_address_is_told_in_the_language_of_the_interface(
    monkeypatch: pytest.MonkeyPatch, language: Language, url: str
) -> None:
    with pytest.raises(FetchRefused) as refused:
        parse_web_address(url)
    as_language(monkeypatch, language)
    assert sentences.translated(refused.value.message) != refused.value.message


@pytest.mark.parametrize("language", OTHERS)
def test_titles_tags_and_headless_lists_are_told_too(
    monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    said = []
    for call in (
        lambda: clean_title("x" * 300),
        lambda: clean_tags(["y" * 50]),
        lambda: read_records(b"x,y\n1,2\n", "a.csv", "faq", settings=Settings(_env_file=None)),
    ):
        with pytest.raises((InvalidInput, FileRejected)) as error:
            call()
        said.append(error.value.message)
    as_language(monkeypatch, language)
    for sentence in said:
        assert sentences.translated(sentence) != sentence


def test_counts_are_written_in_the_languages_digits_and_prices_as_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (problem,) = check_grid([["", "A", "1.250", "", "", "", ""]], "product").problems
    as_language(monkeypatch, "fa")
    shown = sentences.translated(problem.sentence)
    assert "1.250" in shown
    assert "1.2500" in shown
    assert "۱۲" in sentences.translated("This pair is the same as in row 12; the row is left out.")


def test_an_unknown_sentence_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    as_language(monkeypatch, "tr")
    assert sentences.translated("Something new.") == "Something new."


def test_what_people_wrote_acts_as_no_markdown(monkeypatch: pytest.MonkeyPatch) -> None:
    as_language(monkeypatch, "fa")
    shown = sentences.problem_text("“![x](http://evil.example/a.png)” is below zero.")
    assert not re.search(r"(?<!\\)!\[", shown)
