"""Texts become vectors: by hashed character n-grams, a model on this machine, or a provider."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from leanrag.character_embedder import DEFAULT_DIMENSIONS, LocalEmbedder, length_of
from leanrag.embedder import Embedded, Embedder, Vectors
from leanrag.embedding_limits import RequestPacer, read_identity, vector_length
from leanrag.embedding_models import EmbeddingModels
from leanrag.errors import ConfigurationError
from leanrag.provider import provider_config
from leanrag.provider_embedder import OpenAiEmbedder
from leanrag.ranking_profiles import RankingProfile
from leanrag.sentence_embedder import MODEL_PREFIX, SentenceEmbedder
from leanrag.settings import Settings

__all__ = [
    "Embedded",
    "Embedder",
    "LocalEmbedder",
    "OpenAiEmbedder",
    "SentenceEmbedder",
    "Vectors",
    "embedder_from",
    "embedder_named",
    "models_from",
]


def embedder_from(settings: Settings) -> Embedder:
    """Return the embedder that `settings` name; nothing is loaded or asked yet.

    Raises ConfigurationError without a usable key or package, and for a length of vectors that the
    model is known not to make.
    """
    name, dimensions = settings.embedding_model, settings.embedding_dimensions
    if name == "local":
        return LocalEmbedder(dimensions or DEFAULT_DIMENSIONS)
    if name.startswith(MODEL_PREFIX):
        return SentenceEmbedder(
            name, dimensions=dimensions, may_download=settings.embedding_downloads
        )
    if not settings.has_model():
        raise ConfigurationError(
            f"The embedding model {name!r} needs a key: set OPENAI_API_KEY, "
            "or set LEANRAG_EMBEDDING_MODEL to 'local'."
        )
    return OpenAiEmbedder(
        replace(provider_config(settings), model=name),
        dimensions=vector_length(name, dimensions),
        batch_texts=settings.embedding_batch_texts,
        pacer=RequestPacer(
            requests_per_minute=settings.embedding_requests_per_minute,
            tokens_per_minute=settings.embedding_tokens_per_minute,
        ),
    )


def embedder_named(model: str, settings: Settings) -> Embedder:
    """Return an embedder of the model that vectors are stored under, whatever is set now.

    Raises ConfigurationError where its key or package is gone.
    """
    length = length_of(model)
    name, dimensions = ("local", length) if length else read_identity(model)
    changes = {"embedding_model": name, "embedding_dimensions": dimensions}
    return embedder_from(settings.model_copy(update=changes))


def models_from(settings: Settings, profile: RankingProfile) -> EmbeddingModels:
    """Return the embedders of a process with these settings, of which `profile` uses some.

    Raises ConfigurationError.
    """
    return EmbeddingModels(
        embedder_from(settings),
        partial(embedder_named, settings=settings),
        uses_dense=profile.uses_dense,
    )
