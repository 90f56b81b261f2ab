"""Chat models: text streamed from an OpenAI-compatible provider, and a second one when it fails."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, cast

from leanrag.errors import (
    ConfigurationError,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnauthorized,
    ProviderUnavailable,
)
from leanrag.provider import ProviderConfig, StreamLoop, provider_config
from leanrag.provider_errors import BROKEN_OFF, provider_errors, refused_parameter
from leanrag.settings import Settings
from leanrag.types import ModelDelta, ModelUsage, PromptMessage

if TYPE_CHECKING:
    import openai
    from openai.types import CompletionUsage
    from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

_log = logging.getLogger(__name__)

POLL_SECONDS = 0.1  # how late, at most, a silent stream notices that it was cancelled
FALLBACK_ERRORS = (
    ProviderUnauthorized,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
)
# What some compatible servers refuse; for max_completion_tokens they want max_tokens.
REFUSABLE_PARAMETERS = ("stream_options", "max_completion_tokens", "temperature")


class ChatModel(Protocol):
    """Answers a prompt, piece by piece."""

    @property
    def name(self) -> str:
        """Name of the model that is asked first."""

    def stream(
        self,
        messages: Sequence[PromptMessage],
        *,
        cancelled: threading.Event,
        max_completion_tokens: int | None = None,
    ) -> Iterator[ModelDelta]:
        """Yield pieces with text, then one last piece with usage and finish reason.

        Usage is None when the provider sent none. When `cancelled` is set the stream ends within
        0.25 s, without a last piece. Raises ProviderError; the pieces yielded before stay good.
        """

    def close(self) -> None:
        """End running streams and release connections; the model may be used again."""


def chat_model_from(settings: Settings) -> ChatModel | None:
    """Return the model that `settings` name, with its fallback; None without a key.

    Raises ConfigurationError when the fallback is half configured. The primary's key is sent to a
    fallback only at the primary's own address.
    """
    if not settings.has_model():
        return None
    config = provider_config(settings)
    primary = OpenAiChatModel(config)
    key = settings.fallback_api_key.get_secret_value() if settings.fallback_api_key else ""
    address = settings.fallback_base_url
    if not settings.fallback_model:
        if key or address:
            raise ConfigurationError(
                "A fallback provider is set without a model; set LEANRAG_FALLBACK_MODEL."
            )
        return primary
    if address and address != config.base_url and not key:
        raise ConfigurationError(
            "LEANRAG_FALLBACK_BASE_URL is another provider; set LEANRAG_FALLBACK_API_KEY too."
        )
    fallback = replace(
        config,
        model=settings.fallback_model,
        base_url=address or config.base_url,
        api_key=key or config.api_key,
    )
    return FallbackChatModel(primary, OpenAiChatModel(fallback))


class FallbackChatModel:
    """Asks `fallback` when `primary` fails before its first text; later failures go up.

    Which of the two served stands in ModelDelta.model.
    """

    def __init__(self, primary: ChatModel, fallback: ChatModel) -> None:
        self.name = primary.name
        self._primary = primary
        self._fallback = fallback

    def stream(
        self,
        messages: Sequence[PromptMessage],
        *,
        cancelled: threading.Event,
        max_completion_tokens: int | None = None,
    ) -> Iterator[ModelDelta]:
        """Yield the primary's pieces, or the fallback's; see ChatModel.stream."""
        limit = max_completion_tokens
        pieces = self._primary.stream(messages, cancelled=cancelled, max_completion_tokens=limit)
        try:
            try:
                first = next(pieces, None)  # a piece with text, or the last one
            except FALLBACK_ERRORS as error:
                _log.warning("%s failed (%s); asking %s", self.name, error, self._fallback.name)
                pieces = self._fallback.stream(
                    messages, cancelled=cancelled, max_completion_tokens=limit
                )
                first = next(pieces, None)
            if first is not None:
                yield first
                yield from pieces
        finally:
            if isinstance(pieces, Generator):
                pieces.close()

    def close(self) -> None:
        """Close both models."""
        self._primary.close()
        self._fallback.close()


class OpenAiChatModel:
    """Streams chat completions from one provider.

    The HTTP stream runs on a private loop, so that it can be cancelled while the provider is
    silent; the caller's thread takes the pieces from a queue. The first stream opens both.
    """

    def __init__(self, config: ProviderConfig) -> None:
        self.name = config.model
        self._config = config
        self._loop: StreamLoop | None = None
        self._opening = threading.Lock()
        self._refused: frozenset[str] = frozenset()  # parameters that this provider does not take

    def stream(
        self,
        messages: Sequence[PromptMessage],
        *,
        cancelled: threading.Event,
        max_completion_tokens: int | None = None,
    ) -> Iterator[ModelDelta]:
        """Yield the pieces of one completion; see ChatModel.stream."""
        if cancelled.is_set():
            return
        limit = max_completion_tokens or self._config.max_completion_tokens
        prompt = tuple(messages)
        pieces: queue.SimpleQueue[ModelDelta | None] = queue.SimpleQueue()
        receiving = self._start(lambda client: self._receive(client, prompt, limit, pieces.put))
        receiving.add_done_callback(lambda _: pieces.put(None))
        try:
            yield from _take(pieces, cancelled)
            if not cancelled.is_set():
                _raise_failure(receiving)
        finally:
            receiving.cancel()  # closes the HTTP stream where it is still open

    def close(self) -> None:
        """End running streams with ProviderUnavailable and close the connections."""
        with self._opening:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.close()

    def _start(
        self, receive: Callable[[openai.AsyncOpenAI], Coroutine[Any, Any, None]]
    ) -> Future[None]:
        with self._opening:  # held while starting, so that `close` cannot end the loop in between
            if self._loop is None:
                self._loop = StreamLoop(self._config)
            return self._loop.start(receive)

    # -- on the private loop --------------------------------------------------------------------

    async def _receive(
        self,
        client: openai.AsyncOpenAI,
        prompt: tuple[PromptMessage, ...],
        limit: int,
        deliver: Callable[[ModelDelta], None],
    ) -> None:
        """Deliver every piece of one completion. Raises ProviderError."""
        silence_seconds = self._config.silence_timeout_seconds
        reply = _Reply(self.name)
        with provider_errors(model=self.name, api_key=self._config.api_key):
            async with asyncio.timeout(silence_seconds):
                chunks = await self._request(client, prompt, limit)
                chunk = await anext(chunks, None)
            async with chunks:
                while chunk is not None:
                    if text := reply.add(chunk):
                        deliver(ModelDelta(text=text, model=reply.model))
                    async with asyncio.timeout(silence_seconds):
                        chunk = await anext(chunks, None)
        deliver(reply.last_piece())

    async def _request(
        self, client: openai.AsyncOpenAI, prompt: tuple[PromptMessage, ...], limit: int
    ) -> openai.AsyncStream[ChatCompletionChunk]:
        """Send the prompt, and again without each parameter that the provider refuses by name."""
        import openai

        refused = self._refused
        while True:
            try:
                chunks = await self._create(client, prompt, limit, refused)
            except openai.APIStatusError as error:
                sent = tuple(name for name in REFUSABLE_PARAMETERS if name not in refused)
                name = refused_parameter(error, sent)
                if name is None:
                    raise
                _log.info("%s refuses the parameter %s; asking without it", self.name, name)
                refused |= {name}
            else:
                self._refused = refused
                return chunks

    async def _create(
        self,
        client: openai.AsyncOpenAI,
        prompt: tuple[PromptMessage, ...],
        limit: int,
        refused: frozenset[str],
    ) -> openai.AsyncStream[ChatCompletionChunk]:
        from openai import omit

        messages = [{"role": message.role, "content": message.content} for message in prompt]
        takes_new_limit = "max_completion_tokens" not in refused
        return await client.chat.completions.create(
            model=self.name,
            messages=cast("list[ChatCompletionMessageParam]", messages),
            stream=True,
            stream_options=omit if "stream_options" in refused else {"include_usage": True},
            max_completion_tokens=limit if takes_new_limit else omit,
            max_tokens=omit if takes_new_limit else limit,  # its name until 2024
            temperature=omit if "temperature" in refused else self._config.temperature,
        )


def _take(
    pieces: queue.SimpleQueue[ModelDelta | None], cancelled: threading.Event
) -> Iterator[ModelDelta]:
    """Yield pieces until the None that ends them, or until `cancelled` is set."""
    while not cancelled.is_set():
        try:
            piece = pieces.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue
        if piece is None:
            return
        yield piece


def _raise_failure(receiving: Future[None]) -> None:
    if receiving.cancelled():
        raise ProviderUnavailable("The connection to the model provider was closed meanwhile.")
    error = receiving.exception()
    if error is not None:
        raise error


@dataclass(slots=True)
class _Reply:
    """What the chunks of one stream have told so far."""

    model: str
    usage: ModelUsage | None = None
    finish_reason: str = ""

    def add(self, chunk: ChatCompletionChunk) -> str:
        """Take a chunk in and return its text. Raises ValueError when it is no chunk at all.

        The client does not validate: any field may be missing or of another type.
        """
        choices = getattr(chunk, "choices", None)
        usage = getattr(chunk, "usage", None)
        if not isinstance(choices, list) and usage is None:
            raise ValueError("A chunk without choices and without usage.")
        model = getattr(chunk, "model", None)
        self.model = model if isinstance(model, str) and model else self.model
        self.usage = _usage_from(usage) or self.usage
        if not choices:
            return ""
        self.finish_reason = getattr(choices[0], "finish_reason", None) or self.finish_reason
        text = getattr(getattr(choices[0], "delta", None), "content", None)
        return text if isinstance(text, str) else ""

    def last_piece(self) -> ModelDelta:
        """Return the piece that ends the stream. Raises ProviderUnavailable if it was cut short."""
        if not self.finish_reason and self.usage is None:
            raise ProviderUnavailable(BROKEN_OFF)
        return ModelDelta(usage=self.usage, model=self.model, finish_reason=self.finish_reason)


def _usage_from(usage: CompletionUsage | None) -> ModelUsage | None:
    prompt, completion = (
        getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens")
    )
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return None
    cached = getattr(getattr(usage, "prompt_tokens_details", None), "cached_tokens", None)
    return ModelUsage(prompt, completion, cached if isinstance(cached, int) else 0)
