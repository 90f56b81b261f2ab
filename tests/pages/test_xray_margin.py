"""The X-ray says which safety margin a prompt was made with."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def draw(factor: float, origin: str, calls: int) -> None:
    from leanrag.token_margin import TokenMargin
    from pages._xray import _draw_margin

    _draw_margin(TokenMargin(factor, origin, calls), 1500)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("margin", "said"),
    [
        ((1.0, "exact", 0), "Safety margin: none."),
        ((1.25, "assumed", 0), "Safety margin ×1.25, assumed until the provider has reported"),
        ((1.25, "assumed", 0), "1,200 tokens at most are counted here"),
        ((1.6223, "learned", 50), "Safety margin ×1.62, learned from the provider's own counts"),
        ((1.6223, "learned", 50), "(50 calls): 924 tokens at most"),
    ],
)
def test_the_margin_is_told_with_where_it_comes_from(
    margin: tuple[float, str, int], said: str
) -> None:
    page = AppTest.from_function(draw, args=margin).run()
    assert not page.exception
    assert said in page.caption[0].value
