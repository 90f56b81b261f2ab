from __future__ import annotations

import pytest

from leanrag.errors import NoTextFound
from leanrag.ingest.chunk import cut
from leanrag.ingest.extract import extract
from leanrag.ingest.html_text import read_html
from leanrag.ingest.html_tree import decode_page
from leanrag.ingest.validate import HTML
from leanrag.settings import Settings
from leanrag.text.tokens import TokenCounter

LANGUAGES = {
    "fa": (
        "راهنمای ارسال",
        "هزینهٔ ارسال ۶۵ لیر است؛ برای سفارش بالای هزار لیر رایگان می‌شود.",
        "شهر",
    ),
    "ar": (
        "دليل الشحن",
        "تكلفة الشحن خمس وستون ليرة، وهو مجاني للطلبات التي تزيد على ألف ليرة.",
        "المدينة",
    ),
    "tr": (
        "Kargo rehberi",
        "Kargo ücreti 65 liradır; bin liranın üzerindeki siparişlerde ücretsizdir.",
        "Şehir",
    ),
    "en": (
        "Guide to delivery",
        "Delivery costs 65 lira; it is free for orders above one thousand lira.",
        "City",
    ),
}
MENU = "<nav><ul><li><a href='/'>Home</a></li><li><a href='/a'>Basket</a></li></ul></nav>"
FOOTER = "<footer><p>Copyright, imprint, cookies</p></footer>"


def page(body: str, title: str = "") -> bytes:
    head = f"<meta charset=utf-8><title>{title}</title>"
    return f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>".encode()


def text_of(body: str) -> str:
    return read_html(page(body)).parts[0].text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("is_website", [True, False])
def test_the_main_text_is_read_with_its_structure_in_four_languages(
    language: str, is_website: bool, settings: Settings, counter: TokenCounter
) -> None:
    title, sentence, city = LANGUAGES[language]
    article = (
        f"<article><h1>{title}</h1><p>{sentence}</p><p>{sentence[::-1]}</p><h2>{city}</h2>"
        f"<ul><li>{city} 1</li><li>{city} 2<ul><li>{city} 3</li></ul></li></ul>"
        f"<table><tr><th>{city}</th><th>n</th></tr><tr><td>{city} 4</td><td>2</td></tr></table>"
        f"<p>{sentence} {sentence}</p></article>"
    )
    body = f"{MENU}{article}{FOOTER}" if is_website else article
    document = extract(page(body, f"{title} | Shop"), HTML, settings=settings)
    assert document.title == title
    assert document.pages[0].text == (
        f"# {title}\n\n{sentence}\n\n{sentence[::-1]}\n\n## {city}\n\n- {city} 1\n- {city} 2\n"
        f"    - {city} 3\n\n| {city} | n |\n| --- | --- |\n| {city} 4 | 2 |\n\n"
        f"{sentence} {sentence}"
    )
    chunks = cut(document, kind="website", counter=counter, fallback_title="x")
    assert chunks[-1].heading == city
    assert chunks[0].language == language


def test_an_exported_document_is_read_whole() -> None:
    body = "<h1>Terms</h1>" + "".join(f"<p>Short point {n}.</p>" for n in range(30))
    assert text_of(body).count("Short point") == 30


def test_a_page_that_is_nearly_all_menu_keeps_what_little_it_says() -> None:
    text = text_of(f"{MENU}<p>We are closed on Friday.</p>{FOOTER}")
    assert text == "We are closed on Friday."


def test_scripts_styles_and_hidden_text_are_never_read() -> None:
    hidden = [
        "<script>SECRET</script>",
        "<style>SECRET</style>",
        "<template><p>SECRET</p></template>",
        "<p hidden>SECRET</p>",
        "<p style='color:red; DISPLAY : none'>SECRET</p>",
        "<p style='visibility:hidden'>SECRET</p>",
        "<div aria-hidden=true><p>SECRET</p></div>",
        "<!-- SECRET -->",
        "<select><option>SECRET</option></select>",
    ]
    for place in hidden:
        for frame in ("", MENU):
            text = text_of(f"{frame}<p>Before</p>{place} between <p>After</p>")
            assert text == "Before\n\nbetween\n\nAfter"


def test_rows_and_columns_that_cells_span_stay_in_place() -> None:
    table = (
        "<table><tr><th>City<th colspan=2>Days</tr><tr><td rowspan=2>Ankara<td>1<td>2</tr>"
        "<tr><td>3<td>4|5</tr></table>"
    )
    assert text_of(table).split("\n") == [
        "| City | Days |  |",
        "| --- | --- | --- |",
        "| Ankara | 1 | 2 |",
        r"| Ankara | 3 | 4\|5 |",
    ]


def test_a_table_that_only_arranges_the_page_is_read_as_text() -> None:
    table = "<table><tr><td><h2>Left</h2><p>One.</p></td><td><p>Two.</p></td></tr><tr></tr></table>"
    assert text_of(table) == "## Left\n\nOne.\n\nTwo."


def test_numbered_lists_definitions_code_and_line_breaks_keep_their_form() -> None:
    body = (
        "<ol><li>first</li><li>second<br>line</li></ol><dl><dt>Tin</dt><dd>A metal.</dd></dl>"
        "<pre>if x:\n    y()</pre><p>a<br>b &lt;c&gt; <b>bold</b>word</p>"
    )
    assert text_of(body) == (
        "1. first\n2. second\n   line\n\nTin: A metal.\n\n```\nif x:\n    y()\n```\n\n"
        "a\nb <c> boldword"
    )


def test_what_looks_like_markdown_is_escaped() -> None:
    assert text_of("<p># no heading</p><p>a<br>---<br>b</p>") == "\\# no heading\n\na\nb"


@pytest.mark.parametrize(
    ("text", "encoding", "declared"),
    [
        ("değişim şartları", "cp1254", "windows-1254"),
        ("سياسة الإرجاع", "cp1256", "windows-1256"),
        ("راهنما", "utf-8", "windows-1256"),
        ("İade", "utf-16", "utf-8"),
        ("değişim şartları ve iade koşulları", "cp1254", "x-unknown"),
    ],
)
def test_a_page_is_decoded_as_a_browser_would(text: str, encoding: str, declared: str) -> None:
    data = f"<html><meta charset='{declared}'><p>{text}</p>".encode(encoding)
    assert text in decode_page(data)


@pytest.mark.parametrize("tag", ["div", "ul><li", "b", "blockquote", "table><tr><td"])
def test_nesting_without_end_keeps_what_stands_above_it(tag: str) -> None:
    report = read_html(page("<p>Top.</p>" + f"<{tag}>" * 50_000))
    assert report.parts[0].text.startswith("Top.")


def test_a_page_of_pictures_holds_no_text(settings: Settings) -> None:
    with pytest.raises(NoTextFound, match="web page holds no text"):
        extract(page("<img src=a.png><script>x</script>"), HTML, settings=settings)


def test_code_in_a_page_with_a_menu_keeps_its_lines() -> None:
    code = "for row in rows:\n    print(row)"
    page = (
        "<html><body><nav><a href='/'>Home</a></nav><main><h1>Set up</h1><p>Run this program to"
        " see all the rows of your list, one below the other.</p>"
        f"<pre><code>{code}</code></pre>"
        "<p>It ends by itself as soon as the last of your rows has been printed.</p>"
        "</main></body></html>"
    )
    assert f"```\n{code}\n```" in read_html(page.encode()).parts[0].text
