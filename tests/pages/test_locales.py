"""The four languages say the same things, with the same placeholders."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import pages._locale as locale
from leanrag.types import LANGUAGES, Language

PAGES = Path(locale.__file__).parent
LOCALES = PAGES / "locales"
NAMES = sorted(path.stem for path in (LOCALES / "en").glob("*.toml"))


def texts(language: str, page: str) -> dict[str, str]:
    with (LOCALES / language / f"{page}.toml").open("rb") as file:
        return dict(locale._flatten(tomllib.load(file)))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def literal_keys() -> Iterator[str]:
    for path in PAGES.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_text = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "t"
            if is_text and node.args:
                yield from (
                    part.value
                    for part in ast.walk(node.args[0])
                    if isinstance(part, ast.Constant)
                    and isinstance(part.value, str)
                    and re.fullmatch(r"[a-z]+\.[a-z0-9_.]*[a-z0-9]", part.value)
                )


def as_language(monkeypatch: pytest.MonkeyPatch, language: Language) -> None:
    monkeypatch.setattr(locale, "ui_language", lambda: language)


@pytest.mark.parametrize("page", NAMES)
@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_every_language_has_the_keys_and_placeholders_of_english(page: str, language: str) -> None:
    english, other = texts("en", page), texts(language, page)
    assert other.keys() == english.keys()
    for key, text in english.items():
        assert placeholders(other[key]) == placeholders(text), key
        assert other[key].strip(), key


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_sentences_are_translated_and_not_copied_from_english(language: str) -> None:
    for page in NAMES:
        for key, text in texts("en", page).items():
            if len(text.split()) > 3:
                assert texts(language, page)[key] != text, f"{page}.{key}"


def test_every_key_that_a_page_names_exists() -> None:
    known = {f"{page}.{key}" for page in NAMES for key in texts("en", page)}
    named = set(literal_keys())
    assert "chat.placeholder" in named
    dotted = {key for key in named if not any(other.startswith(f"{key}.") for other in known)}
    assert dotted <= known, sorted(dotted - known)


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", ("12,345", "25%", "$0.28", "$0.00012", "1.23 s")),
        ("fa", ("۱۲٬۳۴۵", "۲۵٪", "\u200e$\u00a0۰٫۲۸", "\u200e$\u00a0۰٫۰۰۰۱۲", "۱٫۲۳ ثانیه")),
        ("tr", ("12.345", "%25", "$0,28", "$0,00012", "1,23 sn")),
    ],
)
def test_numbers_are_written_as_the_language_writes_them(
    monkeypatch: pytest.MonkeyPatch, language: Language, shown: tuple[str, ...]
) -> None:
    as_language(monkeypatch, language)
    written = (
        locale.number(12345),
        locale.percent(0.254),
        locale.money(0.28),
        locale.money(0.00012),
        locale.seconds(1230),
    )
    assert written == shown


def test_a_moment_of_another_day_carries_its_date(monkeypatch: pytest.MonkeyPatch) -> None:
    as_language(monkeypatch, "fa")
    assert locale.when(datetime(2026, 1, 2, 3, 4, tzinfo=UTC)) == "۲ ژانویه ۲۰۲۶ ۰۳:۰۴"


def test_free_amounts_and_tiny_amounts_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    as_language(monkeypatch, "en")
    assert locale.money(0) == "$0.00"
    assert locale.money(0.0000123) == "$0.000012"
