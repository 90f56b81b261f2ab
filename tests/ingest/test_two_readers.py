"""A long file is read by two processes, and whatever happens to one, all of it is read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from leanrag.errors import ProcessingStopped
from leanrag.ingest.child_limits import ChildLimits
from leanrag.ingest.child_process import run_child
from leanrag.ingest.two_readers import COPY_BYTES, MIN_PARTS
from tests.slow_pdf import slow_pdf

ROOT = Path(__file__).parents[2]
COUNT = 60  # of parts
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no copy")
# Forking is for processes of one thread: each test has one of its own.
SCRIPT = """
import json, os, resource, signal, sys, time
from leanrag.ingest import two_readers
os.sched_getaffinity = lambda process: range(PROCESSORS)
BEFORE
reader, told = os.getpid(), []
def read(index):
    in_copy = os.getpid() != reader
    READ
    return [index, in_copy]
parts = two_readers.read_parts(
    read, COUNT, copy_seconds=SECONDS, on_part=lambda done, count: told.append([done, count])
)
print(json.dumps([parts, told]))
AFTER
"""
ROOM = 400 * 2**20  # more than a copy may take
LIMITED = f"""
def room():
    return resource.getrlimit(resource.RLIMIT_AS)[0] - two_readers._held_bytes()
most = two_readers._held_bytes() + {ROOM}
resource.setrlimit(resource.RLIMIT_AS, (most, most))
"""


def start(
    body: str,
    *,
    count: int = COUNT,
    seconds: int | None = 30,
    processors: int = 2,
    before: str = "",
    after: str = "",
) -> subprocess.Popen[str]:
    script = SCRIPT.replace("READ", body).replace("COUNT", str(count))
    script = script.replace("SECONDS", str(seconds)).replace("PROCESSORS", str(processors))
    script = script.replace("BEFORE", before).replace("AFTER", after)
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def run(body: str, **options: Any) -> tuple[list[Any], list[Any]]:
    process = start(body, **options)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    parts, told = json.loads(output)
    return parts, told


@pytest.mark.parametrize("seconds_a_part", [0, 0.003])
def test_two_processes_read_until_they_meet_and_the_parts_come_in_order(seconds_a_part: float):
    parts, told = run(f"time.sleep({seconds_a_part})", count=301)
    assert [index for index, _ in parts] == list(range(301))
    by_copy = [in_copy for _, in_copy in parts]
    assert by_copy == sorted(by_copy)  # the reader's first, then the copy's
    if seconds_a_part:
        assert 30 < sum(by_copy) < 270
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert 0 < told[-1][0] <= 301


def test_a_copy_that_is_slow_takes_few_parts():
    parts, _ = run("time.sleep(0.2 if in_copy else 0.005)", count=200)
    assert [index for index, _ in parts] == list(range(200))
    assert 0 < sum(in_copy for _, in_copy in parts) < 20


@pytest.mark.parametrize(
    "options",
    [
        {"count": MIN_PARTS - 1},
        {"seconds": None},
        {"processors": 1},
        {"before": "sys.platform = 'darwin'"},
        {"before": LIMITED.replace(str(ROOM), str(COPY_BYTES))},
        {"before": "def fork(): raise BlockingIOError\nos.fork = fork"},
    ],
    ids=["short", "threads", "one processor", "not Linux", "little memory", "no process"],
)
def test_one_process_reads_what_is_short_or_may_not_be_shared(options: dict[str, Any]):
    parts, told = run("pass", **options)
    assert [index for index, _ in parts] == list(range(options.get("count", COUNT)))
    assert not any(in_copy for _, in_copy in parts)
    assert len(told) == len(parts)


@pytest.mark.parametrize(
    "body",
    [
        "if in_copy and index == 57: os.kill(os.getpid(), signal.SIGKILL)",
        "if in_copy and index == 57: raise MemoryError",
        "if in_copy and index == 57: sys.exit(3)",
        "if in_copy and index == 57: time.sleep(60)",
    ],
    ids=["killed", "out of memory", "ended", "too slow"],
)
def test_what_a_copy_does_not_hand_over_the_reader_reads(body: str):
    parts, _ = run(f"{body}\n    if not in_copy: time.sleep(0.01)", seconds=1)
    assert parts == [[index, False] for index in range(COUNT)]


@linux_only
def test_both_together_keep_the_limit_of_memory_and_the_reader_has_all_of_it_afterwards():
    parts, _ = run(
        "time.sleep(0.01)\n    in_copy = [in_copy, room()]",
        before=LIMITED,
        after=f"assert room() > {ROOM - COPY_BYTES}",
    )
    rooms = {False: 0, True: 0}
    for _, (in_copy, room) in parts:
        rooms[in_copy] = max(room, rooms[in_copy])
    assert 0 < rooms[True] <= COPY_BYTES
    assert 0 < rooms[False] <= ROOM - COPY_BYTES


@linux_only
def test_a_copy_that_wants_more_memory_than_its_share_is_done_without():
    greedy = f"if in_copy and index == 57: bytearray({2 * COPY_BYTES})"
    parts, _ = run(f"{greedy}\n    if not in_copy: time.sleep(0.01)", before=LIMITED)
    assert parts == [[index, False] for index in range(COUNT)]


@linux_only
@pytest.mark.parametrize("body", ["pass", "if in_copy: os._exit(1)"])
def test_nothing_stays_open_and_no_process_behind(body: str):
    run(
        body,
        before="opened = len(os.listdir('/proc/self/fd'))",
        after="assert len(os.listdir('/proc/self/fd')) == opened\n"
        "import psutil; assert not psutil.Process().children()",
    )


@linux_only
def test_a_pdf_says_the_same_to_one_reader_and_to_two(tmp_path: Path):
    path = tmp_path / "long.pdf"
    path.write_bytes(slow_pdf(120))
    script = """
