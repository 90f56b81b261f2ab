"""A workbook → its sheets as tables, rows under their header, as a reader sees them.

Formulas give the values that were saved with them. Hidden sheets, rows and columns are left out:
what a price list hides is not for customers.
"""

from __future__ import annotations

import re

from leanrag.ingest.document_report import DocumentReport, TextPart
from leanrag.ingest.markdown_writer import MarkdownWriter
from leanrag.ingest.sheet_rows import write_rows
from leanrag.ingest.xlsx_cells import CellReader
from leanrag.ingest.xlsx_workbook import Workbook
from leanrag.ingest.zip_guard import check_archive

_GENERIC_SHEET = re.compile(r"(?i)(?:sheet|sayfa|ورقة|برگه|feuil|tabelle|tablo) ?\d*")


def read_xlsx(data: bytes) -> DocumentReport:
    """Read a workbook. Raises Refused where it is hostile or too large."""
    check_archive(data)
    workbook = Workbook(data)
    reader = CellReader(workbook)
    writer = MarkdownWriter()
    for sheet in workbook.sheets:
        rows = list(reader.rows(sheet))
        if rows and (len(workbook.sheets) > 1 or not _GENERIC_SHEET.fullmatch(sheet.name)):
            writer.heading(1, sheet.name)
        write_rows(rows, writer)
    return DocumentReport(workbook.title()[:300], (TextPart(writer.text(), rows=writer.rows()),))
