"""Synthetic passages: the public ones with their words disturbed, as rows that COPY takes.

Every row is what the product would store for its text: its own analysis, weights and embedding.
"""

from __future__ import annotations

import hashlib
import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from bench._recall_data import PublicPassage
from db.models.base import new_id
from db.models.knowledge import LEXICAL_DIMENSIONS
from leanrag.embeddings import Embedder, Vectors
from leanrag.ingest.chunk import cut
from leanrag.ingest.extracted import ExtractedDocument, ExtractedPage
from leanrag.text.lexical import document_weights
from leanrag.text.tokens import TokenCounter
from leanrag.types import Language

SWAPPED_SHARE = 0.15  # of a copy's words come from another passage of its language
CHUNK_TOKENS = 200
_EMBEDDED_AT_ONCE = 256
_COLUMNS = {
    "chunks": (
        "tenant_id, chunk_id, source_id, chunk_type, position, title, full_text, language,"
        " token_count, content_hash"
    ),
    "chunk_terms": "tenant_id, chunk_id, source_id, lexical",
    "chunk_embeddings": "tenant_id, chunk_id, source_id, model, dense",
}
_HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_TRAILER = struct.pack(">h", -1)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A passage with everything that does not depend on its tenant."""

    language: Language
    title: str
    text: str
    tokens: int
    terms: np.ndarray
    lexical: bytes
    dense: bytes


def prepare(
    public: Sequence[PublicPassage],
    count: int,
    *,
    embedder: Embedder,
    counter: TokenCounter,
    seed: int,
) -> list[Prepared]:
    """Return `count` passages: the public ones as the product cuts them, then disturbed copies."""
    texts = list(_texts(public, count, counter, random.Random(seed)))
    prepared: list[Prepared] = []
    for start in range(0, count, _EMBEDDED_AT_ONCE):
        batch = texts[start : start + _EMBEDDED_AT_ONCE]
        vectors = embedder.embed([f"{title}\n\n{text}" for _, title, text in batch]).vectors
        for (language, title, text), vector in zip(batch, vectors, strict=True):
            weights = document_weights(title, "", text, language)
            terms = np.sort(np.fromiter(weights, dtype=np.int32, count=len(weights)))
            prepared.append(
                Prepared(
                    language,
                    title,
                    text,
                    counter.count(text),
                    terms,
                    _sparsevec(terms, weights),
                    _halfvec(vector),
                )
            )
    return prepared


def copies(
    tenant_id: UUID, source_id: UUID, kind: str, passages: Sequence[Prepared], model: str
) -> Iterator[tuple[str, bytes]]:
    """Yield for each table the COPY statement and its binary data for one source."""
    rows: dict[str, list[bytes]] = {table: [] for table in _COLUMNS}
    owner, source = tenant_id.bytes, source_id.bytes
    for position, passage in enumerate(passages):
        key = new_id().bytes
        content = hashlib.sha256(passage.text.encode()).hexdigest()
        rows["chunks"].append(
            _row(
                owner,
                key,
                source,
                kind.encode(),
                struct.pack(">i", position),
                passage.title.encode(),
                passage.text.encode(),
                passage.language.encode(),
                struct.pack(">i", passage.tokens),
                content.encode(),
            )
        )
        rows["chunk_terms"].append(_row(owner, key, source, passage.lexical))
        rows["chunk_embeddings"].append(_row(owner, key, source, model.encode(), passage.dense))
    for table, columns in _COLUMNS.items():
        statement = f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)"
        yield statement, _HEADER + b"".join(rows[table]) + _TRAILER


def _texts(
    public: Sequence[PublicPassage], count: int, counter: TokenCounter, chance: random.Random
) -> Iterator[tuple[Language, str, str]]:
    originals: list[tuple[Language, str, str]] = []
    for passage in public:
        document = ExtractedDocument(passage.title, (ExtractedPage(None, passage.text),))
        for chunk in cut(
            document,
            kind="document",
            max_tokens=CHUNK_TOKENS,
            overlap_tokens=0,
            counter=counter,
            fallback_title=passage.title,
        ):
            originals.append((passage.language, chunk.title, chunk.text))
    chance.shuffle(originals)
    yield from originals[:count]
    by_language: dict[str, list[str]] = {}
    for language, _, text in originals:
        by_language.setdefault(language, []).append(text)
    for number in range(count - len(originals)):
        language, title, text = originals[number % len(originals)]
        words = text.split(" ")
        others = chance.choice(by_language[language]).split(" ")
        for at in chance.sample(range(len(words)), int(SWAPPED_SHARE * len(words))):
            words[at] = chance.choice(others)
        yield language, title, " ".join(words)


def _row(*fields: bytes) -> bytes:
    return struct.pack(">h", len(fields)) + b"".join(
        struct.pack(">i", len(field)) + field for field in fields
    )


def _sparsevec(terms: np.ndarray, weights: dict[int, float]) -> bytes:
    values = np.fromiter((weights[int(term)] for term in terms), dtype=">f4", count=len(terms))
    header = struct.pack(">iii", LEXICAL_DIMENSIONS, len(terms), 0)
    return header + terms.astype(">i4").tobytes() + values.tobytes()


def _halfvec(vector: Vectors) -> bytes:
    return struct.pack(">hh", len(vector), 0) + vector.astype(">f2").tobytes()
