"""Asks questions while a worker reads a long PDF: what a customer notices of the feeding."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import cycle
from pathlib import Path
from uuid import UUID

from bench import _ingest_figures as figures
from bench import _turn_product as product
from bench._turn_figures import spread
from bench._turn_rounds import ask
from leanrag.bootstrap import Services, start_services
from leanrag.demo.loader import demo_questions
from leanrag.ingest.pipeline import Upload

IN_CONSOLE, ON_ITS_OWN = "worker in this process", "worker in a process of its own"
_ROOT = Path(__file__).resolve().parents[1]
_TIMEOUT_SECONDS = 300.0


def measure(home: Path, worker: str, pages: int, data: bytes, turns: int) -> figures.Beside:
    """Ask so many questions alone, then as many as there is time for beside the reading."""
    settings = product.settings_for(home)
    in_console = worker == IN_CONSOLE
    with closing(start_services(settings, worker=in_console)) as services:
        tenant_id = services.tenants.create(f"beside-{int(in_console)}", "Beside").tenant_id
        with _worker_process(home, is_wanted=not in_console) as check:
            _process(services, tenant_id, Upload("first.txt", b"A worker is there."), check)
            asked = cycle(question.question for question in demo_questions())

            def turn() -> float:
                return ask(services, services.local_tenant_id, next(asked))[0].milliseconds

            for _ in range(turns // 4):  # warms up
                turn()
            idle = [turn() for _ in range(turns)]
            busy: list[float] = []
            started = time.perf_counter()
            upload = Upload("handbook.pdf", data)
            _process(services, tenant_id, upload, lambda: busy.append(turn()))
            seconds = time.perf_counter() - started
    return figures.Beside(
        worker=worker,
        pages=pages,
        idle_turns=len(idle),
        idle=spread(idle),
        busy_turns=len(busy),
        busy=spread(busy),
        seconds=round(seconds, 1),
    )


def _process(
    services: Services, tenant_id: UUID, upload: Upload, meanwhile: Callable[[], None]
) -> None:
    """Give an upload to the worker, and do something again and again until it is processed."""
    source_id = services.ingest.accept(tenant_id, upload).source.source_id
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    status = "pending"
    while status != "processed":
        if status == "failed" or time.monotonic() > deadline:
            raise RuntimeError(f"The file is {status}.")
        meanwhile()
        time.sleep(0.005)  # a customer is not the only one who waits
        status = services.sources.get(tenant_id, source_id).status


@contextmanager
def _worker_process(home: Path, *, is_wanted: bool) -> Iterator[Callable[[], None]]:
    """Run the command line's worker if it is wanted; yield what raises when it has ended."""
    if not is_wanted:
        yield lambda: None
        return
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LEANRAG_")}
    worker = subprocess.Popen(
        [sys.executable, "-m", "leanrag", "worker"],
        cwd=home,  # where no .env is
        env={**kept, "LEANRAG_HOME": str(home), "PYTHONPATH": str(_ROOT)},
        stdout=subprocess.DEVNULL,
    )

    def check() -> None:
        if worker.poll() is not None:
            raise RuntimeError(f"The worker ended with {worker.returncode}.")

    try:
        yield check
    finally:
        worker.terminate()
        worker.wait()
