"""What a page says: its main text in four languages, its head, its links, its encoding."""

from __future__ import annotations

import pytest

from leanrag.crawl.page_html import MAX_LINKS, read_html
from leanrag.ingest.extracted import ExtractedDocument, ExtractedPage
from leanrag.ingest.structure import read_blocks

URL = "http://shop.example/help/page"
PAGE = """<!DOCTYPE html>
<html lang="{lang}"{direction}><head><meta charset="utf-8"><title>{title} | Shop</title>
<style>p {{ color: red }}</style></head><body>
<header><nav><ul><li><a href="/">Menu one</a></li>
<li><a href="/b">Menu two</a></li></ul></nav></header>
<main><article><h1>{title}</h1><p>{intro}</p>
<h2>{heading}</h2><p>{paragraph}</p>
<ul><li>{item_one}</li><li>{item_two}</li></ul>
<table><thead><tr><th>{column}</th><th>#</th></tr></thead>
<tbody><tr><td>{item_one}</td><td>40</td></tr><tr><td>{item_two}</td><td>60</td></tr></tbody></table>
<script>alert("never shown")</script></article></main>
<footer>Copyright never shown</footer></body></html>"""
WORDS = {
    "fa": {
        "title": "شرایط ارسال سفارش‌ها",
        "intro": "سفارش‌ها ظرف دو روز کاری ارسال می‌شوند و کد رهگیری با پیامک فرستاده می‌شود.",
        "heading": "هزینه‌های ارسال",
        "paragraph": "هزینهٔ ارسال برای خریدهای بالای ۵۰۰ هزار تومان رایگان است، نشانی را بنویسید.",
        "item_one": "پست پیشتاز تهران",
        "item_two": "تیپاکس شهرستان‌ها",
        "column": "شیوه",
    },
    "ar": {
        "title": "شروط الشحن والتوصيل",
        "intro": "تُشحن الطلبات خلال يومي عمل، ويصل رقم التتبّع برسالة نصيّة إلى هاتفك.",
        "heading": "تكاليف الشحن",
        "paragraph": "الشحن مجاني للطلبات التي تزيد قيمتها على ٢٠٠ ريال، ولا حاجة إلى رمز خصم.",
        "item_one": "شحن عادي داخل الرياض",
        "item_two": "شحن سريع لبقية المدن",
        "column": "الطريقة",
    },
    "tr": {
        "title": "Kargo ve teslimat koşulları",
        "intro": "Siparişler iki iş günü içinde kargoya verilir; takip numarası SMS ile gelir.",
        "heading": "Kargo ücretleri",
        "paragraph": "500 TL üzerindeki alışverişlerde kargo ücretsizdir, İstanbul dâhil.",
        "item_one": "Standart kargo, şehir içi",
        "item_two": "Hızlı kargo, şehir dışı",
        "column": "Yöntem",
    },
    "en": {
        "title": "Delivery and its conditions",
        "intro": "Orders leave our warehouse within two working days; a message has the number.",
        "heading": "What delivery costs",
        "paragraph": "Delivery is free above fifty pounds; nothing has to be entered at the till.",
        "item_one": "Standard, within the city",
        "item_two": "Express, everywhere else",
        "column": "Method",
    },
}


def html_of(lang: str) -> str:
    direction = ' dir="rtl"' if lang in {"fa", "ar"} else ""
    return PAGE.format(lang=f"{lang}-XX", direction=direction, **WORDS[lang])


@pytest.mark.parametrize("lang", sorted(WORDS))
def test_the_main_text_is_read_letter_by_letter_in_each_language(lang: str) -> None:
    words = WORDS[lang]
    content = read_html(html_of(lang).encode(), URL)
    assert content.text.split("\n\n") == [
        f"# {words['title']}",
        words["intro"],
        f"## {words['heading']}",
        words["paragraph"],
        f"- {words['item_one']}\n- {words['item_two']}",
        f"| {words['column']} | # |\n| --- | --- |\n"
        f"| {words['item_one']} | 40 |\n| {words['item_two']} | 60 |",
    ]
    assert content.title == words["title"]
    assert content.language == lang


@pytest.mark.parametrize("lang", sorted(WORDS))
def test_the_text_is_cut_by_its_headings(lang: str) -> None:
    words = WORDS[lang]
    text = read_html(html_of(lang).encode(), URL).text
    blocks = read_blocks(ExtractedDocument("", (ExtractedPage(None, text),)))
    path = f"{words['title']} > {words['heading']}"
    assert [(block.kind, block.heading) for block in blocks] == [
        ("paragraph", words["title"]),
        ("paragraph", path),
        ("item", path),
        ("item", path),
        ("table", path),
    ]


@pytest.mark.parametrize(
    ("lang", "encoding"),
    [
        ("fa", "utf-16"),
        ("fa", "utf-8-sig"),
        ("ar", "cp1256"),
        ("tr", "cp1254"),
        ("tr", "iso8859-9"),
    ],
)
def test_encodings_are_told_by_header_page_or_letters(lang: str, encoding: str) -> None:
    # What a code page lacks is written as an entity, as the programs of its time did.
    source = html_of(lang).replace('<meta charset="utf-8">', "")
    body = source.encode(encoding, errors="xmlcharrefreplace")
    assert WORDS[lang]["paragraph"] in read_html(body, URL).text
    if not encoding.startswith("utf"):
        assert WORDS[lang]["paragraph"] in read_html(body, URL, charset=encoding).text
        declared = source.replace("<head>", f'<head><meta charset="{encoding}">')
        body = declared.encode(encoding, errors="xmlcharrefreplace")
        assert WORDS[lang]["paragraph"] in read_html(body, URL, charset="utf-8").text


