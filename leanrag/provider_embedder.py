"""Texts become vectors at a model provider: batched, paced, tried again, counted."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from leanrag.embedder import Embedded, Vectors, encodable, unit_length
from leanrag.embedding_limits import MAX_TEXT_TOKENS, RequestPacer, is_resizable, model_identity
from leanrag.errors import EmbeddingUnavailable, ProviderError
from leanrag.provider import ProviderConfig, open_client
from leanrag.provider_errors import provider_errors, refused_parameter
from leanrag.text.tokens import encoding_for_model, load_counter

if TYPE_CHECKING:
    import openai
    from openai.types import CreateEmbeddingResponse

log = logging.getLogger(__name__)

# Nobody waits for a passage: openai's own client, too, obeys a Retry-After of up to two minutes.
MAX_PAUSE_SECONDS = 120.0


@dataclass(slots=True)
class _Batch:
    """What one request carries: the texts as given, as sent, and their tokens as counted here."""

    texts: list[str]
    sent: list[str]
    tokens: int


class OpenAiEmbedder:
    """Embeds through POST /embeddings of an OpenAI-compatible provider, in batches.

    Texts over MAX_TEXT_TOKENS are cut; an empty text, which the API refuses, is sent as a space.
    """

    is_remote = True

    def __init__(
        self,
        config: ProviderConfig,
        *,
        dimensions: int | None = None,
        batch_texts: int = 128,
        pacer: RequestPacer | None = None,
    ) -> None:
        """Send at most `batch_texts` a request; without `dimensions` the first reply tells them."""
        self.model = model_identity(config.model, dimensions)
        self.base_url = config.base_url
        self._dimensions = dimensions
        self._config = config
        self._batch_texts = batch_texts
        self._pacer = pacer or RequestPacer()
        self._client: openai.OpenAI | None = None
        self._opening = threading.Lock()
        self._sends_base64 = True

    @property
    def dimensions(self) -> int:
        """Length of every vector; where it is not known, the provider is asked for one, once."""
        if self._dimensions is None:
            return int(self.embed_question("dimensions").vectors.shape[1])
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed in order, at the pace that the limits allow.

        A provider that asks for a pause gets it, two minutes at most. Raises EmbeddingUnavailable
        when a batch fails after the retries.
        """
        return self._embed([self._patiently(batch) for batch in self._batches(texts)])

    def embed_question(self, question: str) -> Embedded:
        """Embed one question at once, past the passages that wait; only short pauses are made."""
        (batch,) = self._batches([question])
        self._pacer.count(batch.tokens)
        return self._embed([self._request(batch)])

    def split(self, texts: Sequence[str]) -> Iterator[Sequence[str]]:
        """Cut texts into the requests that `embed` makes of them."""
        return (batch.texts for batch in self._batches(texts))

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        with self._opening:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _embed(self, parts: Sequence[Embedded]) -> Embedded:
        none = np.zeros((0, self._dimensions or 1), dtype=np.float32)
        return Embedded(
            unit_length(np.concatenate([part.vectors for part in parts] or [none])),
            sum(part.prompt_tokens for part in parts),
            all(part.reported for part in parts),
        )

    def _batches(self, texts: Sequence[str]) -> Iterator[_Batch]:
        """Yield the texts in batches within the limits of a request."""
        counter = load_counter(encoding_for_model(self._config.model))
        batch = _Batch([], [], 0)
        for text in texts:
            sent = counter.truncate(encodable(text), MAX_TEXT_TOKENS) or " "
            tokens = counter.count(sent)
            is_full = len(batch.sent) == self._batch_texts
            if batch.sent and (is_full or batch.tokens + tokens > self._pacer.max_request_tokens):
                yield batch
                batch = _Batch([], [], 0)
            batch.texts.append(text)
            batch.sent.append(sent)
            batch.tokens += tokens
        if batch.sent:
            yield batch

    def _patiently(self, batch: _Batch) -> Embedded:
        for _ in range(self._config.max_retries):
            self._pacer.wait(batch.tokens)
            try:
                return self._request(batch)
            except EmbeddingUnavailable as error:
                pause = error.details.get("retry_after_seconds")
                if not isinstance(pause, float) or not 0 < pause <= MAX_PAUSE_SECONDS:
                    raise
                log.info("Embedding goes on in %.1f s, as the provider asked.", pause)
                time.sleep(pause)
        self._pacer.wait(batch.tokens)
        return self._request(batch)

    def _request(self, batch: _Batch) -> Embedded:
        try:
            with provider_errors(model=self._config.model, api_key=self._config.api_key):
                reply = self._create(batch.sent)
        except ProviderError as error:
            raise EmbeddingUnavailable(error.message, reason=error.code, **error.details) from error
        vectors = self._vectors_of(reply, len(batch.sent))
        reported = getattr(reply.usage, "prompt_tokens", None)
        tokens = batch.tokens if reported is None else int(reported)
        return Embedded(vectors, tokens, reported is not None)

    def _create(self, sent: list[str]) -> CreateEmbeddingResponse:
        import openai

        # Left out, the client asks for base64 (a quarter of the bytes) and decodes it.
        encoding: Literal["float"] | openai.Omit = openai.omit if self._sends_base64 else "float"
        wanted = self._dimensions if is_resizable(self._config.model) else None
        try:
            return self._open().embeddings.create(
                model=self._config.model,
                input=sent,
                dimensions=wanted or openai.omit,
                encoding_format=encoding,
            )
        except openai.APIStatusError as error:
            if encoding == "float" or not refused_parameter(error, ("encoding_format",)):
                raise
        self._sends_base64 = False
        return self._create(sent)

    def _open(self) -> openai.OpenAI:
        with self._opening:
            if self._client is None:
                self._client = open_client(self._config)
            return self._client

    def _vectors_of(self, reply: CreateEmbeddingResponse, expected: int) -> Vectors:
        """Return the vectors of a reply in the order of its texts, checked for number and length.

        The client does not validate: any field may be missing or of another type.
        """
        try:
            in_order = sorted(reply.data, key=lambda item: item.index)
            vectors = np.array([item.embedding for item in in_order], dtype=np.float32)
        except (AttributeError, TypeError, ValueError):
            vectors = np.zeros((0, 0), dtype=np.float32)
        length = vectors.shape[-1]
        is_readable = vectors.ndim == 2 and len(vectors) == expected and length > 0
        if not is_readable or not np.isfinite(vectors).all():
            raise EmbeddingUnavailable(
                "The model provider sent embeddings that cannot be read; try again in a moment."
            )
        self._dimensions = self._dimensions or length
        if length != self._dimensions:
            raise EmbeddingUnavailable(
                f"The model {self._config.model} makes vectors of {length} numbers; set "
                f"LEANRAG_EMBEDDING_DIMENSIONS to {length} or leave it unset, and index again."
            )
        return vectors
