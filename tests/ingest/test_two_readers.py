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

from leanrag.ingest.two_readers import MIN_PARTS

ROOT = Path(__file__).parents[2]
# Forking is for processes of one thread: each test has one of its own.
SCRIPT = """
import json, os, signal, sys, time
from leanrag.ingest import two_readers
two_readers._processors = lambda: PROCESSORS
reader, told = os.getpid(), []
def read(index):
    in_copy = os.getpid() != reader
    READ
    return [index, in_copy]
parts = two_readers.read_parts(
    read, COUNT, copy_seconds=SECONDS, on_part=lambda done, count: told.append([done, count])
)
print(json.dumps([parts, told]))
"""


def start(
    body: str, *, count: int = MIN_PARTS, seconds: int | None = 30, processors: int = 2
) -> subprocess.Popen[str]:
    script = SCRIPT.replace("READ", body).replace("COUNT", str(count))
    script = script.replace("SECONDS", str(seconds)).replace("PROCESSORS", str(processors))
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
    "options", [{"count": MIN_PARTS - 1}, {"seconds": None}, {"processors": 1}]
)
def test_one_process_reads_what_is_short_or_may_not_be_shared(options: dict[str, Any]):
    parts, told = run("pass", **options)
    assert [index for index, _ in parts] == list(range(options.get("count", MIN_PARTS)))
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
    assert parts == [[index, False] for index in range(MIN_PARTS)]


def test_what_raises_in_both_raises_here():
    process = start("if index in (2, 57): raise ValueError('broken')")
    process.communicate(timeout=60)
    assert process.returncode == 1


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
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
