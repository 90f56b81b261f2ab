"""What the benchmark of feeding measures, as values, and the same as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench._turn_figures import Machine, Spread

PYPDF_SHARE = 1.5  # of the time of bare pypdf, and …
PASSAGE_SECONDS = 0.002  # … for each passage: what feeding a PDF may take
LONGEST_SECONDS = 60.0  # for a PDF of 500 pages, and for 10,000 rows of a list
MOST_MEGABYTES = 600.0
STORED_A_SECOND = 2_000
DELETE_SECONDS = 1.0
TURN_RATIO = 2.0


@dataclass(frozen=True, slots=True)
class FedFile:
    """One PDF, from its bytes to searchable passages, beside pypdf's bare extraction of it.

    Seconds are medians of rounds; `steps` are the seconds of each step of the flow. Processor time
    is that of this process, its child and the database's: neighbours change it little. Megabytes
    are the most that this process took above what it had before, and all that its child took.
    """

    language: str
    pages: int
    passages: int
    pypdf_seconds: float
    pypdf_processor_seconds: float
    seconds: float
    processor_seconds: float
    steps: Mapping[str, float]
    process_megabytes: float
    child_megabytes: float

    @property
    def allowed_seconds(self) -> float:
        """What the goal allows for this file."""
        return allowed(self.pypdf_seconds, self.passages)

    @property
    def is_met(self) -> bool:
        """Whether time and memory are within the goals."""
        in_time = self.seconds <= min(self.allowed_seconds, LONGEST_SECONDS)
        return in_time and max(self.process_megabytes, self.child_megabytes) < MOST_MEGABYTES


@dataclass(frozen=True, slots=True)
class FedAgain:
    """The same words again: the same bytes, and other bytes with the same words."""

    pages: int
    first_seconds: float
    same_bytes_seconds: float
    same_words_seconds: float
    reused: int
    passages: int


@dataclass(frozen=True, slots=True)
class FedRows:
    """A list of FAQ pairs, from the bytes of its CSV file to searchable passages."""

    rows: int
    seconds: float
    steps: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Stored:
    """The transaction that stores passages, beside COPY of the same bytes into a bare table."""

    passages: int
    seconds: float
    copy_seconds: float

    @property
    def a_second(self) -> float:
        """Passages stored in a second."""
        return self.passages / self.seconds


@dataclass(frozen=True, slots=True)
class Deleted:
    """A source that is deleted, and the question right after it."""

    passages: int
    index: str
    seconds: float
    question_before_ms: float
    question_after_ms: float
    was_found: bool
    is_found_after: bool


@dataclass(frozen=True, slots=True)
class Beside:
    """Turns without a model, alone and while a worker reads a PDF of so many pages."""

    worker: str
    pages: int
    idle_turns: int
    idle: Spread
    busy_turns: int
    busy: Spread
    seconds: float

    @property
    def ratio(self) -> float:
        """The busy 95th percentile over the idle one."""
        return self.busy.p95_ms / self.idle.p95_ms


@dataclass(frozen=True, slots=True)
class Report:
    """One run of the benchmark; what was not asked for is empty."""

    machine: Machine
    rounds: int
    files: Sequence[FedFile] = ()
    again: Sequence[FedAgain] = ()
    rows: Sequence[FedRows] = ()
    stored: Sequence[Stored] = ()
    deleted: Sequence[Deleted] = ()
    beside: Sequence[Beside] = ()


def allowed(pypdf_seconds: float, passages: int) -> float:
    """Return the seconds that feeding a file may take."""
    return PYPDF_SHARE * pypdf_seconds + PASSAGE_SECONDS * passages


def middle(values: Sequence[float]) -> float:
    """Return the median, rounded to milliseconds."""
    return round(median(values), 3)


def middle_steps(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the median seconds of each step."""
    return {step: middle([one[step] for one in rounds]) for step in rounds[0]}


