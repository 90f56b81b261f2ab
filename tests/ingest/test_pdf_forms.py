from __future__ import annotations

from itertools import pairwise

from leanrag.ingest.pdf_forms import LetterForms, learn_forms
from leanrag.ingest.pdf_glyphs import Glyph

WIDE, NARROW = 9.0, 3.0


def word(logical: str) -> list[Glyph]:
    """Set a word from left to right; a letter before "|" has its last form, as the last one has."""
    glyphs: list[Glyph] = []
    for letter, after in pairwise(f"{logical} "):
        if letter != "|":
            width = WIDE if after in "| " else NARROW
            right = 500.0 - 10.0 * len(glyphs)
            place = len(glyphs)
            glyphs.append(Glyph(right - width, right, 100.0, 10.0, letter, 400, False, place))
    return glyphs[::-1]


def places(forms: LetterForms, glyphs: list[Glyph]) -> str:
    """Return the word with "|" where its forms tell that a letter ends early."""
    logical = glyphs[::-1]
    parts = [logical[0].text]
    for letter, after in pairwise(logical):
        parts.append(("|" if forms.ends_early(letter, after) else "") + after.text)
    return "".join(parts)


PAGE = [word(text) for text in ("فارسی", "یک", "سیب", "گیاه", "می|رود", "نمی|شود", "بین")]


def test_a_letter_as_wide_as_at_the_end_of_words_is_followed_by_a_zwnj() -> None:
    assert places(learn_forms(PAGE), word("می|رسد")) == "می|رسد"


def test_a_letter_as_narrow_as_in_the_middle_of_words_is_not() -> None:
    assert places(learn_forms(PAGE), word("میرسد")) == "میرسد"


def test_a_letter_with_one_width_for_all_its_forms_tells_nothing() -> None:
    same = [
        [glyph._replace(left=glyph.right - WIDE) for glyph in glyphs]
        for glyphs in (word("سیب"), word("یک"), word("فارسی"))
    ]
    forms = learn_forms(same)
    assert places(forms, [g._replace(left=g.right - WIDE) for g in word("سیب")]) == "سیب"


def test_meem_and_heh_are_never_told_by_their_width() -> None:
    assert places(learn_forms([*PAGE, word("شما"), word("قلم")]), word("هم|کار")) == "همکار"


def test_arabic_words_teach_nothing() -> None:
    assert learn_forms([word(text) for text in ("في", "يوم", "بيت", "علي")]) == LetterForms()


def test_heh_before_the_plural_ending_has_a_zwnj_on_a_persian_page_alone() -> None:
    assert learn_forms(PAGE).part_plural("نسخههای تازه") == "نسخه\u200cهای تازه"
    assert LetterForms().part_plural("نسخههای") == "نسخههای"
