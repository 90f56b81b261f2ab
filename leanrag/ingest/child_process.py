"""Runs a reader of strangers' files in a process of its own, to its end or to its limits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

from leanrag.errors import ExtractionFailed
from leanrag.ingest.child_limits import ChildLimits

_SOURCE_ROOT = Path(__file__).resolve().parents[2]


def run_child(
    module: str, data: bytes, limits: ChildLimits, *arguments: str, noun: str
) -> dict[str, Any]:
    """Give `data` to `python -m module LIMITS ARGUMENTS` and return the JSON object it writes.

    `noun` names the file in the sentences of ExtractionFailed, which is raised where the process
    does not end well: over its limits of time, processor time or memory, or by a crash.
    """
    # Files instead of pipes: the kernel bounds what the process may write, and nothing can block.
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as output:
        file.write(data)
        file.seek(0)
        process = start_child(module, limits.to_argument(), *arguments, stdin=file, stdout=output)
        _await(process, limits.wall_seconds, noun)
        return _read_report(output, process.returncode, noun)


def start_child(
    module: str, *arguments: str, stdin: IO[bytes] | int, stdout: IO[bytes] | int
) -> subprocess.Popen[bytes]:
    """Start `python -m module ARGUMENTS` without our secrets, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-s", "-E", "-m", module, *arguments],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        cwd=_SOURCE_ROOT,
        env={"LC_ALL": "C.UTF-8"},  # no secrets for a process that reads strangers' files
        start_new_session=True,
        bufsize=0,
    )


def end_child(process: subprocess.Popen[bytes]) -> None:
    """End the process and all that it started, if it still runs."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _await(process: subprocess.Popen[bytes], wall_seconds: float, noun: str) -> None:
    try:
        process.wait(timeout=wall_seconds)
    except subprocess.TimeoutExpired:
        raise ExtractionFailed(
            f"Reading this {noun} took longer than {wall_seconds} seconds; "
            "split it or export it again, and upload the new file."
        ) from None
    finally:
        end_child(process)


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
