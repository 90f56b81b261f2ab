"""What one server grants to all callers of the API together, and to one request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApiLimits:
    """Sizes in bytes, times in seconds; the defaults fit one process on two cores."""

    upload_bytes: int = 26 * 2**20  # a file of 25 MB and what multipart puts around it
    json_bytes: int = 64 * 2**10
    list_bytes: int = 8 * 2**20  # a list of records, or instructions
    threads: int = 12
    waiting_calls: int = 96
    streams: int = 32
    heartbeat_seconds: float = 10.0
    ready_seconds: float = 10.0
