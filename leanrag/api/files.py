"""Uploaded files: take, list, show, delete, and their passages."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, Query, UploadFile

from leanrag.api.schemas import BotName, ChunkPage, ChunkReply, FileAccepted, FilePage, FileReply
from leanrag.api.tenancy import AuthorisedCaller
from leanrag.ingest.pipeline import Upload
from leanrag.types import SourceKind

router = APIRouter(prefix="/v1/files", tags=["files"])

Offset = Annotated[int, Query(ge=0, le=1_000_000)]


@router.post("", status_code=202, summary="Upload a file")
async def upload_file(
    caller: AuthorisedCaller,
    file: Annotated[
        UploadFile, File(description="PDF, DOCX, XLSX, HTML, SRT, VTT or text; 25 MB.")
    ],
    kind: Annotated[SourceKind, Form()] = "document",
    is_citable: Annotated[
        bool, Form(description="False: the bot may learn from it, never quote or cite it.")
    ] = True,
    bot_id: Annotated[BotName | None, Form()] = None,
) -> FileAccepted:
    """Store a file and queue it for reading; `GET /v1/files/{id}` tells how far that is."""
    services, tenant_id = caller.services, caller.tenant_id
    bot = await caller.run(services.bots.find, tenant_id, bot_id) if bot_id else None
    upload = Upload(
        filename=file.filename or "",
        data=await file.read(),
        kind=kind,
        is_citable=is_citable,
        bot_id=bot.bot_id if bot else None,
    )
    accepted = await caller.run(services.ingest.accept, tenant_id, upload)
    return FileAccepted(
        document_id=accepted.source.source_id,
        filename=accepted.source.filename,
        status=accepted.source.status,
        job_id=accepted.job_id,
        duplicate=accepted.is_duplicate,
    )


@router.get("", summary="List the files")
async def list_files(
    caller: AuthorisedCaller,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Offset = 0,
) -> FilePage:
    """Return a page of files, newest first."""
    sources = caller.services.sources
    found = await caller.run(sources.list, caller.tenant_id, limit=limit + 1, offset=offset)
    return FilePage(
        files=[FileReply.model_validate(source) for source in found[:limit]],
        next_offset=offset + limit if len(found) > limit else None,
    )


@router.get("/{document_id}", summary="Show a file")
async def get_file(caller: AuthorisedCaller, document_id: UUID) -> FileReply:
    """Return one file with its status."""
    source = await caller.run(caller.services.sources.get, caller.tenant_id, document_id)
    return FileReply.model_validate(source)


@router.delete("/{document_id}", status_code=204, summary="Delete a file")
async def delete_file(caller: AuthorisedCaller, document_id: UUID) -> None:
    """Delete a file with its passages; answers no longer use it."""
    await caller.run(caller.services.sources.delete, caller.tenant_id, document_id)


@router.get("/{document_id}/chunks", summary="List a file's passages")
async def list_chunks(
    caller: AuthorisedCaller,
    document_id: UUID,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Offset = 0,
) -> ChunkPage:
    """Return a page of the passages that the file was cut into, in its order."""
    found = await caller.run(
        caller.services.sources.chunks,
        caller.tenant_id,
        document_id,
        limit=limit + 1,
        offset=offset,
    )
    return ChunkPage(
        document_id=document_id,
        chunks=[ChunkReply.model_validate(chunk) for chunk in found[:limit]],
        next_offset=offset + limit if len(found) > limit else None,
    )
