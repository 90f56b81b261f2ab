"""Prints texts in four languages as PDF and measures how well they are read back.

    python bench/extraction.py [--languages fa,ar] [--producers chromium] [--fonts Vazirmatn]
                               [--texts DIRECTORY] [--show fa] [--keep DIRECTORY] [--json]

The texts of `extraction_texts` (headings, paragraphs, lists, a table, numbers, Latin words in
right-to-left text, brackets, ZWNJ, vowel marks) are printed by up to three programs in up to three
fonts, read by `leanrag.ingest.extract` and by plain pypdf, and compared with their source: the
character error rate is Levenshtein's distance over the length of the source, white space collapsed.

Who needs what: reportlab needs arabic-reshaper and python-bidi for Persian and Arabic; Vazirmatn,
which LeanRAG ships for browsers, needs fonttools; `soffice` and `chromium` are programs. What is
missing is left out, and said. All of it: `pip install -r bench/extraction-requirements.txt` and
`apt-get install libreoffice-writer-nogui chromium fonts-dejavu-core fonts-noto-core`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _extraction_figures as figures
from bench._extraction_docx import print_with_libreoffice
from bench._extraction_fonts import FAMILIES, Font, Unavailable, find_font
from bench._extraction_html import print_with_chromium
from bench._extraction_reportlab import print_with_reportlab
from bench._extraction_texts import TEXTS_DIRECTORY, SourceText, read_texts
from leanrag.settings import Settings
from leanrag.types import LANGUAGES

PRODUCERS = ("reportlab", "libreoffice", "chromium")


@dataclass(frozen=True, slots=True)
class Reading:
    """A PDF with its source and what LeanRAG read of it."""

    printed: figures.Printed
    source: tuple[str, ...]
    pages: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report."""
    options = _parse(arguments)
    texts = read_texts(options.texts, options.languages)
    skipped: dict[str, None] = {}  # each reason once, in order
    with tempfile.TemporaryDirectory(prefix="leanrag-extraction-") as home:
        readings = list(_measure(texts, options, Path(home), skipped))
    if options.json:
        printed = [asdict(reading.printed) for reading in readings]
        print(json.dumps({"printed": printed, "skipped": list(skipped)}, indent=2))
    else:
        print("\n".join(_lines([reading.printed for reading in readings], list(skipped))))
    for reading in readings:
        if reading.printed.language in options.show:
            print("\n".join(_show(reading)))
    return 0 if readings else 1


def _measure(
    texts: Sequence[SourceText],
    options: argparse.Namespace,
    home: Path,
    skipped: dict[str, None],
) -> Iterator[Reading]:
    (fonts := home / "fonts").mkdir()
    settings = Settings(_env_file=None)
    for text in texts:
        for producer in options.producers:
            for family in options.fonts:
                try:
                    font = find_font(family, fonts)
                    data = _print(producer, text, font, home)
                except Unavailable as missing:
                    skipped[f"{producer}, {family}, {text.language}: {missing}"] = None
                    continue
                if options.keep:
                    name = f"{text.language}-{producer}-{family.replace(' ', '')}.pdf"
                    (options.keep / name).write_bytes(data)
                yield _read(text, producer, family, data, settings)


def _print(producer: str, text: SourceText, font: Font, home: Path) -> bytes:
    if producer == "reportlab":
        return print_with_reportlab(text, font)
    if producer == "libreoffice":
        return print_with_libreoffice(text, font, home)
    return print_with_chromium(text, font, home)


def _read(text: SourceText, producer: str, family: str, data: bytes, settings: Settings) -> Reading:
    pages = figures.read_with_leanrag(data, settings)
    plain = figures.read_with_pypdf(data)
    printed = figures.Printed(
        language=text.language,
        producer=producer,
        font=family,
        pages=len(pages),
        leanrag=figures.rate(text.lines, pages),
        pypdf=figures.rate(text.lines, plain),
    )
    return Reading(printed, text.lines, pages)


def _lines(printed: Sequence[figures.Printed], skipped: Sequence[str]) -> Iterator[str]:
    yield "Character error rate in percent (exact, as searched) and lines read exactly"
    yield f"  {'':2}  {'':11}  {'':17}  {'':5}  {'LeanRAG':>23}  {'plain pypdf':>23}"
    for one in printed:
        name = f"{one.language}  {one.producer:11}  {one.font:17}  {one.pages} pp."
        yield f"  {name}  {_figures(one.leanrag)}  {_figures(one.pypdf)}"
    for reason in skipped:
        yield f"  left out: {reason}"


def _figures(rates: figures.ErrorRates) -> str:
    return f"{100 * rates.exact:6.2f}  {100 * rates.folded:6.2f}  {100 * rates.lines:5.1f} %"


def _show(reading: Reading) -> Iterator[str]:
    one = reading.printed
    yield f"\n{one.language}, {one.producer}, {one.font}: lines that differ"
    yield from figures.differing_lines(reading.source, reading.pages)
    for error, count in figures.common_errors(reading.source, reading.pages):
        yield f"  {count:4} × {error}"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure how well PDFs are read.")
    for name, known in (("languages", LANGUAGES), ("producers", PRODUCERS), ("fonts", FAMILIES)):
        parser.add_argument(
            f"--{name}",
            type=lambda value: tuple(value.split(",")),
            default=tuple(known),
            help=f"of {', '.join(known)}; separated by commas",
        )
    parser.add_argument("--texts", type=Path, default=TEXTS_DIRECTORY, help="where LANGUAGE.md is")
    parser.add_argument("--show", default=(), type=lambda value: tuple(value.split(",")))
    parser.add_argument("--keep", type=Path, help="an existing directory to put the PDFs into")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    if unknown := set(options.languages) - set(LANGUAGES):
        parser.error(f"no texts in {', '.join(sorted(unknown))}; choose of {', '.join(LANGUAGES)}")
    if unknown := set(options.producers) - set(PRODUCERS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; choose of {', '.join(PRODUCERS)}")
    if unknown := set(options.fonts) - set(FAMILIES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; choose of {', '.join(FAMILIES)}")
    if options.keep and not options.keep.is_dir():
        parser.error(f"{options.keep} is not a directory; make it first")
    return options


if __name__ == "__main__":
    sys.exit(main())
