"""Swagger UI from our own files: the page asks no other host for anything."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from leanrag.api.offload import Offload

router = APIRouter(include_in_schema=False)

ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "start.js": "text/javascript",
    "favicon.png": "image/png",
    "LICENSE": "text/plain",
    "NOTICE": "text/plain",
    "swagger-ui-bundle.js.LICENSE.txt": "text/plain",
}
# Swagger UI sets style attributes and draws its icons from data: addresses.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_DAY_SECONDS = 86_400
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>LeanRAG API</title>
<link rel="icon" href="docs/assets/favicon.png">
<link rel="stylesheet" href="docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/assets/start.js"></script>
</body>
</html>
"""


@router.get("/docs")
async def show_docs() -> HTMLResponse:
    """Return the page; its addresses are relative, whatever the API is mounted at."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY})


@router.get("/docs/assets/{name}")
async def get_asset(request: Request, name: str) -> Response:
    """Return one of the page's files, and no other."""
    if name not in ASSETS:
        raise HTTPException(404)
    offload: Offload = request.app.state.offload
    return Response(
        await offload.run(_directory().joinpath(name).read_bytes),
        media_type=ASSETS[name],
        headers={
            "Cache-Control": f"public, max-age={_DAY_SECONDS}",
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        },
    )


def _directory() -> Path:
    return Path(__file__).parents[2] / "static" / "swagger"
