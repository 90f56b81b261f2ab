"""The knowledge page of the real product, opened for tests of what it shows and does."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

import pages._services
from db.models import Source
from db.models.base import new_id
from leanrag.bootstrap import Services
from leanrag.ingest.pipeline import Upload
from leanrag.sources import SourceView

APP = str(Path(pages._services.__file__).parent.parent / "app.py")
NOTES = "# Opening hours\n\n" + "\n\n".join(
    f"## Shop {i}\n\nThe shop of district {i} opens at nine and closes at {i % 5 + 17}."
    for i in range(24)
)


def open_page(**query: str) -> AppTest:
    """Open the knowledge page in a browser of its own, at an address."""
    console = AppTest.from_file(APP, default_timeout=60).run()
    for name, value in query.items():
        console.query_params[name] = value
    page = console.switch_page("pages/documents.py").run()
    assert not page.exception
    return page


def texts(page: AppTest) -> str:
    """Return what the page says, widgets apart."""
    kinds = (page.markdown, page.caption, page.success, page.info, page.error, page.warning)
    shown = [element.value for elements in kinds for element in elements]
    shown += [element.value for element in (*page.subheader, *page.header, *page.toast)]
    return "\n".join(shown)


def keys(page: AppTest) -> set[str]:
    """Return the keys of the page's buttons."""
    return {button.key for button in page.button if button.key}


def add_file(
    services: Services, name: str = "hours.md", text: str = NOTES, **more: Any
) -> SourceView:
    """Have a file read at once, and return its source."""
    return services.ingest.add(services.local_tenant_id, Upload(name, text.encode(), **more))


def put_source(services: Services, title: str, **values: Any) -> UUID:
    """Put the row of a source there, in a state that a test wants to see."""
    source_id = new_id()
    row: dict[str, Any] = {
        "kind": "document",
        "filename": "a.pdf",
        "media_type": "application/pdf",
        "byte_size": 100,
        "content_hash": str(source_id),
        "status": "processed",
        "origin": {"form": "file"},
    }
    tenant_id = services.local_tenant_id
    with services.database.tenant(tenant_id) as session:
        session.add(Source(tenant_id=tenant_id, source_id=source_id, title=title, **(row | values)))
    return source_id


def wait_until_read(services: Services, source_id: UUID) -> SourceView:
    """Return a source once nothing waits or is under way."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        source = services.sources.get(services.local_tenant_id, source_id)
        if source.status not in ("pending", "processing"):
            return source
        time.sleep(0.1)
    pytest.fail("The source was not read within 60 seconds.")
