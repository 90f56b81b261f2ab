"""One question to a chat model: its whole reply, and what it took.

For what a model writes in the background; answers are streamed (`speech`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from leanrag.budget import TOKENS_PER_MESSAGE, TOKENS_PER_REPLY
from leanrag.errors import ProviderError
from leanrag.llm import ChatModel
from leanrag.text.tokens import TokenCounter
from leanrag.types import ModelUsage, PromptMessage


@dataclass(frozen=True, slots=True)
class ModelReply:
    """A model's reply and what it cost; `failure` is why there is none, or only a part.

    `counted_tokens` is our count of the prompt; `usage` the provider's, or ours where it sent none.
    Both times are in milliseconds.
    """

    text: str
    model: str
    usage: ModelUsage
    counted_tokens: int
    latency_ms: float
    first_token_ms: float | None
    failure: str | None = None


def count_prompt(prompt: Sequence[PromptMessage], counter: TokenCounter) -> int:
    """Return the tokens of a prompt as they are billed, the chat format's overhead included."""
    return TOKENS_PER_REPLY + sum(
        TOKENS_PER_MESSAGE + counter.count(message.role) + counter.count(message.content)
        for message in prompt
    )


def ask_once(
    model: ChatModel,
    prompt: Sequence[PromptMessage],
    *,
    counter: TokenCounter,
    max_completion_tokens: int,
    cancelled: threading.Event,
) -> ModelReply:
    """Ask, and wait for the end. Never raises ProviderError: it is told in `failure`."""
    started = time.monotonic()
    pieces: list[str] = []
    usage: ModelUsage | None = None
    name, failure = model.name, None
    first_token_ms: float | None = None
    try:
        for piece in model.stream(
            prompt, cancelled=cancelled, max_completion_tokens=max_completion_tokens
        ):
            if piece.text and first_token_ms is None:
                first_token_ms = (time.monotonic() - started) * 1000
            pieces.append(piece.text)
            usage, name = piece.usage or usage, piece.model or name
            if piece.finish_reason == "length":
                failure = "The model did not come to an end."
    except ProviderError as exc:
        failure = exc.message
    if cancelled.is_set() and failure is None:
        failure = "The call was stopped."
    counted, text = count_prompt(prompt, counter), "".join(pieces)
    return ModelReply(
        text=text,
        model=name,
        usage=usage or _estimate(counted, counter.count(text)),
        counted_tokens=counted,
        latency_ms=(time.monotonic() - started) * 1000,
        first_token_ms=first_token_ms,
        failure=failure,
    )


def _estimate(counted_tokens: int, reply_tokens: int) -> ModelUsage:
    """Count what the provider did not report; nothing where no text came back."""
    return ModelUsage(
        prompt_tokens=counted_tokens if reply_tokens else 0,
        completion_tokens=reply_tokens,
        reported=False,
    )
