"""Run every test, in two processes at once where there are two processors, with coverage of all.

    python deploy/run_tests.py [arguments of pytest]

With arguments one process runs what they name. Most tests wait for a database, a browser or a
worker half of their time, so two processes take little more than half as long as one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Of about the same length: one drives programs and browsers, the other calls the product itself.
FIRST = ("bench", "cli", "crawl", "db", "e2e", "ingest")
PYTEST = (sys.executable, "-m", "pytest")
COVERAGE = (sys.executable, "-m", "coverage")


def main(arguments: list[str]) -> int:
    """Run the tests and return pytest's exit code, the worse of two."""
    if arguments or (os.cpu_count() or 1) < 2:
        return subprocess.call([*PYTEST, "--cov", "--cov-report=term", *arguments], cwd=ROOT)
    first = [f"tests/{name}" for name in FIRST]
    rest = ["tests", *(f"--ignore=tests/{name}" for name in FIRST)]
    began = time.monotonic()
    with tempfile.TemporaryFile() as said:
        beside = subprocess.Popen(
            _half(first, "first"), cwd=ROOT, env=_env("first"), stdout=said, stderr=said
        )
        codes = [subprocess.call(_half(rest, "rest"), cwd=ROOT, env=_env("rest")), beside.wait()]
        said.seek(0)
        print("\n== The other half of the tests ==", flush=True)
        sys.stdout.buffer.write(said.read())
        sys.stdout.flush()
    subprocess.call([*COVERAGE, "combine", "--quiet"], cwd=ROOT)
    subprocess.call([*COVERAGE, "report", "--skip-covered"], cwd=ROOT)
    verdict = "all passed" if not any(codes) else "something failed, see above"
    print(f"\nBoth halves, in {time.monotonic() - began:.0f} s: {verdict}", flush=True)
    return max(codes)


def _half(tests: list[str], name: str) -> list[str]:
    caches = ("-o", f"cache_dir=.pytest_cache/{name}")
    return [*PYTEST, "--cov", "--cov-report=", *caches, *tests]


def _env(name: str) -> dict[str, str]:
    return {**os.environ, "COVERAGE_FILE": f".coverage.{name}"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
