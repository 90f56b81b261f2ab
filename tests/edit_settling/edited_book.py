"""A tenant with one source that is edited, changed beneath its edits, and looked at."""

from __future__ import annotations

from typing import Any

from db.models import PassageEdit
from leanrag.edit_decisions import Decision
from leanrag.edit_reviews import EditReview
from leanrag.ingest.pipeline import Upload
from leanrag.passage_edits import PassageChange, PassageEdits, passage_version
from leanrag.sources import ChunkView, SourceView
from tests.product_parts import (
    Parts,
    add_text,
    counted_statistics,
    new_tenant,
    recounted_statistics,
    rows_of,
)

DELIVERY = "Delivery in Istanbul takes three working days and costs 95 lira, paid at the door."
NEWER = "Delivery in Istanbul takes four working days and costs 99 lira, paid at the door."
RETURNS = "Unused goods can be returned within thirty days with their receipt and the box."
HOURS = "The shop in the old market is open from nine to six, on Fridays until noon only."
MINE = "Delivery in Istanbul takes two working days and is free of charge."


def write(*texts: str) -> str:
    heads = {DELIVERY: "Delivery", NEWER: "Delivery", RETURNS: "Returns", HOURS: "Hours"}
    return "\n\n".join(f"# {heads.get(text, 'More')}\n\n{text}" for text in texts)


class Shop:
    """A tenant with one source that is edited, changed and looked at."""

    def __init__(self, parts: Parts, edits: PassageEdits, text: str = "", **upload: Any) -> None:
        self.parts, self.edits = parts, edits
        self.tenant_id = new_tenant(parts.database)
        if text:
            self.source = add_text(parts.ingest, self.tenant_id, text, name="book.md")
        else:
            self.source = parts.ingest.add(self.tenant_id, Upload(**upload))

    @property
    def chunks(self) -> tuple[ChunkView, ...]:
        return self.parts.sources.chunks(self.tenant_id, self.source.source_id)

    @property
    def texts(self) -> list[str]:
        return [chunk.text for chunk in self.chunks if chunk.enabled]

    @property
    def reviews(self) -> tuple[EditReview, ...]:
        return self.edits.reviews(self.tenant_id)

    def edit(self, number: int, **wanted: Any) -> ChunkView:
        seen = self.chunks[number]
        change = PassageChange(**wanted)
        return self.edits.edit(
            self.tenant_id, seen.chunk_id, change, expected=passage_version(seen), by="sara"
        )

    def replace(self, *texts: str) -> SourceView:
        upload = Upload("book.md", write(*texts).encode())
        self.parts.ingest.replace_file(self.tenant_id, self.source.source_id, upload)
        return self.process()

    def process(self, **more: Any) -> SourceView:
        if more:
            self.parts.ingest.reprocess(self.tenant_id, self.source.source_id, **more)
        self.parts.ingest.process(self.tenant_id, self.source.source_id)
        source = self.parts.sources.get(self.tenant_id, self.source.source_id)
        assert (source.status, source.error) == ("processed", None)
        self.check()
        return source

    def settle(self, decision: Decision, review: EditReview | None = None) -> ChunkView | None:
        review = review or self.reviews[0]
        settled = self.edits.settle(
            self.tenant_id, review.edit_id, decision, expected=review.version, by="omid"
        )
        self.check()
        return settled

    def check(self) -> None:
        source = self.parts.sources.get(self.tenant_id, self.source.source_id)
        assert source.passage_count == len(self.chunks)
        assert source.token_count == sum(chunk.token_count for chunk in self.chunks)
        assert counted_statistics(self.parts.database, self.tenant_id) == recounted_statistics(
            self.parts.database, self.tenant_id
        )

    def edits_left(self) -> int:
        return rows_of(self.parts, self.tenant_id, PassageEdit)
