"""Whether a question wants to be told a number, by its question words.

A sentence that holds one answers "how much" better than one that shares as many words: the expected
answer type of Prager et al., "Question-answering by predictive annotation" (2000).
"""

from __future__ import annotations

import re

from leanrag.text.normalize import fold
from leanrag.types import Language

# Question words as `fold` leaves them.
_ASKS_NUMBER: dict[Language, re.Pattern[str]] = {
    "fa": re.compile(
        r"\bچند|\bچ(?:ه ?)?قدر|\bکی\b"
        r"|\b(?:چه|کدام) (?:سال|تاریخ|ساعت|زمان|روز|مقدار|تعداد|اندازه|درصد|شماره|قیمت)"
    ),
    "en": re.compile(
        r"\bhow (?:much|many|long|old|far|often|fast|soon|late|early|tall|big|large|high|deep|wide"
        r"|heavy|hot)\b|\bwhen\b"
        r"|\b(?:what|which) (?:year|date|day|time|number|percentage|size|age|price|temperature)\b"
    ),
    "ar": re.compile(
        r"\b(?:ب|و|ف)?کم\b|\bمتی\b|\b(?:ای|ایه) (?:عام|سنه|تاریخ|یوم|ساعه|وقت|رقم)\b"
        r"|\bما(?: هو| هی)? (?:عدد|نسبه|تاریخ|سعر|تکلفه|رقم|مده)\b"
    ),
    "tr": re.compile(
        r"\bkac|\bne kadar\b|\bne zaman\b|\byuzde\b"
        r"|\bhangi (?:yil|tarih|gun|saat|numara|fiyat|sicaklik)"
    ),
}
_NUMBER = re.compile(r"\d+")


class ExpectedAnswer:
    """What the answer to a question should hold: a number, or nothing in particular."""

    def __init__(self, question: str, language: Language) -> None:
        """Read the question's words once."""
        folded = fold(question)
        self._wants_number = bool(_ASKS_NUMBER[language].search(folded))
        self._known = frozenset(_NUMBER.findall(folded))

    def is_in(self, text: str) -> bool:
        """Tell whether `text` holds a number that was asked for, and not said in the question."""
        return self._wants_number and not self._known.issuperset(_NUMBER.findall(fold(text)))
