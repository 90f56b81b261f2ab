"""Hostile and broken web pages, subtitles and plain texts, made by code."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Callable, Iterator

Case = tuple[str, str, Callable[[], bytes], str, str]  # name, outcomes, build, holds, hides


def page(body: str, head: str = "", encoding: str = "utf-8") -> bytes:
    return f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>".encode(encoding)


def unseen() -> bytes:
    hidden = (
        "<p hidden>SECRET</p>",
        '<p style="display: none">SECRET</p>',
        '<p style="visibility:hidden">SECRET</p>',
        '<p style="font-size:0px">SECRET</p>',
        '<div aria-hidden="true"><p>SECRET</p></div>',
        "<template>SECRET</template><noscript>SECRET</noscript><style>SECRET</style>",
        "<script>SECRET</script><script type=text/plain>SECRET</script><!-- SECRET -->",
        "<textarea>SECRET</textarea><select><option>SECRET</select><button>SECRET</button>",
        "<svg><text>SECRET</text></svg><iframe srcdoc='SECRET'>SECRET</iframe>",
    )
    return page("<p>Seen before.</p>" + "tail ".join(hidden) + "<p>Seen after.</p>")


def wide_table() -> bytes:
    wide = "<tr>" + "<td>x" * 100_000 + "</tr>"
    return page(f"<p>Above.</p><table>{wide}{'<tr><td>a<td>b' * 20_000}</table>")


def page_cases() -> Iterator[Case]:
    yield "html-unseen", "read", unseen, "Seen after.", "SECRET"
    yield (
        "html-100000-nested-divs",
        "read extraction_failed",
        lambda: page("<p>Top.</p>" + "<div>" * 100_000 + "deep"),
        "",
        "",
    )
    yield (
        "html-100000-nested-lists",
        "read extraction_failed",
        lambda: page("<p>Top.</p>" + "<ul><li>x" * 100_000),
        "",
        "",
    )
    yield (
        "html-100000-nested-tables",
        "read extraction_failed",
        lambda: page("<p>Top.</p>" + "<table><tr><td>" * 100_000),
        "",
        "",
    )
    yield (
        "html-100000-nested-bold",
        "read extraction_failed",
        lambda: page("<p>Top.</p>" + "<b>" * 100_000 + "deep"),
        "",
        "",
    )
    yield (
        "html-huge-attribute",
        "read extraction_failed",
        lambda: page(f'<p title="{"x" * 9_000_000}">Text.</p>'),
        "",
        "",
    )
    yield (
        "html-300000-attributes",
        "extraction_failed",
        lambda: page(f"<p {' '.join(f'a{n}=1' for n in range(300_000))}>Text.</p>"),
        "Text.",
        "",
    )
    yield (
        "html-picture-in-the-page",
        "read",
        lambda: page(
            f'<p>Text.</p><img src="data:;base64,{base64.b64encode(bytes(3_000_000)).decode()}">'
        ),
        "Text.",
        "AAAA",
    )
    yield "html-nul", "unsupported_file_type", lambda: page("<p>a\0b</p>"), "", ""
    yield "html-open-comment", "no_text", lambda: page("<!-- <p>Never closed."), "", ""
    yield (
        "html-surrogate-references",
        "read",
        lambda: page("<p>a&#xD800;b &#0; &#x110000; c</p>"),
        "c",
        "\ud800",
    )
    yield (
        "html-declares-utf-16",
        "read",
        lambda: page("<p>Plain.</p>", "<meta charset=utf-16>"),
        "Plain.",
        "",
    )
    yield (
        "html-declares-utf-7",
        "read",
        lambda: page("<p>caf\xe9 +ADw-script+AD4-</p>", "<meta charset=utf-7>", "latin-1"),
        "café +ADw-script",
        "<script",
    )
    yield (
        "html-declares-nothing-known",
        "read",
        lambda: page("<p>İade ve değişim koşulları</p>", "<meta charset=x-none>", "cp1254"),
        "değişim",
        "",
    )
    yield (
        "html-declares-a-codec-of-bytes",
        "read",
        lambda: page("<p>caf\xe9</p>", "<meta charset=zlib>", "latin-1"),
        "café",
        "",
    )
    yield (
        "html-utf-16",
        "read",
        lambda: codecs.BOM_UTF16_LE + page("<p>راهنمای فروشگاه</p>", "", "utf-16-le"),
        "راهنمای فروشگاه",
        "",
    )
    laughs = '<!DOCTYPE html [<!ENTITY a "SECRET"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
    yield (
        "html-entities",
        "read",
        lambda: f"{laughs}<html><body><p>Text &a; &b;</p></body></html>".encode(),
        "Text",
        "root:",
    )
    yield "html-table-100000-wide", "read", wide_table, "Above.", ""
    yield (
        "html-spans-of-10^9",
        "read",
        lambda: page(
            "<table><tr><td colspan=1000000000 rowspan=1000000000>left<td>right</tr>"
            + "<tr><td>a<td>b</tr>" * 2000
            + "</table>"
        ),
        "left",
        "",
    )
    yield "html-500000-line-breaks", "read", lambda: page("Text" + "<br>x" * 500_000), "Text", ""
    yield (
        "html-100000-links",
        "read",
        lambda: page(
            "<nav>" + '<a href="/x">Menu</a>' * 100_000 + "</nav><p>Main text of this page.</p>"
        ),
        "Main text",
        "",
    )
    yield "html-rtl-override", "read", lambda: page("<p>safe \u202efdp.exe</p>"), "safe", "\u202e"
    yield (
        "html-marks-of-markdown",
        "read",
        lambda: page("<p># no heading</p><p>```</p><p>text<br>---</p><p>Last.</p>"),
        "\\# no heading",
        "",
    )
    yield "html-frames-alone", "no_text", lambda: page("<frameset><frame src=a></frameset>"), "", ""
    yield "html-open-tags", "read", lambda: b"<html><p>Text <" + b"a" * 1_000_000, "Text", ""
    yield "html-20000-comments.html", "no_text", lambda: b"<!-- x -->" * 20_000 + b"<p></p>", "", ""
    yield "html-named.txt", "read", lambda: page("<p>Told by its bytes.</p>"), "Told by", "<p>"
