"""`worker`: works on queued uploads and crawls in a process of its own."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from leanrag.cli.opening import open_services
from leanrag.cli.terminal import say
from leanrag.ingest.queues import QUEUES, REEMBED_QUEUE, QueueName

EXAMPLES = "Example: LEANRAG_WORKER=false make run, and beside it: python -m leanrag worker"
_NICENESS = 5  # who chats comes first


def worker(
    queue: Annotated[
        QueueName | None,
        typer.Option("--queue", help="Work on this queue alone: files, websites or embeddings."),
    ] = None,
) -> None:
    """Work on queued uploads and crawls until Ctrl-C; a running job has 10 seconds to end."""
    with open_services(is_person=False) as services:
        os.nice(_NICENESS)  # after it has started the embedded database, which would inherit it
        say("The worker waits for uploads; stop it with Ctrl-C.")
        queues = QUEUES if queue is None else (queue,)
        switches = services.embedding_switches
        if REEMBED_QUEUE in queues:
            switches.start_due()
        services.jobs.run_worker(services.processing(), switches.run, queues=queues)
    say("The worker has stopped.")
