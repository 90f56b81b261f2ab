from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from uuid import UUID

import pytest

from leanrag.bootstrap import Services
from leanrag.ingest.pipeline import Upload


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_worker_works_on_uploads_until_it_is_stopped(
    console: Services, start: Callable[..., subprocess.Popen], ending: signal.Signals
) -> None:
    console.jobs.close()  # from now on nobody but the command works on jobs
    working = start("worker", environment={"LEANRAG_HOME": str(console.settings.home)})
    assert "waits for uploads" in working.stdout.readline()
    upload = Upload(f"{ending.name}.txt", f"A note about {ending.name} and spare lids.".encode())
    accepted = console.ingest.accept(console.local_tenant_id, upload)
    assert _await_end(console, accepted.source.source_id) == "processed"
    working.send_signal(ending)
    out, err = working.communicate(timeout=15)
    assert (working.returncode, err) == (0, "")
    assert "has stopped" in out


def _await_end(console: Services, source_id: UUID) -> str:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        status = console.sources.get(console.local_tenant_id, source_id).status
        if status in ("processed", "failed"):
            return status
        time.sleep(0.05)
    return "waited too long"
