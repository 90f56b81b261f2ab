"""Public question sets: read from JSON lines, and taken in through the product's own ingest."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from leanrag.bootstrap import Services
from leanrag.ingest.chunk import cut
from leanrag.ingest.extracted import Chunk, ExtractedDocument, ExtractedPage
from leanrag.text.tokens import TokenCounter, load_counter
from leanrag.types import LANGUAGES, Language

SOURCE_PASSAGES = 250  # of the set in one source: a transaction for each would take minutes
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class PublicPassage:
    """A passage of the set, before the product cuts it."""

    language: Language
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class PublicQuestion:
    """A question, and the strings of which a passage that answers it holds at least one."""

    question_id: str
    language: Language
    text: str
    answers: tuple[str, ...]


def read_passages(path: Path) -> tuple[PublicPassage, ...]:
    """Read passages from JSON lines with `lang`, `title` and `text`, plain or gzip."""
    return tuple(PublicPassage(o["lang"], o["title"], o["text"]) for o in read_objects(path))


def read_questions(
    path: Path, *, language: str | None = None, limit: int | None = None
) -> tuple[PublicQuestion, ...]:
    """Read questions from JSON lines with `lang`, `id`, `question` and `answers`.

    Only those of `language` if it is given, and the first `limit` of each language at most.
    """
    chosen: list[PublicQuestion] = []
    for name in LANGUAGES if language is None else (language,):
        own = [
            PublicQuestion(o["id"], o["lang"], o["question"], tuple(o["answers"]))
            for o in read_objects(path)
            if o["lang"] == name
        ]
        chosen += own[:limit]
    return tuple(chosen)


def index(services: Services, tenant_id: UUID, passages: Sequence[PublicPassage]) -> int:
    """Cut, embed and store all passages as documents of one tenant; return how many it made."""
    counter, stored = load_counter(), 0
    for start in range(0, len(passages), SOURCE_PASSAGES):
        batch = passages[start : start + SOURCE_PASSAGES]
        cuts = [chunk for passage in batch for chunk in _cut(passage, services, counter)]
        chunks = [replace(chunk, position=position) for position, chunk in enumerate(cuts)]
        name = f"passages-{start}"
        source = services.ingest.add_records(
            tenant_id,
            kind="document",
            title=name,
            filename=f"{name}.jsonl",
            data=name.encode(),
            chunks=chunks,
        )
        if source.status != "processed":
            raise RuntimeError(f"The passages from {start} on are {source.status}.")
        stored += len(chunks)
    return stored


def _cut(passage: PublicPassage, services: Services, counter: TokenCounter) -> tuple[Chunk, ...]:
    """Cut one passage as if it were a document of its own, under its title."""
    return cut(
        ExtractedDocument(passage.title, (ExtractedPage(None, passage.text),)),
        kind="document",
        max_tokens=services.settings.chunk_tokens,
        overlap_tokens=services.settings.chunk_overlap_tokens,
        counter=counter,
        fallback_title=passage.title,
    )


def read_objects(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of JSON lines, plain or gzip."""
    with path.open("rb") as file:
        is_gzip = file.read(2) == _GZIP_MAGIC
    with (
        gzip.open(path, "rt", encoding="utf-8") if is_gzip else path.open(encoding="utf-8") as lines
    ):
        for line in lines:
            if line.strip():
                yield json.loads(line)
