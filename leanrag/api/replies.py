"""How a turn ends: the reply of a whole answer, or the error of a broken one."""

from __future__ import annotations

from leanrag.api.errors import ErrorResponse
from leanrag.api.turn_schemas import AskReply, CitationReply, MetadataReply
from leanrag.errors import LeanRagError
from leanrag.types import TurnEnded, TurnFailed


def ask_reply(ended: TurnEnded) -> AskReply:
    """Write an answer that is whole, or that its reader stopped."""
    return AskReply(
        success=True,
        response=ended.text,
        response_time_ms=ended.metadata.response_time_ms,
        conversation_id=ended.conversation_id,
        message_id=ended.message_id,
        citations=[CitationReply.model_validate(citation) for citation in ended.citations],
        metadata=MetadataReply.model_validate(ended.metadata),
    )


def failure_reply(failed: TurnFailed) -> ErrorResponse:
    """Write a turn that broke; the details hold what was kept of it and where."""
    status = failed.details.get("status")
    return ErrorResponse(
        status=status if isinstance(status, int) else LeanRagError.status,
        code=failed.code,
        message=failed.message,
        details={
            **failed.details,
            "conversation_id": failed.conversation_id,
            "message_id": failed.message_id,
            "kept_text": failed.kept_text,
        },
    )
