"""What an embedding provider allows: how much in a request, how much in a minute, which lengths."""

from __future__ import annotations

import threading
import time

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from leanrag.errors import ConfigurationError

# OpenAI takes 8,192 tokens a text and 300,000 a request; both with room for other tokenizers.
MAX_TEXT_TOKENS = 8_000
MAX_REQUEST_TOKENS = 250_000

# Longest vector of each model that OpenAI serves (its guide "Vector embeddings").
_LONGEST_VECTOR = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}
# The models that take a `dimensions` parameter and so make shorter vectors too.
_RESIZABLE_MODELS = "text-embedding-3"
_LENGTH_MARK = "#"
_POLL_SECONDS = 0.1


def is_resizable(model: str) -> bool:
    """Tell whether a provider's model can be asked for shorter vectors than its own."""
    return model.rpartition("/")[2].startswith(_RESIZABLE_MODELS)


def vector_length(model: str, wanted: int | None) -> int | None:
    """Return the length of a provider model's vectors: `wanted`, else its own, None if not known.

    Raises ConfigurationError where the model is known and cannot make vectors of that length.
    """
    longest = _LONGEST_VECTOR.get(model.rpartition("/")[2])
    if longest is None or wanted is None:
        return wanted or longest
    if wanted > longest or (wanted < longest and not is_resizable(model)):
        at_most = "at most " if is_resizable(model) else ""
        raise ConfigurationError(
            f"The embedding model {model!r} makes vectors of {at_most}{longest} numbers, not of "
            f"{wanted}: set LEANRAG_EMBEDDING_DIMENSIONS to {longest}, or leave it unset."
        )
    return wanted


def model_identity(model: str, dimensions: int | None) -> str:
    """Return the name that a provider model's vectors are stored under.

    Shorter vectors than its own bear their length: "text-embedding-3-large#1024".
    """
    longest = _LONGEST_VECTOR.get(model.rpartition("/")[2])
    if dimensions is None or dimensions == longest or not is_resizable(model):
        return model
    return f"{model}{_LENGTH_MARK}{dimensions}"


def read_identity(identity: str) -> tuple[str, int | None]:
    """Return the provider's own name of a model, and the length of vectors that is asked for."""
    model, _, length = identity.rpartition(_LENGTH_MARK)
    if is_resizable(model) and length.isdecimal():
        return model, int(length)
    return identity, None


class RequestPacer:
    """Spreads requests over time, within so many requests and tokens a minute. Thread-safe.

    It counts what this process sends, in a sliding window; 0 stands for no limit.
    """

    def __init__(
        self, *, requests_per_minute: int = 0, tokens_per_minute: int = 0, window_seconds: int = 60
    ) -> None:
        """Allow the two numbers in every `window_seconds`, which are a minute but in tests."""
        self.max_request_tokens = min(MAX_REQUEST_TOKENS, tokens_per_minute or MAX_REQUEST_TOKENS)
        self._requests = _item(requests_per_minute, window_seconds, "requests")
        self._tokens = _item(tokens_per_minute, window_seconds, "tokens")
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._admitting = threading.Lock()

    def wait(self, tokens: int) -> None:
        """Return as soon as a request of `tokens` may be sent, and count it."""
        while not self._admit(tokens):
            time.sleep(_POLL_SECONDS)

    def count(self, tokens: int) -> None:
        """Count a request of `tokens` that does not wait: the others wait the longer."""
        for item, cost in self._costs(tokens):
            self._limiter.hit(item, cost=cost)

    def _admit(self, tokens: int) -> bool:
        costs = self._costs(tokens)
        with self._admitting:
            is_free = all(self._limiter.test(item, cost=cost) for item, cost in costs)
            if is_free:
                self.count(tokens)
            return is_free

    def _costs(self, tokens: int) -> list[tuple[RateLimitItem, int]]:
        # A single text may be longer than a minute's tokens: it takes them all.
        wanted = ((self._requests, 1), (self._tokens, tokens))
        return [(item, min(cost, item.amount)) for item, cost in wanted if item is not None]


def _item(amount: int, seconds: int, name: str) -> RateLimitItem | None:
    return RateLimitItemPerSecond(amount, seconds, namespace=name) if amount else None
