"""`worker`: works on queued uploads in a process of its own."""

from __future__ import annotations

from leanrag.cli.opening import open_services
from leanrag.cli.terminal import say

EXAMPLES = "Example: LEANRAG_WORKER=false make run, and beside it: python -m leanrag worker"


def worker() -> None:
    """Work on queued uploads until Ctrl-C; the running one is finished first."""
    with open_services() as services:
        say("The worker waits for uploads; stop it with Ctrl-C.")
        services.jobs.run_worker(services.ingest.process)
    say("The worker has stopped.")