import sys
from dataclasses import replace
from leanrag.ingest import pdf_child, two_readers
two_readers.os.sched_getaffinity = lambda process: range(2)
copies, start = [], two_readers._Copy.start
two_readers._Copy.start = lambda *given: copies.append(start(*given)) or copies[-1]
data = open(sys.argv[1], "rb").read()
alone = pdf_child.read_pdf(data, 500)
assert not copies
assert pdf_child.read_pdf(data, 500, copy_seconds=60) == alone
assert None not in copies and len(copies) == 1
assert alone.outcome == "read" and len(set(alone.pages)) > 1
"""
    subprocess.run([sys.executable, "-c", script, path], cwd=ROOT, check=True, timeout=60)


def test_what_raises_in_both_raises_here():
    process = start("if index in (2, 57): raise ValueError('broken')")
    process.communicate(timeout=60)
    assert process.returncode == 1


@linux_only
def test_a_copy_ends_with_its_reader():
    process = start("time.sleep(30)")
    copies: list[psutil.Process] = []
    deadline = time.monotonic() + 30
    while not copies and time.monotonic() < deadline:
        time.sleep(0.05)
        copies = psutil.Process(process.pid).children()
    time.sleep(0.5)  # until it has bound itself
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=10)
    assert copies
    _, alive = psutil.wait_procs(copies, timeout=10)
    assert not alive


@linux_only
def test_who_stops_the_reading_stops_both():
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one processor has one reader")
    readers: list[psutil.Process] = []
    others = set(psutil.Process().children(recursive=True))  # of tests before

    def stop(_done: int, _total: int) -> None:
        readers[:] = set(psutil.Process().children(recursive=True)) - others
        if len(readers) == 2:
            raise ProcessingStopped("Enough.")

    limits = ChildLimits(memory_bytes=2**30, cpu_seconds=50, wall_seconds=60, max_pages=2000)
    with pytest.raises(ProcessingStopped):
        run_child("leanrag.ingest.pdf_child", slow_pdf(2000), limits, noun="PDF", on_wait=stop)
    _, alive = psutil.wait_procs(readers, timeout=10)
    assert not alive
