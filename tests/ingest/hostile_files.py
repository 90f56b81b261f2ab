"""Reads every hostile file of `hostile/` and prints what became of each.

    python tests/ingest/hostile_files.py [--json] [name …]

Each file is read in a process of its own. A row is good if the file ended as it should (one clear
error, or read correctly) within 10 seconds and 600 MB, all processes together.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hostile import excel, pages, pdfs, tables, texts, word

from leanrag.errors import LeanRagError
from leanrag.ingest.extract import extract
from leanrag.ingest.validate import identify, safe_filename
from leanrag.settings import Settings

MAX_SECONDS = 10.0
MAX_MEGABYTES = 600


@dataclass(frozen=True)
class HostileFile:
    """A file, the outcomes that are right for it, and what its text must and must not hold."""

    name: str
    outcomes: frozenset[str]
    build: Callable[[], bytes]
    holds: str = ""
    hides: str = ""


@dataclass(frozen=True)
class Row:
    """What became of a file; `fault` says what is wrong, if anything."""

    name: str
    kilobytes: int
    outcome: str = "died"
    sentence: str = ""
    seconds: float = 0.0
    megabytes: int = 0
    fault: str = ""


def hostile_files() -> Iterator[HostileFile]:
    """Yield all files."""
    for cases in (
        word.word_cases(),
        excel.sheet_cases(),
        pages.page_cases(),
        texts.subtitle_cases(),
        texts.text_cases(),
        tables.table_cases(),
        pdfs.pdf_cases(),
    ):
        for name, outcomes, build, holds, hides in cases:
            yield HostileFile(name, frozenset(outcomes.split()), build, holds, hides)


def try_file(file: HostileFile) -> Row:
    """Read a file in a forked process and measure it and what it starts."""
    with tempfile.TemporaryFile() as content, tempfile.TemporaryFile() as report:
        # Built by another process than the one that is measured, and than the one it grows from.
        _fork(lambda: _write(content, file.build()))
        size = content.seek(0, os.SEEK_END)
        _fork(lambda: _write(report, json.dumps(_read(file, _whole(content))).encode()))
        result = json.loads(_whole(report) or b'{"fault": "the process died"}')
    return Row(**{"name": file.name, "kilobytes": size // 1024, **result})


def _fork(work: Callable[[], object]) -> None:
    process = os.fork()
    if process:
        os.waitpid(process, 0)
        return
    try:
        work()
    except BaseException:  # noqa: BLE001 - what a forked test raises must not run the tests twice
        traceback.print_exc()
    finally:
        os._exit(0)


def _write(stream: IO[bytes], data: bytes) -> None:
    stream.write(data)
    stream.flush()


def _whole(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    return stream.read()


def _read(file: HostileFile, data: bytes) -> dict[str, object]:
    started, before = time.monotonic(), _peak_megabytes(resource.RUSAGE_SELF)
    outcome, sentence, text = "read", "", ""
    try:
        upload_type = identify(data, safe_filename(file.name), max_bytes=25 * 2**20)
        document = extract(data, upload_type, settings=_settings())
        text = "\n".join(f"{page.label} {page.text}" for page in document.pages)
    except LeanRagError as exc:
        outcome, sentence = exc.code, exc.message
    except BaseException as exc:  # noqa: BLE001 - that this happens is what the row has to say
        outcome, sentence = "crash", repr(exc)
    seconds = time.monotonic() - started
    megabytes = _peak_megabytes(resource.RUSAGE_CHILDREN)
    megabytes += max(0, _peak_megabytes(resource.RUSAGE_SELF) - before)
    fault = _fault(file, outcome, text, sentence, seconds, megabytes)
    return {
        "outcome": outcome,
        "sentence": sentence or text[:200],
        "seconds": round(seconds, 2),
        "megabytes": megabytes,
        "fault": fault,
    }


def _settings() -> Settings:
    limit = MAX_MEGABYTES * 2**20
    return Settings(_env_file=None, extraction_memory_bytes=limit)  # type: ignore[call-arg]


def _peak_megabytes(who: int) -> int:
    return resource.getrusage(who).ru_maxrss // 1024


def _fault(
    file: HostileFile, outcome: str, text: str, sentence: str, seconds: float, megabytes: int
) -> str:
    if outcome not in file.outcomes:
        return f"ended as {outcome} ({sentence}) and not as {' or '.join(sorted(file.outcomes))}"
    if outcome == "read" and file.holds not in text:
        return f"lacks {file.holds!r}: {text[:200]!r}"
    if file.hides and file.hides in text + sentence:
        return f"shows {file.hides!r}"
    if outcome != "read" and (not sentence.endswith(".") or len(sentence) > 300):
        return f"no clear sentence: {sentence!r}"
    if seconds > MAX_SECONDS or megabytes > MAX_MEGABYTES:
        return f"took {seconds:.1f} s and {megabytes} MB"
    return ""


def main(arguments: Sequence[str]) -> int:
    """Print the table and return how many rows are bad."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("names", nargs="*", help="parts of names; all files without")
    options = parser.parse_args(arguments)
    rows: list[Row] = []
    for file in hostile_files():
        if options.names and not any(part in file.name for part in options.names):
            continue
        rows.append(row := try_file(file))
        if not options.json:
            print(_line(row), flush=True)
    if options.json:
        json.dump([asdict(row) for row in rows], sys.stdout)
    else:
        print(f"\n{len(rows)} files, {sum(bool(row.fault) for row in rows)} faults")
    return int(any(row.fault for row in rows))


def _line(row: Row) -> str:
    size = f"{row.kilobytes:>7,} KB"
    figures = f"{row.seconds:>6.2f} s {row.megabytes:>4} MB"
    fault = f"  FAULT: {row.fault}" if row.fault else ""
    return f"{ascii(row.name)[1:-1]:40} {size} {row.outcome:22} {figures}{fault}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
