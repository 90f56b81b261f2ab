"""Runs a reader of strangers' files in a process of its own, to its end or to its limits."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from leanrag.errors import ExtractionFailed
from leanrag.ingest.child_limits import PARENT_VARIABLE, ChildLimits
from leanrag.ingest.child_progress import PROGRESS_VARIABLE, read_progress

_SOURCE_ROOT = Path(__file__).resolve().parents[2]
_LOOK_SECONDS = 0.5

# Called now and then while a process reads, with the parts it has read and all of them (zeros
# where it does not say); what it raises ends the process.
OnWait = Callable[[int, int], None]


def run_child(
    module: str,
    data: bytes,
    limits: ChildLimits,
    *arguments: str,
    noun: str,
    on_wait: OnWait | None = None,
) -> dict[str, Any]:
    """Give `data` to `python -m module LIMITS ARGUMENTS` and return the JSON object it writes.

    `noun` names the file in the sentences of ExtractionFailed, which is raised where the process
    does not end well: over its limits of time, processor time or memory, or by a crash.
    """
    # Files instead of pipes: the kernel bounds what the process may write, and nothing can block.
    with (
        tempfile.TemporaryFile() as file,
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as progress,
    ):
        file.write(data)
        file.seek(0)
        command = module, limits.to_argument(), *arguments
        process = start_child(*command, stdin=file, stdout=output, progress=progress)
        _await(process, limits.wall_seconds, noun, progress, on_wait)
        return _read_report(output, process.returncode, noun)


def start_child(
    module: str,
    *arguments: str,
    stdin: IO[bytes] | int,
    stdout: IO[bytes] | int,
    progress: IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `python -m module ARGUMENTS` without our secrets, in a process group of its own.

    It ends with the thread that calls this, if it asks for that (`child_limits.end_with_parent`);
    `progress` is the file that `child_progress` writes to.
    """
    # No secrets for a process that reads strangers' files.
    environment = {"LC_ALL": "C.UTF-8", PARENT_VARIABLE: str(os.getpid())}
    if progress is not None:
        environment[PROGRESS_VARIABLE] = str(progress.fileno())
    return subprocess.Popen(
        [sys.executable, "-s", "-E", "-m", module, *arguments],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        cwd=_SOURCE_ROOT,
        env=environment,
        pass_fds=() if progress is None else (progress.fileno(),),
        start_new_session=True,
        bufsize=0,
    )


def end_child(process: subprocess.Popen[bytes]) -> None:
    """End the process and all that it started, if it still runs."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _await(
    process: subprocess.Popen[bytes],
    wall_seconds: float,
    noun: str,
    progress: IO[bytes],
    on_wait: OnWait | None,
) -> None:
    end = time.monotonic() + wall_seconds
    try:
        while not _ends_within(process, min(_LOOK_SECONDS, end - time.monotonic())):
            if time.monotonic() >= end:
                raise ExtractionFailed(
                    f"Reading this {noun} took longer than {wall_seconds} seconds; "
                    "split it or export it again, and upload the new file."
                )
            if on_wait is not None:
                on_wait(*read_progress(progress))
    finally:
        end_child(process)


def _ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    seconds = max(0.0, seconds)
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not Linux, or an old one
        return _is_seen_to_end_within(process, seconds)
    try:
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        waiting.poll(seconds * 1000)
    finally:
        os.close(descriptor)
    return process.poll() is not None


def _is_seen_to_end_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Look for its end by the clock, at last every 50 ms."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _read_report(output: IO[bytes], return_code: int, noun: str) -> dict[str, Any]:
    if return_code == -signal.SIGXCPU or return_code == -signal.SIGKILL:
        raise ExtractionFailed(
            f"Reading this {noun} took more computing time than allowed; "
            "split it or export it again, and upload the new file."
        )
    if return_code != 0:
        raise ExtractionFailed(
            f"This {noun} is damaged or needs more memory than allowed; "
            "export it again and upload the new file."
        )
    output.seek(0)
    report: dict[str, Any] = json.load(output)
    return report
