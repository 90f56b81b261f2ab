from __future__ import annotations

import pytest

import pages._locale as locale
from leanrag.types import Language
from pages._documents_why import why_words
from pages._row_label import label_text

ROWS = {
    "en": ("row 3", "rows 2 to 1,200"),
    "fa": ("ردیف ۳", "ردیف‌های ۲ تا ۱٬۲۰۰"),
    "ar": ("الصف 3", "الصفوف من 2 إلى 1,200"),
    "tr": ("3. satır", "2–1.200. satırlar"),
}
REFUSALS = (
    "A cell that begins in row 3 has more than 100,000 letters; shorten it, or close the quotation"
    " mark that it begins with.",
    "Row 3 has 501 columns and the limit is 500; leave out what is not for customers.",
    "Row 3 of this table cannot be read; save it again as CSV in UTF-8.",
    "This table has more than 500,000 filled cells; split it.",
)


@pytest.mark.parametrize("language", ROWS)
def test_rows_are_named_in_the_language_of_the_page(
    monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    monkeypatch.setattr(locale, "ui_language", lambda: language)
    assert (label_text("row 3"), label_text("rows 2-1200")) == ROWS[language]
    assert label_text("00:12:05") == "00:12:05"


@pytest.mark.parametrize("sentence", REFUSALS)
def test_why_a_table_was_refused_is_said_in_the_language_of_the_page(
    monkeypatch: pytest.MonkeyPatch, sentence: str
) -> None:
    for module in ("pages._locale", "pages._documents_why"):
        monkeypatch.setattr(f"{module}.ui_language", lambda: "tr")
    said = why_words(sentence)
    assert said != sentence
    assert ("3. satır" in said) == ("ow 3" in sentence)
