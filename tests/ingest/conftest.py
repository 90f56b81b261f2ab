from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.jobs import JobQueue
from leanrag.llm import OpenAiChatModel
from leanrag.provider import provider_config
from leanrag.settings import Settings
from leanrag.text.tokens import TokenCounter, load_counter
from tests.job_parts import quick_queue
from tests.product_parts import Parts, make_parts, new_tenant
from tests.provider_server import ProviderServer
from tests.shortened_manuals import Feeding, make_feeding
from tests.speaking_services import settings_for

CHROMIUM = next(
    (path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), ""
)


@pytest.fixture(scope="session")
def counter() -> TokenCounter:
    return load_counter()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, home=tmp_path)  # type: ignore[call-arg]


@pytest.fixture
def parts(database: GuardedDatabase) -> Parts:
    """The parts that feed a database of the test's own."""
    return make_parts(database)


@pytest.fixture
def tenant_id(parts: Parts) -> UUID:
    return new_tenant(parts.database)


@pytest.fixture
def work(parts: Parts) -> Iterator[Callable[..., JobQueue]]:
    """Start a quick worker in a thread."""
    queues: list[JobQueue] = []

    def start(process: Any = None, **named: Any) -> JobQueue:
        queue = quick_queue(parts)
        queue.start_worker(process or parts.ingest.process, **named)
        queues.append(queue)
        return queue

    yield start
    for queue in queues:
        queue.close()


@pytest.fixture
def feeding(
    shared_database: GuardedDatabase, tmp_path: Path, provider: ProviderServer
) -> Iterator[Feeding]:
    """An ingest whose instructions a model shortens, for a tenant of the test's own."""
    settings = settings_for(tmp_path, provider, provider_max_retries=0)
    model = OpenAiChatModel(provider_config(settings))
    yield make_feeding(shared_database, settings, model, new_tenant(shared_database))
    model.close()


def write_pdf(pages: Sequence[Sequence[str]], title: str = "") -> bytes:
    """Write lines of 12 points; a line "# …" is set in 18 points, "" leaves a gap."""
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(595, 842))
    canvas.setTitle(title or "untitled")
    for lines in pages:
        y = 780
        for line in lines:
            heading = line.startswith("# ")
            canvas.setFont("Helvetica", 18 if heading else 12)
            canvas.drawString(72, y, line.removeprefix("# "))
            y -= 30 if heading else 15
        canvas.showPage()
    canvas.save()
    return output.getvalue()


@pytest.fixture
def make_pdf() -> Callable[..., bytes]:
    return write_pdf


@pytest.fixture
def encrypted_pdf() -> Callable[[str], bytes]:
    def build(user_password: str) -> bytes:
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(write_pdf([["A secret line."]]))))
        writer.encrypt(user_password, "owner", algorithm="AES-256")
        output = io.BytesIO()
        writer.write(output)
        return output.getvalue()

    return build


@pytest.fixture
def scanned_pdf() -> bytes:
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(595, 842))
    canvas.drawImage(ImageReader(Image.new("RGB", (200, 300), "grey")), 0, 0, 595, 842)
    canvas.showPage()
    canvas.save()
    return output.getvalue()


@pytest.fixture
def two_column_pdf() -> bytes:
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(595, 842))
    canvas.setFont("Helvetica", 10)
    for row in range(30):
        canvas.drawString(50, 700 - 12 * row, f"left {row} has quite some words to fill the line")
        canvas.drawString(320, 700 - 12 * row, f"right {row} has quite some words to fill the line")
    canvas.showPage()
    canvas.save()
    return output.getvalue()


@pytest.fixture
def looping_pdf() -> bytes:
    """A page whose forms paint each other, ten times over at each of twelve levels."""
    depth, fan_out = 12, 10
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>"]
    objects.append(
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R"
        b"/Resources<</XObject<</F 6 0 R>>/Font<</T 5 0 R>>>>>>"
    )
    objects.append(_stream(b"", b"/F Do"))
    objects.append(b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
    for level in range(depth):
        last = level == depth - 1
        body = b"BT /T 9 Tf (x) Tj ET" if last else b"/F Do " * fan_out
        inner = b"" if last else b"/XObject<</F %d 0 R>>" % (7 + level)
        dictionary = (
            b"/Type/XObject/Subtype/Form/BBox[0 0 200 200]/Resources<</Font<</T 5 0 R>>%s>>"
        )
        objects.append(_stream(dictionary % inner, body))
    return _assemble(objects)


def _stream(dictionary: bytes, body: bytes) -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (dictionary, len(body), body)


def _assemble(objects: Sequence[bytes]) -> bytes:
    output, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(output))
        output += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return output + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (size, table, size, len(output))
    )


@pytest.fixture(scope="session")
def print_html(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    if not CHROMIUM:
        pytest.skip("Chromium is not installed")

    def build(html: str) -> bytes:
        directory = tmp_path_factory.mktemp("print")
        (directory / "page.html").write_text(html, encoding="utf-8")
        flags = "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run"
        subprocess.run(
            [
                CHROMIUM,
                *flags.split(),
                "--disable-background-networking",
                "--no-pdf-header-footer",
                f"--user-data-dir={directory / 'profile'}",
                f"--print-to-pdf={directory / 'page.pdf'}",
                str(directory / "page.html"),
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )
        return (directory / "page.pdf").read_bytes()

    return build
