"""Blocking calls on threads of the API's own, so that it and the pages cannot starve each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from leanrag.api.limits import ApiLimits
from leanrag.errors import RateLimited

P = ParamSpec("P")
T = TypeVar("T")


class Offload:
    """A pool with a bounded queue; made when the API starts and closed when it ends.

    Streams are counted too: each of them keeps a thread of its own busy for a whole answer.
    """

    def __init__(self, limits: ApiLimits) -> None:
        self._pool = ThreadPoolExecutor(limits.threads, thread_name_prefix="leanrag-api")
        self._most_calls = limits.threads + limits.waiting_calls
        self._most_streams = limits.streams
        self._calls = 0
        self._streams = 0

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking call and return its result. Raises RateLimited when the queue is full."""
        if self._calls >= self._most_calls:
            raise _overloaded("requests", limit=self._most_calls)
        future: Future[T] = self._pool.submit(call, *args, **kwargs)
        self._calls += 1
        loop = asyncio.get_running_loop()
        # Counted by the thread's end and not by the await's: an abandoned call still runs.
        future.add_done_callback(lambda _: self._settle(loop))
        return await asyncio.wrap_future(future)

    @contextmanager
    def count_stream(self) -> Iterator[None]:
        """Count a stream while it lasts. Raises RateLimited when there are as many as may be."""
        if self._streams >= self._most_streams:
            raise _overloaded("streamed answers", limit=self._most_streams)
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1

    def close(self) -> None:
        """Take no further calls; those that run come to their end, waiting ones are dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _settle(self, loop: asyncio.AbstractEventLoop) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._uncount)

    def _uncount(self) -> None:
        self._calls -= 1


def _overloaded(what: str, *, limit: int) -> RateLimited:
    return RateLimited(
        f"The server is busy with {limit} {what}; try again in a moment.",
        limit=limit,
        used=limit,
        remaining=0,
        reset=1,
    )
