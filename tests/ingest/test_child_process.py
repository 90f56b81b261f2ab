"""The process that reads strangers' files: heard while it reads, ended when nobody waits for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator

import pytest

from leanrag.errors import ExtractionFailed, ProcessingStopped
from leanrag.ingest.child_limits import ChildLimits
from leanrag.ingest.child_process import run_child
from leanrag.ingest.child_progress import PROGRESS_VARIABLE, read_progress, write_progress
from tests.job_parts import REPOSITORY, parent_of, readers_of, running_python, wait_until
from tests.slow_pdf import slow_pdf

LIMITS = ChildLimits(memory_bytes=2**30, cpu_seconds=50, wall_seconds=60, max_pages=2000)
READER = "leanrag.ingest.pdf_child"

# A program that reads a PDF as the console does, in a thread.
CONSOLE = """
import sys, threading
from leanrag.ingest.child_limits import ChildLimits
from leanrag.ingest.child_process import run_child
from tests.slow_pdf import slow_pdf

limits = ChildLimits(memory_bytes=2**30, cpu_seconds=50, wall_seconds=60, max_pages=2000)

def read():
    run_child("leanrag.ingest.pdf_child", slow_pdf(2000), limits, noun="PDF",
              on_wait=lambda done, total: print(done, total, flush=True))

threading.Thread(target=read).start()
"""


@pytest.fixture
def console() -> Iterator[subprocess.Popen[str]]:
    with running_python(CONSOLE) as process:
        yield process


def test_the_parent_hears_of_the_pages_while_they_are_read():
    seen: list[tuple[int, int]] = []
    report = run_child(
        READER, slow_pdf(240), LIMITS, noun="PDF", on_wait=lambda *counts: seen.append(counts)
    )
    assert len(report["pages"]) == 240
    assert seen == sorted(seen)
    assert seen[-1][1] == 240
    assert 0 < seen[-1][0] <= 240


def test_what_the_waiting_raises_ends_the_process_at_once():
    def stop(_done: int, _total: int) -> None:
        raise ProcessingStopped("Enough.")

    with pytest.raises(ProcessingStopped):
        run_child(READER, slow_pdf(2000), LIMITS, noun="PDF", on_wait=stop)
    assert readers_of(os.getpid()) == []


def test_the_end_is_seen_where_the_kernel_does_not_tell_it(
    make_pdf: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    report = run_child(READER, make_pdf([["One line."]]), LIMITS, noun="PDF")
    assert report["outcome"] == "read"
    short = ChildLimits(memory_bytes=2**30, cpu_seconds=50, wall_seconds=1, max_pages=2000)
    with pytest.raises(ExtractionFailed, match="longer than 1 seconds"):
        run_child(READER, slow_pdf(2000), short, noun="PDF")


def test_the_limit_of_time_holds_while_somebody_listens():
    short = ChildLimits(memory_bytes=2**30, cpu_seconds=50, wall_seconds=1, max_pages=2000)
    seen: list[int] = []
    with pytest.raises(ExtractionFailed, match="longer than 1 seconds"):
        run_child(
            READER, slow_pdf(2000), short, noun="PDF", on_wait=lambda done, _: seen.append(done)
        )
    assert seen
    assert readers_of(os.getpid()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the limits of time end it")
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_the_reader_of_a_killed_program_ends_with_it(
    console: subprocess.Popen[str], ending: signal.Signals
):
    assert console.stdout is not None
    assert console.stdout.readline().split() != []  # the reader reads
    (reader,) = readers_of(console.pid)
    console.send_signal(ending)
    console.wait(20)
    wait_until(lambda: parent_of(reader) is None, 5)


def test_a_reader_whose_parent_has_just_ended_ends_before_it_reads():
    with tempfile.TemporaryFile() as file:
        file.write(slow_pdf(2000))
        file.seek(0)
        ended = subprocess.run(
            [sys.executable, "-m", READER, LIMITS.to_argument()],
            cwd=REPOSITORY,
            stdin=file,
            stdout=subprocess.DEVNULL,
            env={"LEANRAG_PARENT": "1"},
            timeout=20,
            check=False,
        )
    assert ended.returncode == 1


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"", (0, 0)),
        (b"\x01", (0, 0)),
        (b"\xff" * 8, (1_000_000, 1_000_000)),
        (b"\x05\x00\x00\x00\x03\x00\x00\x00", (3, 3)),
    ],
    ids=["nothing", "half", "too much", "more than all"],
)
def test_progress_is_possible_whatever_was_written(written: bytes, read: tuple[int, int]):
    with tempfile.TemporaryFile() as file:
        file.write(written)
        file.flush()
        assert read_progress(file) == read


def test_progress_comes_through_and_nobody_need_listen(monkeypatch: pytest.MonkeyPatch):
    write_progress(1, 2)
    with tempfile.TemporaryFile() as file:
        monkeypatch.setenv(PROGRESS_VARIABLE, str(file.fileno()))
        for done in (3, 40):
            write_progress(done, 500)
            assert read_progress(file) == (done, 500)


def test_pages_are_counted_only_while_they_are_read(make_pdf: Callable[..., bytes]):
    report = run_child(READER, make_pdf([["One line."]]), LIMITS, noun="PDF")
    assert report["outcome"] == "read"
