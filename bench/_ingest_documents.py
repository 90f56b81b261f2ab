"""Feeds PDFs to the product and times it, step by step, beside pypdf's bare extraction."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import psutil
from pypdf import PdfReader, PdfWriter

from bench import _ingest_figures as figures
from leanrag.bootstrap import Services
from leanrag.ingest import progress
from leanrag.ingest.pipeline import Upload
from leanrag.sources import SourceView
from leanrag.types import Language

_SAMPLE_SECONDS = 0.02
_READERS = "-m leanrag.ingest."


class Feeder:
    """Feeds files, each into a tenant of its own, in this thread."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tenants = 0
        home = (services.settings.data_directory() / "pgdata").resolve()
        self._server = [p for p in psutil.process_iter() if _works_in(p, home)]

    def measure(self, language: Language, pages: int, data: bytes, rounds: int) -> figures.FedFile:
        """Feed a PDF so many times; pypdf reads it right after each time."""
        seconds, processor, bare, steps = [], [], [], []
        upload = Upload("handbook.pdf", data)
        with watched_memory() as used:  # in a round of its own: watching takes time
            source, _ = self.feed(upload)
        for _ in range(rounds):
            begun = self._processor_seconds()
            with timed_steps() as own_steps:
                _, taken = self.feed(upload)
            seconds.append(taken)
            processor.append(self._processor_seconds() - begun)
            steps.append(own_steps)
            bare.append(read_with_pypdf(data))
        return figures.FedFile(
            language=language,
            pages=pages,
            passages=source.passage_count,
            pypdf_seconds=figures.middle([wall for wall, _ in bare]),
            pypdf_processor_seconds=figures.middle([own for _, own in bare]),
            seconds=figures.middle(seconds),
            processor_seconds=figures.middle(processor),
            steps=figures.middle_steps(steps),
            process_megabytes=used.process_megabytes,
            child_megabytes=used.child_megabytes,
        )

    def measure_again(self, pages: int, data: bytes) -> figures.FedAgain:
        """Feed a PDF, the same bytes under another name, and its words in other bytes."""
        tenant_id = self.new_tenant()
        upload = Upload("handbook.pdf", data)
        first, first_seconds = self._feed(tenant_id, upload)
        _, same_bytes = self._feed(tenant_id, Upload("copy.pdf", data))
        other = Upload("other.pdf", _in_other_bytes(data), title=first.title)
        source, same_words = self._feed(tenant_id, other)
        return figures.FedAgain(
            pages=pages,
            first_seconds=first_seconds,
            same_bytes_seconds=same_bytes,
            same_words_seconds=same_words,
            reused=source.reused_count,
            passages=source.passage_count,
        )

    def feed(self, upload: Upload) -> tuple[SourceView, float]:
        """Process an upload in a new tenant; return its source and the seconds that it took."""
        return self._feed(self.new_tenant(), upload)

    def new_tenant(self) -> UUID:
        """Make an empty tenant."""
        self._tenants += 1
        return self._services.tenants.create(f"fed-{self._tenants}", "Fed").tenant_id

    def _processor_seconds(self) -> float:
        """Return the processor time of this process, of children that ended, and of the server."""
        own = os.times()
        seconds = own.user + own.system + own.children_user + own.children_system
        for process in self._server:
            times = process.cpu_times()
            seconds += times.user + times.system
        return seconds

    def _feed(self, tenant_id: UUID, upload: Upload) -> tuple[SourceView, float]:
        started = time.perf_counter()
        source = self._services.ingest.add(tenant_id, upload)
        seconds = round(time.perf_counter() - started, 3)
        if source.status != "processed":
            raise RuntimeError(f"The file is {source.status}: {source.error}")
        return source, seconds


def _works_in(process: psutil.Process, directory: Path) -> bool:
    try:
        return process.cwd() == str(directory)
    except psutil.Error:  # another account's, or gone
        return False


def read_with_pypdf(data: bytes) -> tuple[float, float]:
    """Return the seconds that pypdf takes for the text of all pages, and the processor's."""
    started, begun = time.perf_counter(), time.process_time()
    for page in PdfReader(io.BytesIO(data)).pages:
        page.extract_text()
    return time.perf_counter() - started, time.process_time() - begun


@contextmanager
def timed_steps() -> Iterator[dict[str, float]]:
    """Collect the seconds of each step that begins in this process meanwhile."""
    seconds: dict[str, float] = {}
    begin = progress.Progress.begin
    running: list[tuple[str, float]] = []

    def end() -> None:
        if running:
            step, started = running.pop()
            seconds[step] = seconds.get(step, 0.0) + time.perf_counter() - started

    def noted(self: progress.Progress, step: progress.Step, total: int = 0) -> None:
        end()
        running.append((step, time.perf_counter()))
        begin(self, step, total)

    progress.Progress.begin = noted  # type: ignore[method-assign]
    try:
        yield seconds
    finally:
        progress.Progress.begin = begin  # type: ignore[method-assign]
        end()


class Memory:
    """The most memory that was resident: this process's above its beginning, and the readers'.

    Read every 20 ms, and this process's from the kernel's own high-water mark.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._clear_high_water_mark()
        self._before = self._process.memory_info().rss
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.process_megabytes = self.child_megabytes = 0.0
        self._thread.start()

    def stop(self) -> None:
        """End the reading, and take its result."""
        self._is_over.set()
        self._thread.join()
        self.process_megabytes = round((self._high_water_mark() - self._before) / 1024**2, 1)

    def _watch(self) -> None:
        while not self._is_over.wait(_SAMPLE_SECONDS):
            megabytes = sum(map(_reader_bytes, self._process.children(recursive=True))) / 1024**2
            self.child_megabytes = max(self.child_megabytes, round(megabytes, 1))

    @staticmethod
    def _clear_high_water_mark() -> None:
        Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets VmHWM

    @staticmethod
    def _high_water_mark() -> int:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024


def _reader_bytes(child: psutil.Process) -> int:
    """Return what a reader holds; before it is one, a child counts its parent's memory."""
    try:
        return int(child.memory_info().rss) if _READERS in " ".join(child.cmdline()) else 0
    except psutil.NoSuchProcess:
        return 0


@contextmanager
def watched_memory() -> Iterator[Memory]:
    """Watch memory meanwhile."""
    memory = Memory()
    try:
        yield memory
    finally:
        memory.stop()


def _in_other_bytes(data: bytes) -> bytes:
    """Return the same PDF written by another program."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()
