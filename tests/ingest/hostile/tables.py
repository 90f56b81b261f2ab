"""Hostile and broken CSV files, uploaded as documents, made by code."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator

Case = tuple[str, str, Callable[[], bytes], str, str]  # name, outcomes, build, holds, hides

HEAD = b"Item,Price\nPot,90\n"


def wide_table() -> bytes:
    """Fill 500 columns of 1,000 rows: as many cells as are taken."""
    header = ",".join(f"h{n}" for n in range(500))
    return "\n".join([header, *[",".join(map(str, range(500)))] * 999]).encode()


def many_letters() -> bytes:
    """Write nearly 10 million Persian letters, six bytes each in the JSON that comes out."""
    row = f"{'قابلمهٔ مسی ' * 40},۹۰\n"
    return ("کالا,قیمت\n" + row * (9_700_000 // len(row))).encode()


def table_cases() -> Iterator[Case]:
    large = "file_too_large"
    refused = "unsupported_file_type extraction_failed"
    yield "csv-cell-of-10-MB.csv", large, lambda: HEAD + b"x" * 10_000_000 + b",1\n", "", ""
    yield "csv-open-quote.csv", large, lambda: HEAD + b'"Pan,1\n' + b"Cup,2\n" * 99_999, "", ""
    yield "csv-first-cell-of-10-MB.csv", "read", lambda: b"word " * 2_000_000 + b",b\n", "word", ""
    yield "csv-million-rows.csv", large, lambda: HEAD + b"Pan,1\n" * 1_000_000, "", ""
    yield "csv-million-lines.csv", large, lambda: HEAD + b"\n" * 1_100_000, "", ""
    yield "csv-million-empty-rows.csv", "read", lambda: HEAD + b",\n" * 1_000_000, "Pot", ""
    yield "csv-249999-rows.tsv", "read", lambda: HEAD + b"Pan,1\n" * 249_997, "Pan", ""
    yield "csv-half-a-million-cells.csv", "read", wide_table, "h499: 499", ""
    yield "csv-501-columns.csv", large, lambda: HEAD + b"," * 500 + b"x\n", "", ""
    yield "csv-line-of-commas.csv", large, lambda: HEAD + b"," * 20_000_000, "", ""
    yield "csv-quotes.csv", "read", lambda: HEAD + b'""""""""""""\n' * 50_000, '"""""', ""
    yield "csv-ragged.csv", "read", lambda: HEAD + b"1,2,3,4\n5\n,,,,6\n7,8", "6", ""
    yield "csv-title-above.csv", "read", lambda: b"Spring\n\n" + HEAD, "| Pot | 90 |", ""
    yield "csv-10-million-letters.csv", "read", many_letters, "قابلمه", ""
    yield "csv-formulas.csv", "read", lambda: HEAD + b"=cmd|' /C calc'!A0,1\n", "=cmd", ""
    yield "csv-markdown.csv", "read", lambda: HEAD + b"# top | `x`,```\n", "# top", ""
    yield "csv-declared-quote.csv", f"read {refused} {large}", lambda: b'sep="\na"b\n1"2\n', "", ""
    yield "csv-nul.csv", "unsupported_file_type", lambda: HEAD + b"a\0b,1\n", "", ""
    yield (
        "csv-nul-in-utf-16.csv",
        "unsupported_file_type",
        lambda: "Item,Price\nPo\0t,90\n".encode("utf-16"),
        "",
        "",
    )
    yield "csv-two-marks.csv", "read", lambda: codecs.BOM_UTF8 * 2 + HEAD, "| Pot", "\ufeff"
    yield "csv-mark-alone.csv", "empty_file", lambda: codecs.BOM_UTF8, "", ""
    yield "csv-bidi.csv", "read", lambda: HEAD + "Pa\u202en,\u20661\n".encode(), "Pan", "\u202e"
    yield (
        "csv-lone-surrogates.csv",
        "read",
        lambda: HEAD + b"Cup,1\n" * 50 + b"\xed\xa0\x80end,1\n",
        "end",
        "\ud800",
    )
    yield "csv-cp1256.csv", "read", lambda: "السعر;النوع\nمئة;قدر\n".encode("cp1256"), "السعر", ""
    yield "csv-carriage-returns.csv", "read", lambda: HEAD.replace(b"\n", b"\r"), "| Pot", ""
    yield "csv-prose.csv", "read", lambda: b"Dear all, hello.\nOne, two, three.\n", "Dear all,", ""
    yield "csv-program.csv", refused, lambda: b"MZ\x90\0" + bytes(range(256)) * 8, "", ""
    yield "csv-empty-cells.csv", "no_text read", lambda: b",,,\n" * 1000, "", ""
    yield "../../etc/passwd.csv", "read", lambda: HEAD, "| Pot", ""
