from __future__ import annotations

from collections.abc import Sequence

import pytest

from leanrag.ingest.pdf_layout import write_pages
from leanrag.ingest.pdf_lines import Line


def paragraph(lines: Sequence[str]) -> str:
    """Lay lines of full width below each other and return the text of their page."""
    column = [
        Line(text, 50.0, 500.0, 700.0 - 14 * place, 10.0, 400, False)
        for place, text in enumerate(lines)
    ]
    [page] = write_pages([[column]])
    return page


@pytest.mark.parametrize(
    ("lines", "whole"),
    [
        (["It goes into a dish-", "washer at once"], "It goes into a dishwasher at once"),
        (["Its number (it begins with FB-", "and a space)"], "with FB- and"),
        (["write to service@lantern-", "bikes.example today"], "service@lantern-bikes.example"),
        (["see https://lantern-", "bikes.example/shop"], "https://lantern-bikes.example/shop"),
        (["Write to help@shop.example.", "We answer"], "help@shop.example. We answer"),
        (["half charged (40–", "60) for a month"], "(40–60) for"),
        (["the code E-", "17 is shown"], "code E-17 is"),
        (["by e-", "mail only"], "by e-mail only"),
        (["the shop (", "closed on Mondays)"], "shop (closed"),
        (["از نشانی -https://fanous", "bike.example/a یا"], "https://fanous-bike.example/a یا"),
        (["به .service@fanous", "example بفرستید"], "service@fanous.example بفرستید"),
        (["اگر صفحه (-TW", "107) را نشان داد"], "(TW-107) را"),
        (["نشان داد -E", "و خاموش"], "نشان داد -E و خاموش"),
    ],
)
def test_what_the_end_of_a_line_broke_is_mended(lines: list[str], whole: str) -> None:
    assert whole in paragraph(lines)


def test_items_begin_lines_with_or_without_a_space_behind_their_bullet() -> None:
    assert (
        paragraph(["•ارسال عادی", "•ارسال سریع", "• تحویل"]) == "•ارسال عادی\n•ارسال سریع\n• تحویل"
    )


def test_a_numbered_item_after_a_full_sentence_begins_a_line() -> None:
    assert paragraph(["Do this first:", "1) open it", "2) close it"]).count("\n") == 2


def test_a_long_paragraph_is_joined_in_time_that_grows_with_its_length() -> None:
    lines = [f"line {number} goes on and on without an end" for number in range(20_000)]
    assert paragraph(lines).endswith("line 19999 goes on and on without an end")
