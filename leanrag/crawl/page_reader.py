"""The bytes of a page → what it says, read by a process that may crash or hang without harm."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, cast

from leanrag.crawl.crawled import PageContent, SuggestedPair
from leanrag.crawl.failures import PageUnreadable
from leanrag.ingest.child_process import end_child, start_child

_PIPE_BYTES = 64 * 1024
_MAX_ANSWER_BYTES = 64 * 2**20
_TOO_MUCH = "Reading this page took more time or memory than allowed; it is left out."


@dataclass(frozen=True, slots=True)
class ReaderLimits:
    """What reading one page may take; the memory is that of the whole process."""

    memory_bytes: int = 1_000_000_000
    cpu_seconds: int = 15
    wall_seconds: float = 30.0


class PageReader:
    """Reads pages one after the other in a process that is started when it is needed.

    For one thread; close it, or use it as a context manager. The process holds no secrets of ours
    and is started again after a page that ended it.
    """

    def __init__(self, limits: ReaderLimits | None = None) -> None:
        self._limits = limits or ReaderLimits()
        self._process: subprocess.Popen[bytes] | None = None

    def read(
        self, body: bytes, url: str, *, charset: str = "", robots_tag: str = "", language: str = ""
    ) -> PageContent:
        """Read a page; the last three are what the HTTP headers say. Raises PageUnreadable."""
        request = {"url": url, "charset": charset, "robots_tag": robots_tag, "language": language}
        process = self._running()
        try:
            answer = self._exchange(process, _message(request, body))
        except (OSError, ValueError, PageUnreadable) as error:
            self.close()
            raise PageUnreadable(_TOO_MUCH) from error
        if "error" in answer:
            raise PageUnreadable(str(answer["error"]))
        return _content(answer)

    def close(self) -> None:
        """End the process, if one runs."""
        process, self._process = self._process, None
        if process is None:
            return
        end_child(process)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> PageReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = start_child(
                "leanrag.crawl.page_child",
                self._argument(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            assert self._process.stdin is not None
            os.set_blocking(self._process.stdin.fileno(), False)
        return self._process

    def _argument(self) -> str:
        limits = asdict(self._limits)
        del limits["wall_seconds"]  # kept on this side
        return json.dumps(limits)

    def _exchange(self, process: subprocess.Popen[bytes], message: bytes) -> dict[str, Any]:
        """Send a page and await its line. Raises PageUnreadable, OSError or ValueError."""
        assert process.stdin is not None
        assert process.stdout is not None
        end = time.monotonic() + self._limits.wall_seconds
        unsent, answer = memoryview(message), bytearray()
        while not answer.endswith(b"\n"):
            writable = [process.stdin] if unsent else []
            ready_out, ready_in, _ = select.select(
                [process.stdout], writable, [], max(0.0, end - time.monotonic())
            )
            if not ready_out and not ready_in:
                raise PageUnreadable(_TOO_MUCH)
            if ready_in:
                unsent = unsent[os.write(process.stdin.fileno(), unsent[:_PIPE_BYTES]) :]
            if ready_out:
                piece = os.read(process.stdout.fileno(), _PIPE_BYTES)
                answer += piece
                if not piece or len(answer) > _MAX_ANSWER_BYTES:
                    raise PageUnreadable(_TOO_MUCH)
        return cast("dict[str, Any]", json.loads(answer))


def _message(request: dict[str, str], body: bytes) -> bytes:
    return json.dumps({**request, "length": len(body)}).encode("ascii") + b"\n" + body


def _content(answer: dict[str, Any]) -> PageContent:
    answer["links"] = tuple(answer["links"])
    answer["marked_pairs"] = tuple(SuggestedPair(**pair) for pair in answer["marked_pairs"])
    return PageContent(**answer)
