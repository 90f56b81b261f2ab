from __future__ import annotations

import pytest

from leanrag.ingest.pdf_bidi import to_logical


@pytest.mark.parametrize(
    ("visual", "logical"),
    [
        ("plain English (2024) stays", "plain English (2024) stays"),
        ("ملاس", "سالم"),
        ("ایند ملاس", "سالم دنیا"),
        ("۶۵ غلبم", "مبلغ ۶۵"),
        ("۲۰۲۴/۰۶/۱۲ خیرات", "تاریخ ۲۰۲۴/۰۶/۱۲"),
        ("دنز ب help@shop.example هب", "به help@shop.example ب زند"),
        ("XR-200 لدم", "مدل XR-200"),
        (")زور( رازاب", "بازار (روز)"),
        ("(زور) رازاب", "بازار (روز)"),
        ("The word هژاو means word", "The word واژه means word"),
        ("\ufe94\ufee4\ufee0\ufedb", "كلمة"),
    ],
)
def test_a_line_as_seen_becomes_the_line_as_read(visual: str, logical: str) -> None:
    assert to_logical(visual) == logical
