"""Hostile and broken subtitles and plain texts, made by code."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator

Case = tuple[str, str, Callable[[], bytes], str, str]  # name, outcomes, build, holds, hides


def cue(number: int, begin: str, end: str, text: str) -> str:
    return f"{number}\n{begin} --> {end}\n{text}\n\n"


def many_cues() -> bytes:
    return "".join(
        cue(n, f"{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02},000", "99:59:59,999", f"Word {n}.")
        for n in range(1, 200_001)
    ).encode()


def subtitle_cases() -> Iterator[Case]:
    one, two = "00:00:01,000", "00:00:09,000"
    yield (
        "srt-overlapping",
        "read",
        lambda: (
            cue(1, two, "00:00:30,000", "Second.") + cue(2, one, "00:01:00,000", "First.")
        ).encode(),
        "First. Second.",
        "",
    )
    yield (
        "srt-negative",
        "read",
        lambda: (cue(1, "-00:00:05,000", one, "Early.") + cue(2, one, two, "Later.")).encode(),
        "Early. Later.",
        "",
    )
    yield (
        "srt-100-hours",
        "read",
        lambda: cue(1, "100:00:00,000", "100:00:02,000", "After four days.").encode(),
        "100:00:00",
        "",
    )
    yield (
        "srt-ends-before-it-begins",
        "read",
        lambda: cue(1, two, one, "Backwards.").encode(),
        ("Backwards."),
        "",
    )
    yield (
        "srt-impossible-times",
        "read",
        lambda: cue(1, "00:99:99,9", "00:99:99,9", "Odd.").encode(),
        "Odd.",
        "",
    )
    yield "srt-times-without-text", "no_text", lambda: cue(1, one, two, "").encode() * 50, "", ""
    yield "srt-one-number", "read", lambda: b"1\n", "1", ""
    yield (
        "srt-cut-off",
        "read",
        lambda: cue(1, one, two, "Whole.").encode() + b"2\n00:00:1",
        ("Whole."),
        "",
    )
    yield (
        "srt-arrows",
        "read",
        lambda: (
            cue(1, one, two, "--> " * 50_000 + "<" * 100_000 + "[" * 100_000 + "{\\" * 50_000)
        ).encode(),
        "-->",
        "",
    )
    yield (
        "srt-cue-of-5-MB",
        "read",
        lambda: cue(1, one, two, "word " * 1_000_000).encode(),
        ("word word"),
        "",
    )
    yield "srt-200000-cues", "read", many_cues, "Word 200000.", ""
    yield (
        "srt-million-empty-lines",
        "read",
        lambda: (cue(1, one, two, "One." + "\n" * 1_000_000) + cue(2, one, two, "Two.")).encode(),
        "One.",
        "",
    )
    yield (
        "srt-without-empty-lines",
        "read",
        lambda: (
            f"1\n{one} --> {two}\nFirst.\n2\n00:00:10,000 --> 00:00:12,000\nSecond.\n"
        ).encode(),
        "First. Second.",
        "",
    )
    yield "srt-utf-16", "read", lambda: cue(1, one, two, "سلام دنیا.").encode("utf-16"), "سلام", ""
    yield (
        "srt-cp1254",
        "read",
        lambda: cue(1, one, two, "Değişim ve iade şartları").encode("cp1254"),
        "Değişim",
        "",
    )
    yield "srt-nul", "unsupported_file_type", lambda: cue(1, one, two, "a\0b").encode(), "", ""
    head = "WEBVTT\n\n"
    yield (
        "vtt-markup",
        "read",
        lambda: (
            f"{head}00:01.000 --> 00:04.000\n<script>x</script><img src=x onerror=a()>"
            "<b>Bold</b> &lt;b&gt;"
        ).encode(),
        "Bold <b>",
        "onerror",
    )
    yield (
        "vtt-styles-and-notes",
        "read",
        lambda: (
            f"{head}STYLE\n::cue{{background:url(SECRET)}}\n\nNOTE SECRET\n\n"
            "00:01.000 --> 00:04.000\nSpoken.\n\nNOTE\nSECRET\n"
        ).encode(),
        "Spoken.",
        "SECRET",
    )
    yield "vtt-no-cue", "extraction_failed", lambda: b"WEBVTT\n\nNOTE nothing else", "", ""
    yield (
        "vtt-with-bom.srt",
        "read",
        lambda: codecs.BOM_UTF8 + (f"{head}00:01.000 --> 00:04.000\nTold by its bytes.").encode(),
        "Told by",
        "\ufeff",
    )


# ---- plain text -------------------------------------------------------------------------------


def text_cases() -> Iterator[Case]:
    refused = "unsupported_file_type extraction_failed"
    yield "text-nul", "unsupported_file_type", lambda: b"a\0b", "", ""
    yield (
        "text-lone-surrogates",
        "read",
        lambda: b"Plain words. " * 20 + b"\xed\xa0\x80 end",
        ("end"),
        "\ud800",
    )
    yield "text-two-marks", "read", lambda: codecs.BOM_UTF8 * 2 + b"Words.", "Words.", "\ufeff"
    yield "text-mark-alone", "empty_file", lambda: codecs.BOM_UTF8, "", ""
    yield (
        "text-utf-16-without-mark",
        f"read {refused}",
        lambda: "Words.".encode("utf-16-be"),
        "",
        "",
    )
    yield (
        "text-utf-16-odd-length",
        f"read {refused}",
        lambda: "Words.".encode("utf-16") + b"x",
        "",
        "",
    )
    yield "text-utf-32", f"read {refused}", lambda: "Words.".encode("utf-32"), "", ""
    yield "text-rtl-override.exe", "read", lambda: "safe \u202efdp.exe".encode(), "safe", "\u202e"
    yield "text-line-of-20-MB", "read", lambda: b"word " * 4_000_000, "word", ""
    yield "text-million-marks", "read", lambda: ("a" + "\u0301" * 1_000_000).encode(), "á", ""
    yield (
        "text-noise.docx",
        refused,
        lambda: bytes((n * n * 31) % 255 + 1 for n in range(4096)),
        "",
        "",
    )
    yield "text-heading-of-blanks.md", "read", lambda: b"# x" + b" " * 500_000 + b"y", "y", ""
    yield "text-white", "empty_file", lambda: b" \t\r\n" * 1000, "", ""
    yield "text-rtf.txt", "unsupported_file_type", lambda: b"{\\rtf1 Hello}", "", ""
    yield "nothing.xlsx", "empty_file", lambda: b"", "", ""
    yield (
        "program.docx",
        "unsupported_file_type",
        lambda: b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" + bytes(range(256)) * 8,
        "",
        "",
    )
    yield "feed.html", "unsupported_file_type", lambda: b"<?xml version='1.0'?><rss/>", "", ""
