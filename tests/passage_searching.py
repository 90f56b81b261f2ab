"""Passages of known words, and a search through an index in memory, for the tests of both."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text, update

from db.models import Source
from leanrag.embeddings import LocalEmbedder
from leanrag.ingest.extracted import Chunk
from leanrag.passage_index_cache import PassageIndexCache
from leanrag.passage_search import PassageSearch
from leanrag.sources import SourceView
from leanrag.text.lexical import question_terms
from leanrag.types import Passage
from tests.product_parts import Parts

DIMENSIONS = 64
EMBEDDER = LocalEmbedder(DIMENSIONS)
QUESTION = "delivery days to the harbour"
WORDS = [
    *("delivery", "days", "kettle", "harbour", "samovar", "winter", "lamp", "price", "return"),
    *("receipt", "garden", "bridge", "colour", "market", "copper", "tea", "order", "parcel"),
    *("island", "road", "tram", "station", "bread", "honey"),
]
MEGABYTES_10 = 10 * 1024**2


def make_cache(parts: Parts, **changes: Any) -> PassageIndexCache:
    given = {"max_bytes": MEGABYTES_10, "min_passages": 1, **changes}
    return PassageIndexCache(parts.database, **given)


def make_search(cache: PassageIndexCache | None, **changes: Any) -> PassageSearch:
    return PassageSearch(EMBEDDER.model, **{"candidates": 10, "indexes": cache, **changes})


def add(
    parts: Parts, tenant_id: UUID, count: int, *, seed: int = 1, bot_id: UUID | None = None
) -> SourceView:
    """Store a source of `count` passages of eight words each, drawn by the seed."""
    chance = np.random.default_rng(seed)
    chunks = [
        Chunk(n, "", "", f"{' '.join(chance.choice(WORDS, 8))} mark{seed}n{n}", "", "en", 9, f"{n}")
        for n in range(count)
    ]
    source = parts.ingest.add_records(
        tenant_id,
        kind="document",
        title=f"Source {seed}",
        filename=f"{seed}.txt",
        data=f"{seed}".encode(),
        chunks=chunks,
    )
    with parts.database.tenant(tenant_id) as session:
        own = (Source.tenant_id == tenant_id, Source.source_id == source.source_id)
        session.execute(update(Source).where(*own).values(bot_id=bot_id))
    return source


def find(
    parts: Parts,
    search: PassageSearch,
    tenant_id: UUID,
    *,
    question: str = QUESTION,
    bot_id: UUID | None = None,
) -> set[Passage]:
    vector = np.asarray(EMBEDDER.embed([question]).vectors[0], dtype=np.float32)
    with parts.database.tenant(tenant_id) as session:
        if bot_id is None:
            bot_id = session.scalars(text("SELECT bot_id FROM bots ORDER BY bot_id")).first()
        assert bot_id is not None
        weights = question_terms(question, "en")
        state = search.open(tenant_id, bot_id=bot_id, session=session)
        return set(search.find(state, weights, vector, session=session))


def warmed(parts: Parts, cache: PassageIndexCache, tenant_id: UUID) -> PassageSearch:
    """Return a search whose index of this tenant is in memory."""
    search = make_search(cache)
    find(parts, search, tenant_id)
    cache.wait(10)
    assert is_warm(cache, tenant_id)
    return search


def is_warm(cache: PassageIndexCache, tenant_id: UUID) -> bool:
    return tenant_id in cache._kept


def index_version(cache: PassageIndexCache, tenant_id: UUID) -> int:
    return cache._kept[tenant_id].index.version


def texts(passages: set[Passage]) -> set[str]:
    return {passage.text for passage in passages}


def forbid_scans(search: PassageSearch) -> None:
    """Let a question that scans the database fail, so that a test knows which way it went."""
    search._scan = search._scan_words = text("SELECT 1 / 0")
