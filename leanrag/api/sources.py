"""Sources that are no files: websites and what they suggest, lists, instructions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from leanrag.api.schemas import FileAccepted
from leanrag.api.source_schemas import (
    ApprovedIds,
    ApprovedReply,
    NewFaq,
    NewManual,
    NewProducts,
    NewSource,
    NewWebsite,
    PairIds,
    RejectedReply,
    SitePageList,
    SitePageReply,
    SuggestionList,
    SuggestionReply,
    Words,
)
from leanrag.api.tenancy import Caller, MayReadKnowledge, MayWriteKnowledge
from leanrag.crawl.crawled import PageStatus
from leanrag.errors import InvalidInput
from leanrag.ingest.pipeline import Accepted, Upload
from leanrag.ingest.record_attributes import join_attributes
from leanrag.ingest.record_files import RECORDS_MEDIA_TYPE, write_records
from leanrag.ingest.record_import import check_grid
from leanrag.ingest.record_rows import RecordKind
from leanrag.suggested_pairs import PairState
from leanrag.suggestions import Approved
from leanrag.websites import WebsiteStart

router = APIRouter(prefix="/v1", tags=["sources"])

Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
_MAX_PROBLEMS = 20  # that an error tells of


@router.post("/sources/website", status_code=202, summary="Add a website")
async def add_website(caller: MayWriteKnowledge, body: NewWebsite) -> FileAccepted:
    """Queue a website for its crawl; the same start address again is the source that is there."""
    start = WebsiteStart(
        url=body.url,
        max_depth=body.max_depth,
        max_pages=body.max_pages,
        hosts=tuple(body.hosts),
        is_citable=body.is_citable,
        title=body.title,
        tags=tuple(body.tags),
        bot_id=await _bot_id(caller, body),
    )
    return _reply(await caller.run(caller.services.websites.add, caller.tenant_id, start))


@router.post("/sources/faq", status_code=202, summary="Add a list of questions and answers")
async def add_faq(caller: MayWriteKnowledge, body: NewFaq) -> FileAccepted:
    """Store a list of questions with their answers and queue it for processing."""
    cells = [(pair.language or "", pair.question, pair.answer) for pair in body.pairs]
    return await _add_list(caller, body, body.title, "faq", cells)


@router.post("/sources/products", status_code=202, summary="Add a list of products")
async def add_products(caller: MayWriteKnowledge, body: NewProducts) -> FileAccepted:
    """Store a list of products and queue it for processing."""
    cells = [
        (
            product.language or "",
            product.title,
            product.price,
            product.currency,
            product.description,
            join_attributes(product.attributes.items()),
            product.url,
        )
        for product in body.products
    ]
    return await _add_list(caller, body, body.title, "product", cells)


@router.post("/sources/manual", status_code=202, summary="Add instructions")
async def add_manual(caller: MayWriteKnowledge, body: NewManual) -> FileAccepted:
    """Store long instructions and queue them for processing."""
    upload = Upload(
        filename=f"{body.title}.md",
        data=body.text.encode(),
        kind="manual",
        is_citable=body.is_citable,
        bot_id=await _bot_id(caller, body),
        title=body.title,
        media_type="text/markdown",
        form="manual",
        tags=tuple(body.tags),
    )
    return _reply(await caller.run(caller.services.ingest.accept, caller.tenant_id, upload))


@router.get("/sources/{source_id}/pages", summary="List the pages of a website")
async def list_pages(
    caller: MayReadKnowledge,
    source_id: UUID,
    status: PageStatus | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> SitePageList:
    """Return what became of the pages that the latest crawl asked for, in its order."""
    websites, tenant_id = caller.services.websites, caller.tenant_id
    found = await caller.run(
        websites.pages, tenant_id, source_id, status=status, limit=limit + 1, offset=offset
    )
    counts = await caller.run(websites.page_counts, tenant_id, source_id)
    return SitePageList(
        source_id=source_id,
        counts=dict(counts),
        pages=[SitePageReply.model_validate(page) for page in found[:limit]],
        next_offset=offset + limit if len(found) > limit else None,
    )


# ---- suggested questions ------------------------------------------------------------------------


@router.get("/suggestions", summary="List suggested questions")
async def list_suggestions(
    caller: MayReadKnowledge,
    source_id: UUID | None = None,
    state: PairState = "waiting",
    limit: Limit = 50,
    offset: Offset = 0,
) -> SuggestionList:
    """Return questions that crawled pages hold; none counts before it is approved."""
    suggestions, tenant_id = caller.services.suggestions, caller.tenant_id
    found = await caller.run(
        suggestions.list,
        tenant_id,
        source_id=source_id,
        state=state,
        limit=limit + 1,
        offset=offset,
    )
    count = await caller.run(suggestions.count, tenant_id, source_id=source_id, state=state)
    return SuggestionList(
        suggestions=[SuggestionReply.model_validate(one) for one in found[:limit]],
        count=count,
        next_offset=offset + limit if len(found) > limit else None,
    )


@router.post("/suggestions/approve", summary="Approve suggested questions")
async def approve(caller: MayWriteKnowledge, body: ApprovedIds) -> ApprovedReply:
    """Put questions, in the website's words, into an FAQ list, each once."""
    call, ids = caller.services.suggestions.approve, body.pair_ids
    return _approved(
        await caller.run(call, caller.tenant_id, ids, by=_WHO, list_title=body.list_title)
    )


