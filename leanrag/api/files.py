"""Sources: take a file, list, show, change, process again, stop, delete, and their passages."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, Query, UploadFile

from leanrag.api.knowledge import chunk_reply
from leanrag.api.schemas import (
    BotName,
    ChunkPage,
    FileAccepted,
    FileChange,
    FilePage,
    FileReply,
    ProcessAgain,
    ProcessReply,
)
from leanrag.api.tenancy import MayReadKnowledge, MayWriteKnowledge
from leanrag.ingest.pipeline import Accepted, Upload
from leanrag.source_changes import SourceChange
from leanrag.types import SourceKind

router = APIRouter(prefix="/v1/files", tags=["files"])

Offset = Annotated[int, Query(ge=0, le=1_000_000)]


@router.post("", status_code=202, summary="Upload a file")
async def upload_file(
    caller: MayWriteKnowledge,
    file: Annotated[
        UploadFile, File(description="PDF, DOCX, XLSX, CSV, HTML, SRT, VTT or text; 25 MB.")
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
    return _reply(await caller.run(services.ingest.accept, tenant_id, upload))


@router.get("", summary="List the files")
async def list_files(
    caller: MayReadKnowledge,
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
async def get_file(caller: MayReadKnowledge, document_id: UUID) -> FileReply:
    """Return one file with its status."""
    source = await caller.run(caller.services.sources.get, caller.tenant_id, document_id)
    return FileReply.model_validate(source)


@router.patch("/{document_id}", summary="Change a file's title, tags, kind or flags")
async def change_file(caller: MayWriteKnowledge, document_id: UUID, body: FileChange) -> FileReply:
    """Change what is given, for the next question; passages inherit it unless they were edited."""
    change = SourceChange(
        title=body.title,
        tags=None if body.tags is None else tuple(body.tags),
        kind=body.kind,
        is_citable=body.is_citable,
        enabled=body.enabled,
    )
    changes = caller.services.source_changes
    changed = await caller.run(changes.change, caller.tenant_id, document_id, change)
    return FileReply.model_validate(changed)


@router.put("/{document_id}/file", status_code=202, summary="Upload a newer version")
async def replace_file(
    caller: MayWriteKnowledge, document_id: UUID, file: Annotated[UploadFile, File()]
) -> FileAccepted:
    """Queue a newer version of a file; until it is read, answers stand on the old. Edits stay."""
    upload = Upload(filename=file.filename or "", data=await file.read())
    ingest = caller.services.ingest
    return _reply(await caller.run(ingest.replace_file, caller.tenant_id, document_id, upload))


@router.post("/{document_id}/process", status_code=202, summary="Process a file again")
async def process_again(
    caller: MayWriteKnowledge, document_id: UUID, body: ProcessAgain | None = None
) -> ProcessReply:
    """Queue a file to be read and cut again, to another size if one is given. Edits stay."""
    job_id = await caller.run(
        caller.services.ingest.reprocess,
        caller.tenant_id,
        document_id,
        chunk_tokens=body.chunk_tokens if body else None,
    )
    return ProcessReply(document_id=document_id, job_id=job_id)


@router.post("/{document_id}/cancel", summary="Stop the processing of a file")
async def cancel_processing(caller: MayWriteKnowledge, document_id: UUID) -> FileReply:
    """Stop a file that waits or is being read; the passages that it has stay."""
    ingest = caller.services.ingest
    stopped = await caller.run(ingest.cancel, caller.tenant_id, document_id)
    return FileReply.model_validate(stopped)


@router.delete("/{document_id}", status_code=204, summary="Delete a file")
async def delete_file(caller: MayWriteKnowledge, document_id: UUID) -> None:
    """Delete a file with its passages; answers no longer use it."""
    await caller.run(caller.services.sources.delete, caller.tenant_id, document_id)


@router.get("/{document_id}/chunks", summary="List a file's passages")
async def list_chunks(
    caller: MayReadKnowledge,
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
        chunks=[chunk_reply(chunk) for chunk in found[:limit]],
        next_offset=offset + limit if len(found) > limit else None,
    )


def _reply(accepted: Accepted) -> FileAccepted:
    return FileAccepted(
        document_id=accepted.source.source_id,
        filename=accepted.source.filename,
        status=accepted.source.status,
        job_id=accepted.job_id,
        duplicate=accepted.is_duplicate,
    )
