"""Hostile and broken workbooks, made by code."""

from __future__ import annotations

from collections.abc import Iterator

from hostile.packing import (
    LAUGHS,
    SHEET,
    Case,
    archive,
    cell,
    macros,
    repack,
    shared,
    sheet,
    xlsx_bytes,
)
from openpyxl.utils import get_column_letter


def many_cells() -> bytes:
    row = "".join(f'<c r="{chr(65 + n)}{{0}}"><v>{{0}}{n}</v></c>' for n in range(10))
    return sheet("".join(f'<row r="{n}">{row.format(n)}</row>' for n in range(1, 50_002)))


def hidden_sheets() -> bytes:
    book = repack(xlsx_bytes([["SECRET", "SECRET"], ["SECRET", 1]]), {})
    return repack(
        book,
        {"xl/workbook.xml": lambda old: old.replace(b'state="visible"', b'state="veryHidden"')},
    )


def hidden_columns() -> bytes:
    rows = f'<row r="1">{cell("A1", "Item")}{cell("B1", "SECRET")}{cell("C1", "Price")}</row>'
    rows += f'<row r="2">{cell("A2", "Pot")}{cell("B2", "SECRET")}{cell("C2", "90")}</row>'
    rows += f'<row r="3" hidden="1">{cell("A3", "SECRET")}{cell("C3", "SECRET")}</row>'
    return sheet(rows, '<cols><col min="2" max="2" hidden="1"/></cols>')


def repeated_string() -> bytes:
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 10_001))
    return sheet(rows, strings=shared("".join(map(str, range(180_000)))))


def diagonal() -> bytes:
    """Fill 4,000 cells, each alone in its row and its column, within 16 million."""
    return sheet(
        "".join(
            f'<row r="{n}">{cell(f"A{n}", "x")}{cell(f"{get_column_letter(n)}{n}", "y")}</row>'
            for n in range(2, 4000)
        )
    )


def sheet_cases() -> Iterator[Case]:
    bad = "extraction_failed"
    one = f'<row r="1">{cell("A1", "Only cell")}</row>'
    claims = '<dimension ref="A1:XFD1048576"/>'
    yield "xlsx-claims-2^34-cells", "read", lambda: sheet(one, claims), "Only cell", ""
    last = f'{one}<row r="1048576">{cell("XFD1048576", "Last cell")}</row>'
    yield "xlsx-last-cell", "read", lambda: sheet(last, claims), "Last cell", ""
    yield (
        "xlsx-million-empty-rows",
        "read",
        lambda: sheet(one + "".join(f'<row r="{n}"/>' for n in range(2, 1_000_001))),
        "Only cell",
        "",
    )
    yield (
        "xlsx-million-hidden-rows",
        f"read {bad}",
        lambda: sheet(
            one + "".join(f'<row r="{n}" hidden="1" ht="9"/>' for n in range(2, 1_000_000))
        ),
        "",
        "",
    )
    yield (
        "xlsx-cell-of-9-MB",
        "read",
        lambda: sheet(
            f'<row r="1">{cell("A1", "".join(map(str, range(1_500_000)))[:9_000_000])}</row>'
        ),
        "0123456789",
        "",
    )
    yield "xlsx-500010-cells", "file_too_large", many_cells, "", ""
    yield "xlsx-repeated-string", "file_too_large", repeated_string, "", ""
    yield (
        "xlsx-string-of-no-number",
        bad,
        lambda: sheet('<row r="1"><c r="A1" t="s"><v>999999999</v></c></row>'),
        "",
        "",
    )
    yield (
        "xlsx-style-of-no-number",
        bad,
        lambda: sheet('<row r="1"><c r="A1" s="999999"><v>1</v></c></row>'),
        "",
        "",
    )
    entity = LAUGHS.replace("x [", "sst [")
    yield "xlsx-entity-bomb", bad, lambda: sheet(one, strings=shared("&i;", entity)), "", ""
    yield (
        "xlsx-impossible-places",
        "read",
        lambda: sheet(f'<row r="1">{cell("ZZZZZZ0", "OUT")}{cell("A-5", "y")}</row>'),
        "y",
        "OUT",
    )
    yield (
        "xlsx-place-of-no-column",
        bad,
        lambda: sheet(f'<row r="1">{cell("../1", "x")}</row>'),
        "",
        "",
    )
    yield (
        "xlsx-formula-without-value",
        "no_text",
        lambda: sheet('<row r="1"><c r="A1"><f>WEBSERVICE("http://127.0.0.1:9/")</f></c></row>'),
        "",
        "WEBSERVICE",
    )
    yield "xlsx-hidden-sheets", "no_text", hidden_sheets, "", "SECRET"
    yield "xlsx-hidden-columns", "read", hidden_columns, "| Pot | 90 |", "SECRET"
    yield (
        "xlsx-impossible-numbers",
        "read",
        lambda: sheet(
            '<row r="1"><c r="A1"><v>1E999</v></c><c r="B1"><v>-1E999</v></c>'
            f'<c r="C1"><v>{"9" * 400}</v></c>{cell("D1", "end")}</row>'
        ),
        "end",
        "",
    )
    yield "xlsx-diagonal", "file_too_large", diagonal, "", ""
    yield (
        "xlsx-columns-to-10^9",
        "read",
        lambda: sheet(one, '<cols><col min="2" max="1000000000" hidden="1"/></cols>'),
        "Only cell",
        "",
    )
    yield "xlsx-truncated", bad, lambda: xlsx_bytes()[:-2000], "", ""
    yield (
        "xlsx-cut-sheet",
        bad,
        lambda: repack(xlsx_bytes(), {SHEET: lambda old: old[: len(old) // 2]}),
        "",
        "",
    )
    yield (
        "xlsx-macros",
        "unsupported_file_type",
        lambda: macros(
            xlsx_bytes(),
            b"openxmlformats-officedocument.spreadsheetml.sheet.main",
            b"ms-excel.sheet.macroEnabled.main",
        ),
        "",
        "",
    )
    yield (
        "xlsx-200000-merges",
        f"read {bad}",
        lambda: repack(
            sheet(one),
            {
                SHEET: lambda old: old.replace(
                    b"</worksheet>",
                    b"<mergeCells>%s</mergeCells></worksheet>"
                    % b"".join(b'<mergeCell ref="A%d:B%d"/>' % (n, n) for n in range(1, 200_001)),
                )
            },
        ),
        "",
        "",
    )
    yield (
        "archive-of-nothing.docx",
        "extraction_failed unsupported_file_type",
        lambda: b"PK\x05\x06" + bytes(18),
        "",
        "",
    )
    yield (
        "archive-of-texts.docx",
        "unsupported_file_type",
        lambda: repack(archive({"a.txt": b"text"}), {}),
        "",
        "",
    )
