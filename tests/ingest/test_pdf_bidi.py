from __future__ import annotations

import pytest

from leanrag.ingest.pdf_bidi import to_logical, turn_stop


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
        ("طقف )زور", "روز) فقط"),
        ("زور( طقف", "فقط (روز"),
        (")زور ۲( طقف", "فقط (۲ روز)"),
        ("[زور ۲] طقف", "فقط [۲ روز]"),
        (".)FB درک(", "(کرد FB)."),
        ("دودح Wh 500 لدم", "مدل 500 Wh حدود"),
        ("دودح Wh  500 لدم", "مدل 500 Wh حدود"),
        ("دودح XR 200 لدم", "مدل XR 200 حدود"),
        ("و Visa، Mastercard تراک", "کارت Visa، Mastercard و"),
        ("the word دوش\u200cیم means becomes", "the word می\u200cشود means becomes"),
        (".تسا ) زور ( طقف", "فقط (روز) است."),
    ],
)
def test_a_line_as_seen_becomes_the_line_as_read(visual: str, logical: str) -> None:
    assert to_logical(visual) == logical


@pytest.mark.parametrize(
    ("visual", "read"),
    [(".17:00", "17:00."), ("17:00", "17:00"), ("...", "..."), ("", ""), ("،2 ,1", "2 ,1،")],
)
def test_a_number_alone_on_a_line_keeps_its_full_stop_behind_it(visual: str, read: str) -> None:
    assert turn_stop(visual) == read