def test_an_unknown_charset_of_the_header_is_passed_over() -> None:
    content = read_html(html_of("fa").encode(), URL, charset="x-klingon")
    assert WORDS["fa"]["intro"] in content.text


def test_zero_width_joiners_survive_in_what_is_shown() -> None:
    html = "<p>می&zwnj;خواهم کتاب&#8204;ها را بخوانم و خانواده 👨‍👩‍👧 را ببینم، همین امروز.</p>" * 2
    text = read_html(html.encode(), URL).text
    assert "می\u200cخواهم کتاب\u200cها" in text
    assert "👨\u200d👩\u200d👧" in text


def test_scripts_styles_and_controls_are_never_text() -> None:
    html = (
        "<html><body><main><h1>Visible\x00</h1><p>The text of the page\u202e stands here alone.</p>"
        "<script>steal()</script><style>x{}</style><noscript>no</noscript><template>t</template>"
        "<p onclick='steal()'>And a second paragraph follows it.</p><svg><text>s</text></svg>"
        "<!-- comment --><iframe src='http://evil.example'>frame</iframe></main></body></html>"
    )
    assert read_html(html.encode(), URL).text == (
        "# Visible\n\nThe text of the page stands here alone.\n\nAnd a second paragraph follows it."
    )


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        ("<title>Prices - The Shop</title>", "<h1>Prices</h1>", "Prices"),
        ("<title>Prices and more</title>", "<h1>Welcome</h1>", "Prices and more"),
        ("", "<h1>Only a\n heading</h1>", "Only a heading"),
        ('<meta property="og:title" content="Shared">', "", "Shared"),
        ("<title>A-one cables</title>", "<h1>A-one cables</h1>", "A-one cables"),
        ("", "", ""),
    ],
)
def test_the_title_is_the_pages_own(head: str, body: str, title: str) -> None:
    html = f"<html><head>{head}</head><body>{body}<p>Some text.</p></body></html>"
    assert read_html(html.encode(), URL).title == title


def test_links_are_absolute_and_once_each_and_nofollow_is_kept() -> None:
    html = """<html><head><base href="/base/"></head><body>
        <a href="a">1</a><a href="a#part">1 again</a><a href="../b?utm_source=x">2</a>
        <a href="c" rel="external NoFollow">no</a><a href="mailto:x@y.z">no</a><a>no</a>
        <a href="javascript:void(0)">no</a><map><area href="//other.example/d"></map>
        <a href="http://user:pw@shop.example/">no</a></body></html>"""
    assert read_html(html.encode(), URL).links == (
        "http://shop.example/base/a",
        "http://shop.example/b",
        "http://other.example/d",
    )


def test_the_number_of_links_is_bounded() -> None:
    html = "".join(f"<a href='/{n}'>{n}</a>" for n in range(3 * MAX_LINKS))
    assert len(read_html(html.encode(), URL).links) == MAX_LINKS


def test_the_canonical_address_is_absolute_and_may_be_broken() -> None:
    html = "<html><head><link rel='canonical' href='{}'></head><body><p>Text.</p></body></html>"
    assert read_html(html.format("/x?b=1#y").encode(), URL).canonical == "http://shop.example/x?b=1"
    assert read_html(html.format("http://[").encode(), URL).canonical == ""
    assert read_html(b"<p>Text.</p>", URL).canonical == ""


def test_a_page_that_sends_its_visitors_on_calls_their_goal_its_own() -> None:
    html = "<html><head><meta http-equiv='{}' content='{}'></head><body>Moved.</body></html>"
    for equivalent, value, canonical in [
        ("refresh", "0; URL=../new", "http://shop.example/new"),
        ("Refresh", '0;url="/new"', "http://shop.example/new"),
        ("refresh", "300; url=/new", ""),
        ("refresh", "30", ""),
    ]:
        content = read_html(html.format(equivalent, value).encode(), URL)
        assert content.canonical == canonical


@pytest.mark.parametrize("body", [b"", b"   \n", b"\x00\x00", "\ufeff".encode()])
def test_an_empty_page_has_nothing_to_say(body: bytes) -> None:
    content = read_html(body, URL)
    assert (content.text, content.links) == ("", ())


def test_a_page_that_names_no_main_part_is_read_with_its_structure() -> None:
    menu = "".join(f"<li><a href='/{n}'>Menu entry {n}</a></li>" for n in range(20))
    html = (
        f"<html><body><div class='menu'><ul>{menu}</ul></div><nav>Home</nav><h1>Opening</h1>"
        "<p>Open <b>daily</b> from 9 to 5; write to my_shop@shop.example or *call*.</p>"
        "<h2>On holidays</h2><ul><li>closed on Sundays</li><li>1. May: closed</li></ul>"
        "<p>2. That was [all] of it.</p><footer>Imprint</footer></body></html>"
    )
    assert read_html(html.encode(), URL).text == (
        "# Opening\n\nOpen daily from 9 to 5; write to my_shop@shop.example or *call*.\n\n"
        "## On holidays\n\n- closed on Sundays\n- 1. May: closed\n\n2. That was [all] of it."
    )


def test_text_in_mere_blocks_is_read() -> None:
    html = "<div><div>Just some words.</div><br>Open <b>daily</b> from 9 to 5.</div>"
    assert read_html(html.encode(), URL).text == "Just some words.\n\nOpen daily from 9 to 5."


def test_code_and_backslashes_stay_as_they_are() -> None:
    html = "<main><h1>Set up</h1><p>Run this command first:</p><pre><code>a\\_b = *c*\n# d"
    html += "</code></pre><p>Files are at C:\\_data, they say.</p></main>"
    text = read_html(html.encode(), URL).text
    assert "```\na\\_b = *c*\n# d\n```" in text
    assert "C:\\_data" in text