def lines(report: Report) -> Iterator[str]:
    """Yield the report as lines for people."""
    machine = report.machine
    yield (
        f"Machine: {machine.cores} cores, Python {machine.python}, PostgreSQL"
        f" {machine.postgresql}; medians of {report.rounds}"
    )
    if report.files:
        yield from _file_lines(report.files)
    yield from map(_again_line, report.again)
    yield from map(_row_line, report.rows)
    yield from map(_stored_line, report.stored)
    yield from map(_deleted_line, report.deleted)
    yield from map(_beside_line, report.beside)


def _again_line(again: FedAgain) -> str:
    return (
        f"Again, {again.pages} pages: first {again.first_seconds:.2f} s, the same bytes"
        f" {again.same_bytes_seconds:.3f} s, the same words in other bytes"
        f" {again.same_words_seconds:.2f} s ({again.reused} of {again.passages} embeddings reused)"
    )


def _row_line(rows: FedRows) -> str:
    return (
        f"FAQ of {rows.rows:,} rows from CSV: {rows.seconds:.2f} s"
        f" ({_spelt(rows.steps)}){_met(rows.seconds < LONGEST_SECONDS)}"
    )


def _stored_line(stored: Stored) -> str:
    return (
        f"Store of {stored.passages:,} passages: {stored.seconds:.2f} s, {stored.a_second:,.0f} a"
        f" second{_met(stored.a_second >= STORED_A_SECOND)}; bare COPY {stored.copy_seconds:.2f} s,"
        f" {stored.seconds / stored.copy_seconds:.1f} times"
    )


def _deleted_line(deleted: Deleted) -> str:
    is_met = deleted.seconds < DELETE_SECONDS and not deleted.is_found_after
    return (
        f"Delete of {deleted.passages:,} passages, {deleted.index}: {deleted.seconds:.2f} s;"
        f" question before {deleted.question_before_ms:.1f} ms"
        f" ({'found' if deleted.was_found else 'NOT FOUND'}), right after"
        f" {deleted.question_after_ms:.1f} ms"
        f" ({'STILL FOUND' if deleted.is_found_after else 'gone'}){_met(is_met)}"
    )


def _beside_line(beside: Beside) -> str:
    return (
        f"Turn beside {beside.pages} pages, {beside.worker}: idle"
        f" {beside.idle.p50_ms:.1f}/{beside.idle.p95_ms:.1f} ms ({beside.idle_turns} turns),"
        f" busy {beside.busy.p50_ms:.1f}/{beside.busy.p95_ms:.1f} ms ({beside.busy_turns} turns"
        f" in {beside.seconds:.1f} s), p95 {beside.ratio:.2f} times"
        f"{_met(beside.ratio < TURN_RATIO)}"
    )


def _file_lines(files: Sequence[FedFile]) -> Iterator[str]:
    yield (
        "  pages passages   pypdf       s allowed goal  extract     cut summary   embed   store"
        " +process   child processor: pypdf      s allowed"
    )
    for fed in files:
        steps = "".join(
            f"{fed.steps.get(step, 0.0):8.2f}"
            for step in ("extracting", "cutting", "summarising", "embedding", "storing")
        )
        yield (
            f"{fed.language}{fed.pages:5}{fed.passages:9,}{fed.pypdf_seconds:8.2f}"
            f"{fed.seconds:8.2f}{fed.allowed_seconds:8.2f} {'met ' if fed.is_met else 'MISS'}"
            f"{steps}{fed.process_megabytes:6.0f} MB{fed.child_megabytes:5.0f} MB"
            f"{fed.pypdf_processor_seconds:17.2f}{fed.processor_seconds:7.2f}"
            f"{allowed(fed.pypdf_processor_seconds, fed.passages):8.2f}"
        )


def _spelt(steps: Mapping[str, float]) -> str:
    return ", ".join(f"{step} {seconds:.2f}" for step, seconds in steps.items())


def _met(is_met: bool) -> str:
    return ", met" if is_met else ", MISSED"
