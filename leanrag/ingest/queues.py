"""The queues: of files and lists, of websites, and of tenants that change their embedding model."""

from __future__ import annotations

from typing import Literal

QueueName = Literal["ingest", "crawl", "reembed"]
SOURCE_QUEUES: tuple[QueueName, ...] = ("ingest", "crawl")
REEMBED_QUEUE: QueueName = "reembed"
QUEUES: tuple[QueueName, ...] = (*SOURCE_QUEUES, REEMBED_QUEUE)