@router.post("/suggestions/reject", summary="Reject suggested questions")
async def reject(caller: MayWriteKnowledge, body: PairIds) -> RejectedReply:
    """Put waiting questions aside; they come back only when the website answers otherwise."""
    call = caller.services.suggestions.reject
    return RejectedReply(rejected=await caller.run(call, caller.tenant_id, body.pair_ids, by=_WHO))


@router.post("/suggestions/{pair_id}/approve", summary="Edit and approve a suggested question")
async def edit_and_approve(caller: MayWriteKnowledge, pair_id: UUID, body: Words) -> ApprovedReply:
    """Put a question, in the caller's words, into an FAQ list."""
    call = caller.services.suggestions.edit_and_approve
    words = {"question": body.question, "answer": body.answer, "list_title": body.list_title}
    return _approved(await caller.run(call, caller.tenant_id, pair_id, **words, by=_WHO))


_WHO = "API"


def _approved(approved: Approved) -> ApprovedReply:
    source_ids = [source.source_id for source in approved.lists]
    return ApprovedReply(approved=approved.pair_count, source_ids=source_ids)


# ---- storing ------------------------------------------------------------------------------------


async def _add_list(
    caller: Caller,
    body: NewSource,
    title: str,
    kind: RecordKind,
    cells: Sequence[Sequence[str]],
) -> FileAccepted:
    upload = Upload(
        filename=f"{title}.csv",
        data=await caller.run(_list_file, cells, kind),
        kind=kind,
        is_citable=body.is_citable,
        bot_id=await _bot_id(caller, body),
        title=title,
        media_type=RECORDS_MEDIA_TYPE,
        form="records",
        tags=tuple(body.tags),
    )
    return _reply(await caller.run(caller.services.ingest.accept, caller.tenant_id, upload))


def _list_file(cells: Sequence[Sequence[str]], kind: RecordKind) -> bytes:
    """Return a list as it is stored. Raises InvalidInput where a row has a problem."""
    found = check_grid(cells, kind)
    if found.problems:
        first = found.problems[0]
        raise InvalidInput(
            f"Row {first.row_number}: {first.sentence}",
            problems=[
                {"row": problem.row_number, "column": problem.column, "message": problem.sentence}
                for problem in found.problems[:_MAX_PROBLEMS]
            ],
        )
    return write_records(found.rows, kind)


async def _bot_id(caller: Caller, body: NewSource) -> UUID | None:
    if body.bot_id is None:
        return None
    bot = await caller.run(caller.services.bots.find, caller.tenant_id, body.bot_id)
    return bot.bot_id


def _reply(accepted: Accepted) -> FileAccepted:
    return FileAccepted(
        document_id=accepted.source.source_id,
        filename=accepted.source.filename,
        status=accepted.source.status,
        job_id=accepted.job_id,
        duplicate=accepted.is_duplicate,
    )
