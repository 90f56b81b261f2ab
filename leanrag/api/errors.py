"""Every error as `{"error": {"code", "message", "details"}}`, with the status that fits."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from secrets import token_hex
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from leanrag.api.validation import describe
from leanrag.errors import LeanRagError, RateLimited

_log = logging.getLogger(__name__)

_SENTENCES = {
    400: "The body of the request cannot be read; check its format.",
    404: "There is nothing at this address; /api/docs lists every endpoint.",
    405: "This address does not take this method; /api/docs lists every endpoint.",
}
_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed"}


class ErrorResponse(Response):
    """One error in the one shape; any text is written, lone surrogates as question marks."""

    media_type = "application/json"

    def __init__(
        self,
        *,
        status: int,
        code: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Write the error; `headers` are added to the response."""
        error = {"code": code, "message": message, "details": jsonable_encoder(details or {})}
        body = json.dumps({"error": error}, ensure_ascii=False).encode("utf-8", "replace")
        super().__init__(body, status, headers)


class BodyTooLarge(HTTPException):
    """The body has more bytes than this endpoint reads; raised where it is read."""

    def __init__(self, max_bytes: int) -> None:
        """Name the limit."""
        super().__init__(413)
        self.max_bytes = max_bytes

    def response(self) -> ErrorResponse:
        """Write the error."""
        return ErrorResponse(
            status=413,
            code="content_too_large",
            message=f"This request is larger than {_readable(self.max_bytes)}, the most that is"
            " read here; split it or shrink it.",
            details={"max_bytes": self.max_bytes},
        )


def respond(error: LeanRagError) -> ErrorResponse:
    """Write an error of the tree."""
    headers = _retry_after(error.details) if isinstance(error, RateLimited) else None
    return ErrorResponse(
        status=error.status,
        code=error.code,
        message=error.message,
        details=error.details,
        headers=headers,
    )


def unexpected(where: str) -> LeanRagError:
    """Log the exception being handled under a new id, and return what the caller may know of it."""
    error_id = token_hex(6)
    _log.exception("Unexpected error %s at %s", error_id, where)
    return LeanRagError(
        f"Something went wrong on our side; the log tells more under {error_id}.",
        error_id=error_id,
    )


def install(app: FastAPI) -> None:
    """Have every expected error of `app` written in the one shape."""
    app.add_exception_handler(LeanRagError, _handle_known)
    app.add_exception_handler(RequestValidationError, _handle_invalid)
    app.add_exception_handler(HTTPException, _handle_http)


async def _handle_known(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, LeanRagError)
    return respond(exc)


async def _handle_invalid(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    faults = describe(exc.errors())
    return ErrorResponse(
        status=422,
        code="invalid_input",
        message=faults[0].message,
        details={"errors": [{"field": f.field, "message": f.message} for f in faults]},
    )


async def _handle_http(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    if isinstance(exc, BodyTooLarge):
        return exc.response()
    return ErrorResponse(
        status=exc.status_code,
        code=_CODES.get(exc.status_code, "http_error"),
        message=_SENTENCES.get(exc.status_code, exc.detail),
        headers=exc.headers,
    )


def _readable(size: int) -> str:
    return f"{size / 2**20:.0f} MB" if size >= 2**20 else f"{size / 2**10:.0f} KB"


def _retry_after(details: Mapping[str, object]) -> dict[str, str]:
    reset = details.get("reset")
    seconds = max(1, math.ceil(reset)) if isinstance(reset, int | float) else 1
    return {"Retry-After": str(seconds)}
