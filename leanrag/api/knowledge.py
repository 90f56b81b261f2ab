"""Passages changed by hand, and the reviews of edits whose source changed beneath them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from leanrag.api.schemas import (
    ChunkChange,
    ChunkReply,
    EditReviewPage,
    EditReviewReply,
    Settle,
    SettledReply,
)
from leanrag.api.tenancy import MayReadKnowledge, MayWriteKnowledge
from leanrag.passage_edits import PassageChange, passage_version
from leanrag.sources import ChunkView

router = APIRouter(prefix="/v1", tags=["files"])


@router.patch("/chunks/{chunk_id}", summary="Change a passage")
async def change_chunk(caller: MayWriteKnowledge, chunk_id: UUID, body: ChunkChange) -> ChunkReply:
    """Change a passage's words or flags, for the next question; it stays through re-uploads.

    409 where the passage is not as it was read, or waits for a review.
    """
    change = PassageChange(body.text, body.tldr, body.is_citable, body.enabled)
    edits, tenant_id = caller.services.passage_edits, caller.tenant_id
    changed = await caller.run(edits.edit, tenant_id, chunk_id, change, expected=body.version)
    return chunk_reply(changed)


@router.get("/edits/reviews", summary="List edits whose source changed")
async def list_reviews(
    caller: MayReadKnowledge,
    document_id: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> EditReviewPage:
    """Return edits to decide on, the oldest first; until then they stay in force."""
    edits, tenant_id = caller.services.passage_edits, caller.tenant_id
    found = await caller.run(
        edits.reviews, tenant_id, source_id=document_id, limit=limit + 1, offset=offset
    )
    return EditReviewPage(
        reviews=[EditReviewReply.model_validate(review) for review in found[:limit]],
        count=await caller.run(edits.count_reviews, tenant_id, source_id=document_id),
        next_offset=offset + limit if len(found) > limit else None,
    )


@router.post("/edits/{edit_id}/settle", summary="Decide on an edit whose source changed")
async def settle_edit(caller: MayWriteKnowledge, edit_id: UUID, body: Settle) -> SettledReply:
    """Keep an edit, take what the source says now, or drop an edit whose passage is gone."""
    edits, tenant_id = caller.services.passage_edits, caller.tenant_id
    shown = await caller.run(edits.settle, tenant_id, edit_id, body.decision, expected=body.version)
    return SettledReply(chunk=None if shown is None else chunk_reply(shown))


@router.post("/edits/{edit_id}/revert", summary="Undo an edit")
async def revert_edit(caller: MayWriteKnowledge, edit_id: UUID) -> SettledReply:
    """Give a passage back what its source says now."""
    shown = await caller.run(caller.services.passage_edits.revert, caller.tenant_id, edit_id)
    return SettledReply(chunk=None if shown is None else chunk_reply(shown))


def chunk_reply(chunk: ChunkView) -> ChunkReply:
    """Return a passage with the version to change it by."""
    reply = ChunkReply.model_validate(chunk)
    return reply.model_copy(update={"version": passage_version(chunk)})
