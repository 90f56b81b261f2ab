"""Reads pages in a process of its own: `python -m leanrag.crawl.page_child LIMITS`.

HTML made by strangers is parsed here, where a crash, a bomb or an endless loop ends nothing but
this process. One page after the other comes in through standard input (a line of JSON, then the
bytes); a line of JSON for each goes out through standard output.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import warnings
from dataclasses import asdict
from typing import Any

from leanrag.crawl.page_html import read_html
from leanrag.errors import LeanRagError


def main() -> None:
    """Read pages until standard input ends, each within the limits given."""
    limits = json.loads(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may write between the lines
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        body = sys.stdin.buffer.read(request.pop("length"))
        _allow_processor_time(limits["cpu_seconds"])
        output.write(json.dumps(_read(body, request)) + "\n")
        output.flush()


def _allow_processor_time(seconds: int) -> None:
    """Let this process compute for `seconds` more before the kernel ends it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + 1 + seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (most, hard))


def _read(body: bytes, request: dict[str, str]) -> dict[str, Any]:
    try:
        return asdict(read_html(body, **request))
    except MemoryError:
        raise
    except LeanRagError as error:
        return {"error": error.message}
    except Exception:  # noqa: BLE001 - what a broken page makes the parsers raise is not known
        return {"error": "This page is damaged and cannot be read."}


if __name__ == "__main__":
    main()
