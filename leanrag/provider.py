"""How a model provider is reached: its address and key, blocking and streaming clients."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from leanrag.errors import ConfigurationError
from leanrag.provider_errors import retry_after_seconds
from leanrag.settings import Settings

if TYPE_CHECKING:  # importing openai takes 0.4 s; without a key it is never needed
    import httpx2
    import openai

# A person waits for the answer: a longer Retry-After fails at once, so that a fallback can serve.
MAX_RETRY_AFTER_SECONDS = 10.0
CLOSE_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """How to reach one model at an OpenAI-compatible provider; times in seconds.

    `silence_timeout_seconds` is the longest wait for the first piece of a reply, retries included,
    and for every later one. Raises ConfigurationError for a key or address that cannot be sent.
    """

    api_key: str = field(repr=False)
    base_url: str
    model: str
    connect_timeout_seconds: float = 5.0
    silence_timeout_seconds: float = 30.0
    max_retries: int = 2
    max_completion_tokens: int = 500
    temperature: float = 0.2

    def __post_init__(self) -> None:
        if not self.api_key or not re.fullmatch(r"[!-~]+", self.api_key):
            raise ConfigurationError(
                "The API key is empty or holds spaces or letters that no key has; copy it again."
            )
        if not re.fullmatch(r"https?://[^\s/]\S*", self.base_url):
            raise ConfigurationError(
                f"The provider's address {self.base_url!r} must start with http:// or https://."
            )


def provider_config(settings: Settings) -> ProviderConfig:
    """Return the primary provider of `settings`. Raises ConfigurationError without a usable key."""
    key = settings.openai_api_key
    return ProviderConfig(
        api_key=key.get_secret_value() if key else "",
        base_url=settings.openai_base_url,
        model=settings.model,
        connect_timeout_seconds=settings.provider_connect_timeout_seconds,
        silence_timeout_seconds=settings.provider_silence_timeout_seconds,
        max_retries=settings.provider_max_retries,
        max_completion_tokens=settings.max_completion_tokens,
        temperature=settings.temperature,
    )


def address_of(settings: Settings, model: str) -> str:
    """Return the address that served `model`, which decides its price.

    Providers add dates to the names of models, so the longer of the configured names that begins
    `model` decides between primary and fallback.
    """
    fallback = settings.fallback_model
    is_fallback = bool(fallback) and model.startswith(fallback)
    if is_fallback and model.startswith(settings.model):
        is_fallback = len(fallback) > len(settings.model)
    return (is_fallback and settings.fallback_base_url) or settings.openai_base_url


# ---- clients ----------------------------------------------------------------------------------


def open_async_client(config: ProviderConfig) -> openai.AsyncOpenAI:
    """Open a client for streams; the caller closes it on the loop that used it."""
    import openai

    async def refuse_long_waits(response: httpx2.Response) -> None:
        _refuse_long_wait(response)

    timeout = _timeout(config)
    return openai.AsyncOpenAI(
        api_key=config.api_key,
        base_url=config.base_url,
        timeout=timeout,
        max_retries=config.max_retries,
        http_client=openai.DefaultAsyncHttpx2Client(
            timeout=timeout, event_hooks={"response": [refuse_long_waits]}
        ),
    )


def open_client(config: ProviderConfig) -> openai.OpenAI:
    """Open a blocking client, to be shared by threads; the caller closes it."""
    import openai

    timeout = _timeout(config)
    return openai.OpenAI(
        api_key=config.api_key,
        base_url=config.base_url,
        timeout=timeout,
        max_retries=config.max_retries,
        http_client=openai.DefaultHttpx2Client(
            timeout=timeout, event_hooks={"response": [_refuse_long_wait]}
        ),
    )


def _timeout(config: ProviderConfig) -> openai.Timeout:
    import openai

    return openai.Timeout(config.silence_timeout_seconds, connect=config.connect_timeout_seconds)


def _refuse_long_wait(response: httpx2.Response) -> None:
    """Tell openai's retry loop, in the header that it obeys, not to sleep for minutes."""
    if retry_after_seconds(response.headers) > MAX_RETRY_AFTER_SECONDS:
        response.headers["x-should-retry"] = "false"


class StreamLoop:
    """One asyncio loop in one daemon thread, with a client for streams; both end with `close`.

    Only on a loop can a read that waits for a silent provider be interrupted.
    """

    def __init__(self, config: ProviderConfig) -> None:
        self._client = open_async_client(config)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="provider-streams", daemon=True)
        self._thread.start()

    def start(
        self, receive: Callable[[openai.AsyncOpenAI], Coroutine[Any, Any, None]]
    ) -> Future[None]:
        """Run `receive` on the loop; cancelling the future interrupts it. Not after `close`."""
        return asyncio.run_coroutine_threadsafe(receive(self._client), self._loop)

    def close(self) -> None:
        """Cancel what runs, close the connections and end the thread (within 5 s)."""
        asyncio.run_coroutine_threadsafe(self._shut_down(), self._loop).result(
            CLOSE_TIMEOUT_SECONDS
        )
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSE_TIMEOUT_SECONDS)

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.close()

    async def _shut_down(self) -> None:
        running = asyncio.all_tasks() - {asyncio.current_task()}
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._client.close()
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()
