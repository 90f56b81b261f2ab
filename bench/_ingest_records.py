"""Feeds a list of FAQ pairs, as an operator imports it: a CSV file of another program."""

from __future__ import annotations

import csv
import io
import time
from itertools import cycle, islice

from bench import _ingest_figures as figures
from bench._ingest_documents import Feeder, timed_steps
from bench._ingest_texts import Writer
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.record_files import RECORDS_MEDIA_TYPE, write_records
from leanrag.ingest.record_import import read_records
from leanrag.settings import Settings
from leanrag.types import LANGUAGES

_ANSWER_WORDS = 45


def measure(feeder: Feeder, settings: Settings, rows: int, rounds: int) -> figures.FedRows:
    """Import a file of so many pairs: its bytes are read, checked, and processed."""
    data = write_csv(rows)
    seconds, steps = [], []
    for _ in range(rounds):
        with timed_steps() as own_steps:
            started = time.perf_counter()
            found = read_records(data, "faq.csv", "faq", settings=settings)
            stored = write_records(found.rows, "faq")
            reading = time.perf_counter() - started
            _, fed = feeder.feed(
                Upload("faq.csv", stored, "faq", media_type=RECORDS_MEDIA_TYPE, form="records")
            )
        if len(found.rows) != rows:
            raise RuntimeError(f"{len(found.rows)} of {rows} rows were taken.")
        seconds.append(reading + fed)
        steps.append({"reading": reading, **own_steps})
    return figures.FedRows(rows, figures.middle(seconds), figures.middle_steps(steps))


def write_csv(rows: int) -> bytes:
    """Return a CSV file of question and answer in four languages, no two rows alike."""
    file = io.StringIO(newline="")
    table = csv.writer(file)
    table.writerow(("question", "answer"))
    writers = [Writer(language, seed=rows) for language in LANGUAGES]
    for number, writer in enumerate(islice(cycle(writers), rows), start=1):
        question = f"{writer.sentence().rstrip('.!?؟')} {number}?"
        table.writerow((question, writer.paragraph(_ANSWER_WORDS)))
    return file.getvalue().encode()
