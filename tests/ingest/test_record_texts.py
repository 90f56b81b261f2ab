from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.ingest.record_texts import excerpt, read_foreign, read_own, tidy


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<p>Strong &amp; <b>dark</b>.</p><ul><li>Loose</li></ul>", "Strong & dark.\n- Loose"),
        ("<h2>Care</h2><p>Dry it.<br>Then oil it.</p>", "Care\nDry it.\nThen oil it."),
        ("R&amp;B&nbsp;&#1606;", "R&B ن"),
        ("<p>بله</p><script>steal()</script><p style='display:none'>x</p>", "بله"),
        ("5 < 10 and 7 > 3", "5 < 10 and 7 > 3"),
        ("AT&T; x", "AT&T; x"),
        ("<p># 1</p>", "# 1"),
        ("'=SUM(A1)", "=SUM(A1)"),
        ("'quoted'", "'quoted'"),
        ("\ufeff a\x00\u202eb\r\n", "ab"),
    ],
)
def test_a_cell_of_another_program_becomes_text(cell: str, text: str) -> None:
    assert read_foreign(cell) == text


def test_html_that_nothing_reads_is_said_to_be_so() -> None:
    assert read_foreign("<p " + "a=1 " * 6000 + ">") is None


def test_a_cell_of_our_own_keeps_what_looks_like_html() -> None:
    assert read_own("write <br> &amp; go") == "write <br> &amp; go"
    assert read_own("'+90 5") == "+90 5"


@given(st.text())
def test_tidying_twice_is_tidying_once(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)


@given(st.text(alphabet="<>/pbr&;a #\n-", max_size=40))
def test_any_text_is_read(text: str) -> None:
    assert isinstance(read_foreign(text) or "", str)


def test_an_excerpt_is_short_and_on_one_line() -> None:
    assert excerpt("a\n b") == "“a b”"
    assert excerpt("x" * 100) == f"“{'x' * 40}…”"
