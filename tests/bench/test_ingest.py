"""The benchmark of feeding: its figures, its texts, and one small run of each part."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from itertools import islice

import pytest
from pypdf import PdfReader

from bench import _ingest_documents as documents
from bench import _ingest_figures as figures
from bench import _ingest_records as records
from bench import ingest
from bench._extraction_fonts import Unavailable
from bench._ingest_passages import Shelf
from bench._ingest_pdfs import as_seen, joined, print_pdf
from bench._ingest_texts import Writer
from bench._turn_figures import Machine, Spread
from leanrag.bootstrap import Services
from leanrag.ingest.extract import extract
from leanrag.ingest.validate import PDF
from leanrag.settings import Settings
from leanrag.text.language import detect_language
from leanrag.types import LANGUAGES, Language

A_FILE = figures.FedFile(
    language="en",
    pages=500,
    passages=1_000,
    pypdf_seconds=4.0,
    pypdf_processor_seconds=3.9,
    seconds=7.9,
    processor_seconds=7.0,
    steps={"extracting": 6.0, "storing": 1.9},
    process_megabytes=50.0,
    child_megabytes=60.0,
)
A_TURN = figures.Beside("worker", 500, 10, Spread(10.0, 20.0), 10, Spread(12.0, 39.0), 8.0)
A_DELETE = figures.Deleted(5_000, "no index", 0.5, 20.0, 10.0, True, False)
A_REPORT = figures.Report(
    machine=Machine(2, "3.11.7", "18.4"),
    rounds=3,
    files=[A_FILE],
    again=[figures.FedAgain(100, 2.0, 0.01, 1.5, 300, 310)],
    rows=[figures.FedRows(10_000, 20.0, {"storing": 5.0})],
    stored=[figures.Stored(5_000, 2.0, 0.5)],
    deleted=[A_DELETE],
    beside=[A_TURN],
)


def pdf_of(language: Language, pages: int) -> bytes:
    try:
        return print_pdf(language, pages, seed=1)
    except Unavailable as exc:
        pytest.skip(str(exc))


def test_a_file_may_take_pypdf_and_a_half_and_two_milliseconds_a_passage():
    assert A_FILE.allowed_seconds == 8.0
    assert A_FILE.is_met
    assert not replace(A_FILE, seconds=8.1).is_met
    assert not replace(A_FILE, pypdf_seconds=60.0, seconds=61.0).is_met  # a minute at most
    assert not replace(A_FILE, child_megabytes=600.0).is_met


def test_the_report_tells_which_goals_are_met_and_which_are_missed():
    printed = "\n".join(figures.lines(A_REPORT))
    assert "2,500 a second, met" in printed
    assert "p95 1.95 times, met" in printed
    assert "MISS" not in printed
    missed = replace(
        A_REPORT,
        files=[replace(A_FILE, seconds=9.0)],
        deleted=[replace(A_DELETE, is_found_after=True)],
        beside=[replace(A_TURN, busy=Spread(12.0, 41.0))],
        stored=[figures.Stored(5_000, 3.0, 0.5)],
    )
    printed = "\n".join(figures.lines(missed))
    assert printed.count("MISSED") == 3
    assert "MISS " in printed
    assert "STILL FOUND" in printed


def test_steps_are_medians_of_their_own():
    rounds = [{"a": 1.0, "b": 9.0}, {"a": 3.0, "b": 7.0}, {"a": 2.0, "b": 8.0}]
    assert figures.middle_steps(rounds) == {"a": 2.0, "b": 8.0}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_is_the_same_for_a_seed_and_new_words_keep_coming(language: Language):
    def words(seed: int, paragraphs: int) -> list[str]:
        writer = Writer(language, seed)
        return " ".join(p.text for p in islice(writer.paragraphs(), paragraphs)).split()

    assert words(1, 30) == words(1, 30)
    assert words(1, 30) != words(2, 30)
    assert len(set(words(1, 400))) > 1.5 * len(set(words(1, 100)))
    assert detect_language(" ".join(words(1, 10))) == language


def test_arabic_letters_are_joined_and_turned_but_for_numbers():
    assert joined("سلام") == "\ufeb3\ufefc\ufee1" or joined("سلام") == "\ufeb3\ufee0\ufe8e\ufee1"
    assert joined("در ۱۲") == "\ufea9\ufead ۱۲"
    assert joined("latin") == "latin"
    assert as_seen("abc (12) de-3") == "de-3 (12) abc"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_printed_pdf_says_what_was_written(language: Language, settings: Settings):
    data = pdf_of(language, 2)
    assert len(PdfReader(io.BytesIO(data)).pages) == 2
    document = extract(data, PDF, settings=settings)
    read = " ".join(page.text for page in document.pages).replace("\u200c", "").split()
    written = " ".join(p.text for p in islice(Writer(language, 1).paragraphs(), 8))
    expected = written.replace("\u200c", "").split()[:200]
    assert len(set(expected) & set(read)) > 0.85 * len(set(expected))


def test_a_list_of_pairs_holds_so_many_rows_no_two_alike():
    rows = list(csv.reader(io.StringIO(records.write_csv(40).decode())))
    assert rows[0] == ["question", "answer"]
    assert len({row[0] for row in rows[1:]}) == 40


def test_every_part_is_measured_on_the_real_product(services: Services):
    feeder = documents.Feeder(services)
    fed = feeder.measure("en", 2, pdf_of("en", 2), rounds=1)
    assert fed.passages > 2
    assert set(fed.steps) == {"extracting", "cutting", "summarising", "embedding", "storing"}
    assert 0 < sum(fed.steps.values()) <= fed.seconds
    assert fed.pypdf_seconds > 0
    assert fed.processor_seconds > fed.pypdf_processor_seconds > 0
    again = feeder.measure_again(2, pdf_of("en", 2))
    assert again.reused == again.passages == fed.passages
    assert again.same_bytes_seconds > 0
    assert records.measure(feeder, services.settings, 12, 1).rows == 12
    shelf = Shelf(services, feeder, 60)
    assert shelf.measure_store(1).a_second > 0
    deleted = shelf.measure_delete(services, "index in memory", 1)
    assert deleted.was_found
    assert not deleted.is_found_after


def test_memory_above_idle_is_seen():
    with documents.watched_memory() as used:
        held = bytearray(60 * 1024**2)
        held[::4096] = b"x" * len(held[::4096])
    assert 55 < used.process_megabytes < 90


@pytest.mark.parametrize(
    "arguments",
    [
        ["--languages", "de"],
        ["--pages", "0"],
        ["--pages", "x"],
        ["--rounds", "-1"],
        ["--parts", "x"],
    ],
)
def test_what_cannot_be_measured_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        ingest.main(arguments)
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err


@pytest.fixture
def settings() -> Settings:
    return Settings(openai_api_key=None, _env_file=None)
