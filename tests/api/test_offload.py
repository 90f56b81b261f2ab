from __future__ import annotations

import asyncio
import threading

import pytest

from leanrag.api.limits import ApiLimits
from leanrag.api.offload import Offload
from leanrag.errors import NotFound, RateLimited


def test_a_blocking_call_runs_on_a_thread_of_the_pool() -> None:
    async def scenario() -> str:
        offload = Offload(ApiLimits(threads=1))
        name = await offload.run(lambda: threading.current_thread().name)
        offload.close()
        return name

    assert asyncio.run(scenario()).startswith("leanrag-api")


def test_an_error_comes_back_to_who_waits() -> None:
    def fail() -> None:
        raise NotFound("It is not here.")

    async def scenario() -> None:
        offload = Offload(ApiLimits(threads=1))
        with pytest.raises(NotFound, match="It is not here"):
            await offload.run(fail)
        offload.close()

    asyncio.run(scenario())


def test_a_full_queue_is_refused_and_free_again_after() -> None:
    release = threading.Event()

    async def scenario() -> None:
        offload = Offload(ApiLimits(threads=1, waiting_calls=1))
        busy = [asyncio.ensure_future(offload.run(release.wait, 5)) for _ in range(2)]
        await asyncio.sleep(0.01)
        with pytest.raises(RateLimited) as refused:
            await offload.run(release.is_set)
        details = {"limit": 2, "used": 2, "remaining": 0, "reset": 1}
        assert refused.value.details == details
        release.set()
        await asyncio.gather(*busy)
        assert await offload.run(release.is_set)
        offload.close()

    asyncio.run(scenario())


def test_an_abandoned_call_counts_until_its_thread_is_free() -> None:
    release = threading.Event()

    async def scenario() -> None:
        offload = Offload(ApiLimits(threads=1, waiting_calls=0))
        waiting = asyncio.ensure_future(offload.run(release.wait, 5))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.sleep(0.01)
        with pytest.raises(RateLimited):
            await offload.run(release.is_set)
        release.set()
        offload.close()

    asyncio.run(scenario())


def test_streams_are_counted_while_they_last() -> None:
    offload = Offload(ApiLimits(streams=1))
    with offload.count_stream(), pytest.raises(RateLimited, match="streamed"):
        offload.count_stream().__enter__()
    with offload.count_stream():
        pass
    offload.close()
