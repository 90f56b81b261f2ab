"""What a process that reads strangers' files may use, and how it binds itself to that."""

from __future__ import annotations

import json
import resource
import signal
from dataclasses import asdict, dataclass

MAX_OUTPUT_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What the process may use, as its parent writes it on the command line."""

    memory_bytes: int
    cpu_seconds: int
    wall_seconds: int
    max_pages: int

    def to_argument(self) -> str:
        """Return the limits as one command-line argument."""
        return json.dumps(asdict(self))

    @classmethod
    def from_argument(cls, argument: str) -> ChildLimits:
        """Return the limits that `to_argument` wrote."""
        return cls(**json.loads(argument))


def limit_process(limits: ChildLimits) -> None:
    """Bind this process to its limits for good."""
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, MAX_OUTPUT_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    signal.alarm(limits.wall_seconds + 5)  # ends an orphan whose parent was killed
