"""Reads one document in a process of its own: `python -m …ingest.document_child LIMITS FORMAT`.

As `pdf_child` does for PDF: the file comes in through standard input, one JSON object goes out
through standard output, and each format imports its own libraries alone.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict
from typing import cast

from leanrag.errors import FileRejected
from leanrag.ingest.child_limits import ChildLimits, limit_process
from leanrag.ingest.document_report import DocumentFormat, DocumentReport, Refused


def main() -> None:
    """Read standard input within the limits given and write a DocumentReport."""
    limit_process(ChildLimits.from_argument(sys.argv[1]))
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    report = read_document(sys.stdin.buffer.read(), cast(DocumentFormat, sys.argv[2]))
    json.dump(asdict(report), sys.stdout)  # ASCII: even lone surrogates pass


def read_document(data: bytes, document_format: DocumentFormat) -> DocumentReport:
    """Read a document; one that cannot be read gives a report that says why."""
    try:
        return _load_reader(document_format)(data)
    except Refused as exc:
        return DocumentReport(refusal=exc.reason)
    except FileRejected as exc:
        return DocumentReport(rejection=(exc.code, exc.message, exc.details))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a broken file makes its library raise KeyError and much more
        return DocumentReport(refusal="damaged")


def _load_reader(document_format: DocumentFormat) -> Callable[[bytes], DocumentReport]:
    if document_format == "docx":
        from leanrag.ingest.docx_text import read_docx

        return read_docx
    if document_format == "xlsx":
        from leanrag.ingest.xlsx_text import read_xlsx

        return read_xlsx
    if document_format == "csv":
        from leanrag.ingest.csv_text import read_csv

        return read_csv
    if document_format == "html":
        from leanrag.ingest.html_text import read_html

        return read_html
    from leanrag.ingest.subtitles import read_subtitles

    return read_subtitles


if __name__ == "__main__":
    main()
