from __future__ import annotations

import io
import subprocess

import docx
import pytest

from leanrag.errors import ExtractionFailed
from leanrag.ingest import document_child
from leanrag.ingest.child_limits import ChildLimits
from leanrag.ingest.child_process import run_child
from leanrag.ingest.document_child import read_document
from leanrag.ingest.extract import extract
from leanrag.ingest.validate import DOCX, HTML
from leanrag.settings import Settings

MODULE = "leanrag.ingest.document_child"
LIMITS = ChildLimits(memory_bytes=2**30, cpu_seconds=20, wall_seconds=30, max_pages=500)


def saved_document() -> bytes:
    output = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("Text.")
    document.save(output)
    return output.getvalue()


def test_limits_go_through_a_command_line_unchanged() -> None:
    assert ChildLimits.from_argument(LIMITS.to_argument()) == LIMITS


def test_no_secret_is_left_to_the_reader_of_documents(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, object] = {}

    class Spy(subprocess.Popen[bytes]):
        def __init__(self, *args: object, **kwargs: object) -> None:
            seen.update(kwargs)
            super().__init__(*args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setattr("leanrag.ingest.child_process.subprocess.Popen", Spy)
    assert extract(saved_document(), DOCX, settings=settings).pages[0].text == "Text."
    assert isinstance(seen["env"], dict)
    assert set(seen["env"]) == {"LC_ALL", "LEANRAG_PARENT", "LEANRAG_PROGRESS"}


def test_whatever_a_library_raises_means_a_damaged_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(error: type[BaseException]) -> None:
        def read(data: bytes) -> None:
            raise error("no")

        monkeypatch.setattr(document_child, "_load_reader", lambda _: read)

    for error in (KeyError, TypeError, RecursionError, AttributeError):
        raising(error)
        assert read_document(b"", "docx").refusal == "damaged"
    raising(MemoryError)
    with pytest.raises(MemoryError):
        read_document(b"", "docx")


@pytest.mark.timeout(60)
def test_a_page_that_takes_too_long_is_stopped(settings: Settings) -> None:
    # With room, so that time runs out long before memory does.
    short = settings.model_copy(
        update={"extraction_wall_seconds": 1, "extraction_memory_bytes": 2 * 1024**3}
    )
    with pytest.raises(ExtractionFailed, match="this web page took longer than 1 seconds"):
        extract(b"<html><p>" + b"x<br>" * 3_000_000, HTML, settings=short)


def test_a_page_that_takes_too_much_memory_is_stopped() -> None:
    small = ChildLimits(memory_bytes=150 * 2**20, cpu_seconds=20, wall_seconds=30, max_pages=1)
    with pytest.raises(ExtractionFailed, match=r"[Tt]his web page"):
        run_child(MODULE, b"<p>x" * 3_000_000, small, "html", noun="web page")
