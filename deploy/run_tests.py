"""Run every test, in three processes at once where there are two processors, with coverage.

    python deploy/run_tests.py [arguments of pytest]

With arguments one process runs what they name. Most tests wait for a database, a browser or a
worker half of their time, so three processes keep two processors busy. Tests of pages are not
measured then: to be traced doubles their time, and others call what they call.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parent.parent
# Of about the same length: programs, browsers and the API; pages; and the product's own calls.
GROUPS = {
    "programs": ("api", "bench", "cli", "crawl", "db", "e2e", "ingest"),
    "pages": ("isolation", "pages"),
}
UNMEASURED = "pages"
PYTEST = (sys.executable, "-m", "pytest")
MEASURED = ("--cov", "--cov-report=")
COVERAGE = (sys.executable, "-m", "coverage")


def main(arguments: list[str]) -> int:
    """Run the tests and return pytest's exit code, the worst of all."""
    if arguments or (os.cpu_count() or 1) < 2:
        return subprocess.call([*PYTEST, "--cov", "--cov-report=term", *arguments], cwd=ROOT)
    began = time.monotonic()
    named = [f"tests/{name}" for group in GROUPS.values() for name in group]
    with ExitStack() as files:
        said = {name: files.enter_context(tempfile.TemporaryFile()) for name in GROUPS}
        beside = {
            name: _start([f"tests/{folder}" for folder in GROUPS[name]], name, said[name])
            for name in GROUPS
        }
        rest = _start(["tests", *(f"--ignore={folder}" for folder in named)], "rest", None)
        codes = [rest.wait(), *(process.wait() for process in beside.values())]
        for name, output in said.items():
            _show(name, output)
    subprocess.call([*COVERAGE, "combine", "--quiet"], cwd=ROOT)
    subprocess.call([*COVERAGE, "report"], cwd=ROOT)
    verdict = "something failed, see above" if any(codes) else "all passed"
    print(f"\nAll tests, in {time.monotonic() - began:.0f} s: {verdict}", flush=True)
    return max(map(abs, codes))


def _start(tests: list[str], name: str, output: IO[bytes] | None) -> subprocess.Popen[bytes]:
    """Run a group of the tests beside the others; its output goes to a file, or is seen at once."""
    caches = ("-o", f"cache_dir=.pytest_cache/{name}")
    return subprocess.Popen(
        [*PYTEST, *(() if name == UNMEASURED else MEASURED), *caches, *tests],
        cwd=ROOT,
        env={**os.environ, "COVERAGE_FILE": f".coverage.{name}"},
        stdout=output,
        stderr=output,
    )


def _show(name: str, output: IO[bytes]) -> None:
    print(f"\n== {name} ==", flush=True)
    output.seek(0)
    sys.stdout.buffer.write(output.read())
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
