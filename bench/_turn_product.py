"""The product on a data directory of its own: started, timed, thrown away."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from bench._turn_figures import Machine
from leanrag.bootstrap import Services, start_services
from leanrag.demo.loader import DEMO_DIRECTORY
from leanrag.ingest.pipeline import Upload
from leanrag.settings import Settings

_ENOUGH_QUESTIONS = 10_000_000
_POLL_SECONDS = 0.005
_PDF_TIMEOUT_SECONDS = 60.0


@contextmanager
def data_directory() -> Iterator[Path]:
    """Make a directory with a short path (a socket's has 107 letters at most); remove it after."""
    directory = Path(tempfile.mkdtemp(prefix="lr"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def settings_for(home: Path) -> Settings:
    """Return the defaults, whatever the developer's environment says about model and database."""
    return Settings(
        _env_file=None,
        home=home,
        database_url=None,
        openai_api_key=None,
        fallback_api_key=None,
        embedding_model="local",
        max_prompt_tokens=1_500,
        questions_per_minute=_ENOUGH_QUESTIONS,
        questions_per_month=_ENOUGH_QUESTIONS,
        response_cache_seconds=0,  # the same questions are asked again, to be answered again
    )


def start(home: Path) -> tuple[Services, float]:
    """Start the services; return them and the seconds that it took."""
    started = time.perf_counter()
    services = start_services(settings_for(home), worker=True)
    return services, round(time.perf_counter() - started, 3)


def seconds_to_import() -> float:
    """Time a new interpreter that imports the product, less one that imports nothing."""
    root = Path(__file__).resolve().parents[1]
    seconds = []
    for statement in ("pass", "import leanrag.bootstrap"):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], cwd=root, check=True)
        seconds.append(time.perf_counter() - started)
    return round(seconds[1] - seconds[0], 3)


def describe_machine(services: Services) -> Machine:
    """Return cores, Python and PostgreSQL."""
    with services.database.administration() as session:
        version = str(session.execute(text("SHOW server_version")).scalar_one())
    return Machine(os.cpu_count() or 1, platform.python_version(), version.split()[0])


def measure_pdf(services: Services, times: int) -> float:
    """Return the median seconds for a two-page PDF, from its acceptance to its last passage."""
    data = (DEMO_DIRECTORY / "price-list.pdf").read_bytes()
    measured = []
    for number in range(times):
        tenant_id = services.tenants.create(f"pdf-{number}", "PDF").tenant_id
        started = time.perf_counter()
        accepted = services.ingest.accept(tenant_id, Upload("price-list.pdf", data))
        status = accepted.source.status
        while status != "processed":
            waited = time.perf_counter() - started
            if status == "failed" or waited > _PDF_TIMEOUT_SECONDS:
                raise RuntimeError(f"The PDF is {status} after {waited:.0f} s.")
            time.sleep(_POLL_SECONDS)
            status = services.sources.get(tenant_id, accepted.source.source_id).status
        measured.append(time.perf_counter() - started)
    return round(sorted(measured)[len(measured) // 2], 3)
