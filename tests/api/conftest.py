from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from PIL import Image
from pypdf import PdfReader, PdfWriter
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount
from starlette.testclient import TestClient

from leanrag.api.app import create_api
from leanrag.api.limits import ApiLimits
from leanrag.api.local_guard import LocalGuard
from leanrag.bootstrap import Services, start_services
from leanrag.settings import Settings
from tests.provider_server import ProviderServer
from tests.signed_in_api import Visitor, guarded_services, served

BASE_URL = "http://127.0.0.1:8501/api"


@pytest.fixture(scope="session")
def api_home() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="lr-api-"))  # short: it holds the server's socket
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def quoting_services(api_home: Path) -> Iterator[Services]:
    """Services without a model: answers are quoted; a worker reads what is uploaded."""
    settings = Settings(
        _env_file=None, home=api_home, questions_per_minute=10_000, response_cache_seconds=0
    )  # type: ignore[call-arg]
    services = start_services(settings, worker=True)
    yield services
    services.close()


@pytest.fixture(scope="session")
def provider() -> Iterator[ProviderServer]:
    with ProviderServer(piece_delay=0.005) as server:
        yield server


@pytest.fixture(scope="session")
def generating_services(
    api_home: Path, quoting_services: Services, provider: ProviderServer
) -> Iterator[Services]:
    """Services with a model, on the same database."""
    settings = Settings(  # type: ignore[call-arg]
        _env_file=None,
        home=api_home,
        questions_per_minute=10_000,
        response_cache_seconds=0,
        openai_api_key="test-key",
        openai_base_url=provider.base_url,
        provider_max_retries=0,
        provider_silence_timeout_seconds=4.0,
    )
    services = start_services(settings, worker=False)
    yield services
    services.close()


def mount(api: FastAPI) -> Starlette:
    """Mount the API as the console does: behind the guard, beside a compressing middleware."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> Any:
        async with api.router.lifespan_context(api):
            yield

    middleware = [Middleware(LocalGuard), Middleware(GZipMiddleware, minimum_size=1)]
    return Starlette(routes=[Mount("/api", api)], lifespan=lifespan, middleware=middleware)


@pytest.fixture(scope="session")
def client(quoting_services: Services) -> Iterator[TestClient]:
    app = mount(create_api(lambda: quoting_services))
    with TestClient(app, base_url=BASE_URL) as made:
        yield made


@pytest.fixture(scope="session")
def generating(generating_services: Services) -> Iterator[TestClient]:
    app = mount(create_api(lambda: generating_services))
    with TestClient(app, base_url=BASE_URL) as made:
        yield made


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[FastAPI], httpx.Client]]:
    """Serve an API by uvicorn on a port of its own, and return a client of it."""
    with contextlib.ExitStack() as running:

        def start(api: FastAPI) -> httpx.Client:
            config = uvicorn.Config(mount(api), port=0, log_level="warning", lifespan="on")
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run)
            thread.start()
            running.callback(thread.join)
            running.callback(setattr, server, "should_exit", True)
            end = time.monotonic() + 10
            while not server.started and time.monotonic() < end:
                time.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            made = httpx.Client(base_url=f"http://127.0.0.1:{port}/api", timeout=10)
            return running.enter_context(made)

        yield start


@pytest.fixture(scope="session")
def live(serve: Callable[[FastAPI], httpx.Client], generating_services: Services) -> httpx.Client:
    limits = ApiLimits(heartbeat_seconds=0.1)
    return serve(create_api(lambda: generating_services, limits=limits))


@pytest.fixture(scope="session")
def upload(client: TestClient) -> Callable[..., Any]:
    """Upload bytes under a name; form fields by keyword."""

    def send(data: bytes, name: str = "notes.txt", **form: str) -> Any:
        return client.post("/v1/files", files={"file": (name, data)}, data=form)

    return send


@pytest.fixture(scope="session")
def settled(client: TestClient) -> Callable[[str], dict[str, Any]]:
    """Wait until a file is read, or has failed, and return it."""

    def wait(document_id: str) -> dict[str, Any]:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            found: dict[str, Any] = client.get(f"/v1/files/{document_id}").json()
            if found["status"] in ("processed", "failed"):
                return found
            time.sleep(0.05)
        raise AssertionError("The file was not read in 20 seconds.")

    return wait


def write_pdf(*lines: str) -> bytes:
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(595, 842))
    for row, line in enumerate(lines):
        canvas.drawString(72, 780 - 15 * row, line)
    canvas.showPage()
    canvas.save()
    return output.getvalue()


@pytest.fixture(scope="session")
def make_pdf() -> Callable[..., bytes]:
    """Make a PDF of one page from lines of text."""
    return write_pdf


@pytest.fixture(scope="session")
def encrypted_pdf() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(write_pdf("A secret line."))))
    writer.encrypt("secret", "owner", algorithm="AES-256")
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


@pytest.fixture(scope="session")
def scanned_pdf() -> bytes:
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(595, 842))
    canvas.drawImage(ImageReader(Image.new("RGB", (200, 300), "grey")), 0, 0, 595, 842)
    canvas.showPage()
    canvas.save()
    return output.getvalue()


def read_error(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    (error,) = response.json().values()
    assert set(error) == {"code", "message", "details"}
    assert error["message"].endswith(".")
    assert "Traceback" not in response.text
    return dict(error)


@pytest.fixture(scope="session")
def error_of() -> Callable[[Any, int], dict[str, Any]]:
    """Return the error of a response, after a look at its status, shape and sentence."""
    return read_error


@pytest.fixture(scope="module")
def guarded(api_home: Path, quoting_services: Services) -> Iterator[Services]:
    """Services that people sign in to, on the database of those without sign-in."""
    with guarded_services(api_home) as services:
        yield services


@pytest.fixture
def visitor(guarded: Services) -> Iterator[Visitor]:
    with TestClient(served(guarded), base_url=BASE_URL) as client:
        yield Visitor(guarded, client)
