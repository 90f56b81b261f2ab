"""Can files of strangers be read within limits of memory and time?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from leanrag.cli.checks.finding import Finding, broken, ok, warning
from leanrag.errors import LeanRagError
from leanrag.ingest.extract import extract
from leanrag.ingest.validate import PDF
from leanrag.settings import Settings

_SAMPLE = Path(__file__).parents[2] / "demo" / "price-list.pdf"
# Exit codes: 0 the limit holds, 3 it cannot be set, 4 it is ignored.
_ATTEMPT = """
import resource, sys
limit = int(sys.argv[1])
try:
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
except (ValueError, OSError):
    sys.exit(3)
try:
    bytearray(limit)
except MemoryError:
    sys.exit(0)
sys.exit(4)
"""


def check_reading(settings: Settings) -> Iterator[Finding]:
    """Read the demo's PDF as an upload is read, and try to break the limit of memory."""
    yield _check_pdf(settings)
    yield _check_memory_limit(settings)


def _check_pdf(settings: Settings) -> Finding:
    try:
        document = extract(_SAMPLE.read_bytes(), PDF, settings=settings)
    except OSError:
        return broken("pdf reader", "The demo's PDF is missing.", "Fetch LeanRAG again.")
    except LeanRagError:
        remedy = "Raise LEANRAG_EXTRACTION_MEMORY_BYTES and look at `ulimit -a`."
        return broken("pdf reader", "The demo's PDF cannot be read here.", remedy)
    return ok("pdf reader", f"Read {len(document.pages)} pages in a process of its own.")


def _check_memory_limit(settings: Settings) -> Finding:
    limit = settings.extraction_memory_bytes
    command = [sys.executable, "-S", "-E", "-c", _ATTEMPT, str(limit)]
    try:
        code = subprocess.run(command, capture_output=True, timeout=30, check=False).returncode
    except subprocess.TimeoutExpired:
        code = 4
    if code == 0:
        return ok("memory limit", f"Reading a file may use {limit // 2**20} MB, and no more.")
    message = "This system does not hold a process to its limit of memory."
    remedy = "Take in only files that you trust, or run LeanRAG on Linux."
    return warning("memory limit", message, remedy)
