"""The questions of the answer's benchmark, each with the document that answers it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from bench import _recall_data as data
from leanrag.bootstrap import Services
from leanrag.demo.loader import DEMO_DIRECTORY
from leanrag.ingest.chunk import cut
from leanrag.ingest.extracted import Chunk, ExtractedDocument, ExtractedPage
from leanrag.text.tokens import load_counter
from leanrag.types import LANGUAGES, Language

UNANSWERED_FILE = Path(__file__).with_name("unanswered.jsonl")
PARTS = 20  # of the documents: to ask without a document, its part is deleted, and added again


@dataclass(frozen=True, slots=True)
class Item:
    """A question, the strings of which an answer holds one (none: nothing answers), its document.

    `half` (0: even, 1: odd) is its id's SHA-256 modulo 2: what is learned on one is judged on the
    other.
    """

    language: Language
    text: str
    answers: tuple[str, ...]
    document: str
    half: int


def read_items(path: Path, *, language: str | None = None, limit: int | None = None) -> list[Item]:
    """Read JSON lines with `lang`, `id`, `question`, `answers` and `doc_id`."""
    items: dict[str, list[Item]] = defaultdict(list)
    for o in data.read_objects(path):
        half = _digest(o["id"]) % 2
        answers = tuple(o["answers"])
        items[o["lang"]].append(Item(o["lang"], o["question"], answers, o["doc_id"], half))
    wanted = LANGUAGES if language is None else (language,)
    return [item for name in wanted for item in items[name][:limit]]


def demo_items(*, language: str | None = None) -> tuple[list[Item], list[Item]]:
    """Return the demo's questions, and some about the same shop that its sources do not answer."""
    files = (DEMO_DIRECTORY / "questions.jsonl", UNANSWERED_FILE)
    answered, unanswered = (
        [
            Item(
                o["language"],
                o["question"],
                (o["answer"],) if "answer" in o else (),
                "",
                _digest(o["question"]) % 2,
            )
            for o in data.read_objects(path)
            if language in (None, o["language"])
        ]
        for path in files
    )
    return answered, unanswered


def part_of(document: str) -> int:
    """Return the part (0 to 19) of a document: its id's SHA-256. Translations are in one part."""
    return _digest(document) % PARTS


class Library:
    """All passages of the set in one tenant, in parts that can be taken out and put back."""

    def __init__(self, services: Services, tenant_id: UUID, passages: Path) -> None:
        """Index everything through the product's own ingest."""
        self._services = services
        self._tenant_id = tenant_id
        self._chunks = _chunks(services, passages)
        self._sources = {part: self._add(part) for part in self._chunks}
        self.passages = sum(map(len, self._chunks.values()))

    def take_out(self, part: int) -> None:
        """Delete the documents of a part, as an operator would."""
        if part in self._sources:
            self._services.sources.delete(self._tenant_id, self._sources.pop(part))

    def put_back(self, part: int) -> None:
        """Add them again."""
        if part in self._chunks:
            self._sources[part] = self._add(part)

    def _add(self, part: int) -> UUID:
        name = f"part-{part}"
        source = self._services.ingest.add_records(
            self._tenant_id,
            kind="document",
            title=name,
            filename=f"{name}.jsonl",
            data=name.encode(),
            chunks=self._chunks[part],
        )
        if source.status != "processed":
            raise RuntimeError(f"The passages of part {part} are {source.status}.")
        return source.source_id


def _chunks(services: Services, passages: Path) -> dict[int, list[Chunk]]:
    """Cut every passage as if it were a document of its own, under its title."""
    counter = load_counter()
    parts: dict[int, list[Chunk]] = defaultdict(list)
    for o in data.read_objects(passages):
        own = parts[part_of(o["doc_id"])]
        cuts = cut(
            ExtractedDocument(o["title"], (ExtractedPage(None, o["text"]),)),
            kind="document",
            max_tokens=services.settings.chunk_tokens,
            overlap_tokens=services.settings.chunk_overlap_tokens,
            counter=counter,
            fallback_title=o["title"],
        )
        own += [replace(chunk, position=len(own) + i) for i, chunk in enumerate(cuts)]
    return parts


def _digest(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16)


def every_tenth(items: Sequence[Item]) -> list[Item]:
    """Return each tenth question: to another tenant, they are about something else."""
    return list(items[::10])
