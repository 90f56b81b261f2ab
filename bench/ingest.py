"""Measures feeding: PDFs, lists, storing, deleting, and what a customer notices meanwhile.

    python bench/ingest.py [--json] [--quick] [--rounds N] [--languages en,fa] [--pages 20,100,500]
                           [--pdf FILE] [--parts files,again,rows,passages,beside]

PDFs are written by the benchmark in four languages (`--pdf` measures a file of yours instead) and
fed from their bytes to searchable passages, with the local embedder and the embedded PostgreSQL as
it is shipped, beside the bare text extraction of pypdf in the same run. They need the font DejaVu
Sans (Debian: fonts-dejavu-core). Figures are medians of rounds.

Everything happens in a data directory of its own, which is removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read by numpy once: threads would measure the neighbours

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _ingest_beside as beside
from bench import _ingest_figures as figures
from bench import _ingest_records as records
from bench import _turn_product as product
from bench._extraction_fonts import Unavailable
from bench._ingest_documents import Feeder
from bench._ingest_passages import Shelf
from bench._ingest_pdfs import count_pages, print_pdf
from leanrag.bootstrap import Services, start_services
from leanrag.ingest.pipeline import Upload
from leanrag.types import LANGUAGES, Language

SEED = 24_640
PARTS = ("files", "again", "rows", "passages", "beside")
_WARM_UP = "Delivery takes three days. سفارش در تهران دو روز طول می‌کشد. Teslimat üç gün sürer."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report."""
    options = _parse(arguments)
    logging.basicConfig(level=logging.WARNING)
    try:
        with product.data_directory() as home:
            report = measure(home, options)
    except Unavailable as exc:
        print(f"The PDFs cannot be written: {exc}.", file=sys.stderr)
        return 1
    print(
        json.dumps(asdict(report), indent=2) if options.json else "\n".join(figures.lines(report))
    )
    return 0


def measure(home: Path, options: argparse.Namespace) -> figures.Report:
    """Measure the parts that are asked for, one after the other, on one database."""
    pdfs = list(_pdfs(options))
    parts: dict[str, Sequence[object]] = {}
    settings = product.settings_for(home)
    with closing(start_services(settings, worker=False)) as services:
        feeder = Feeder(services)
        feeder.feed(Upload("warm-up.txt", _WARM_UP.encode()))
        if "files" in options.parts:
            parts["files"] = [feeder.measure(*pdf, options.rounds) for pdf in pdfs]
        if "again" in options.parts:
            middle = pdfs[len(options.pages) // 2 % len(pdfs)]
            parts["again"] = [feeder.measure_again(*middle[1:])]
        if "rows" in options.parts:
            parts["rows"] = [records.measure(feeder, settings, options.rows, options.rounds)]
        if "passages" in options.parts:
            parts |= _passages(services, feeder, options)
        machine = product.describe_machine(services)
    if "beside" in options.parts:
        _, pages, data = max(pdfs, key=lambda pdf: pdf[1])
        parts["beside"] = [
            beside.measure(home, worker, pages, data, options.turns)
            for worker in (beside.IN_CONSOLE, beside.ON_ITS_OWN)
        ]
    return figures.Report(machine, options.rounds, **parts)  # type: ignore[arg-type]


def _passages(
    services: Services, feeder: Feeder, options: argparse.Namespace
) -> dict[str, Sequence[object]]:
    without_index = services.settings.model_copy(update={"index_cache_mb": 0})
    shelf = Shelf(services, feeder, options.passages)
    with closing(start_services(without_index, worker=False)) as scanning:
        return {
            "stored": [shelf.measure_store(options.rounds)],
            "deleted": [
                shelf.measure_delete(services, "index in memory", options.rounds),
                shelf.measure_delete(scanning, "no index", options.rounds),
            ],
        }


def _pdfs(options: argparse.Namespace) -> Iterator[tuple[Language, int, bytes]]:
    """Yield language, pages and bytes of each file."""
    if options.pdf is not None:
        data = options.pdf.read_bytes()
        yield LANGUAGES[0], count_pages(data), data
        return
    for language in options.languages:
        for pages in options.pages:
            yield language, pages, print_pdf(language, pages, seed=SEED)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure how sources are fed.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="small files, two rounds")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of each (default 3)")
    parser.add_argument("--languages", default="en,fa,ar,tr", help="of fa,en,ar,tr")
    parser.add_argument("--pages", metavar="N,N", help="of the PDFs (default 20,100,500)")
    parser.add_argument("--pdf", type=Path, metavar="FILE", help="feed this file instead")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {','.join(PARTS)}")
    options = parser.parse_args(arguments)
    quick = options.quick
    options.rounds = options.rounds or (2 if quick else 3)
    options.rows, options.passages = (500, 500) if quick else (10_000, 5_000)
    options.turns = 40 if quick else 200
    options.languages = options.languages.split(",")
    if not set(options.languages) <= set(LANGUAGES):
        parser.error(f"--languages takes {', '.join(LANGUAGES)}")
    pages = options.pages or ("5,20" if quick else "20,100,500")
    if not all(number.isdecimal() and int(number) for number in pages.split(",")):
        parser.error("--pages takes numbers of pages, such as 20,100")
    options.pages = [int(number) for number in pages.split(",")]
    options.parts = options.parts.split(",")
    if not set(options.parts) <= set(PARTS):
        parser.error(f"--parts takes {', '.join(PARTS)}")
    if options.rounds < 1:
        parser.error("--rounds counts rounds: give 1 or more")
    return options


if __name__ == "__main__":
    sys.exit(main())
