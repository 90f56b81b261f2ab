"""Reads a list in a process of its own: `python -m …ingest.record_child LIMITS FORMAT KIND …`.

The file comes in through standard input, one JSON object goes out through standard output.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from dataclasses import astuple
from typing import Any, Literal, cast

from leanrag.errors import FileRejected, FileTooLarge
from leanrag.ingest.child_limits import ChildLimits, limit_process
from leanrag.ingest.document_report import MAX_TEXT_CHARACTERS, Refused
from leanrag.ingest.record_checks import check_table
from leanrag.ingest.record_rows import ImportedRecords, ProductRow, RecordKind, RecordRow
from leanrag.ingest.record_tables import read_delimited

ListFormat = Literal["csv", "xlsx"]


def main() -> None:
    """Read standard input within the limits given and write what was found."""
    limit_process(ChildLimits.from_argument(sys.argv[1]))
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    found = read_list(
        sys.stdin.buffer.read(),
        cast(ListFormat, sys.argv[2]),
        cast(RecordKind, sys.argv[3]),
        currency=sys.argv[4],
    )
    # Not in ASCII, where an Arabic letter takes six bytes of what the process may write.
    sys.stdout.buffer.write(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))


def read_list(
    data: bytes, list_format: ListFormat, kind: RecordKind, *, currency: str
) -> dict[str, Any]:
    """Return the records of a file as JSON can hold them, or why there are none.

    Keys: `rows`, `row_numbers`, `problems`, `ignored_columns`, or `refusal` alone: a code of
    leanrag.errors with its sentence and details, or a reason of document_report with neither.
    """
    try:
        found = _read(data, list_format, kind, currency)
        _check_length(found)
    except Refused as exc:
        return {"refusal": [exc.reason, "", {}]}
    except FileRejected as exc:
        return {"refusal": [exc.code, exc.message, exc.details]}
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a broken workbook makes its reader raise KeyError and more
        return {"refusal": ["damaged", "", {}]}
    return {
        "rows": [astuple(row) if kind == "faq" else _flat(row) for row in found.rows],
        "row_numbers": found.row_numbers,
        "problems": [astuple(problem) for problem in found.problems],
        "ignored_columns": found.ignored_columns,
    }


def _read(data: bytes, list_format: ListFormat, kind: RecordKind, currency: str) -> ImportedRecords:
    if list_format == "xlsx":
        from leanrag.ingest.record_workbook import read_workbook

        return check_table(read_workbook(data, kind), kind, currency=currency)
    return check_table(read_delimited(data, kind), kind, currency=currency)


def _flat(row: RecordRow) -> tuple[object, ...]:
    title, price, *rest = astuple(cast(ProductRow, row))
    return (title, None if price is None else str(price), *rest)


def _check_length(found: ImportedRecords) -> None:
    """Raise FileTooLarge where the names of attributes make a list longer than any file may be."""
    letters = sum(
        len(name) + len(value)
        for row in found.rows
        if isinstance(row, ProductRow)
        for name, value in row.attributes
    )
    if letters > MAX_TEXT_CHARACTERS:
        raise FileTooLarge("This list holds more than 10 million letters; split it.")


if __name__ == "__main__":
    main()
