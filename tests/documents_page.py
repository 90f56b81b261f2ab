"""The knowledge page of the real product, opened for tests of what it shows and does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

import pages._services
from leanrag.bootstrap import Services
from leanrag.ingest.pipeline import Upload
from leanrag.sources import Sources, SourceView
from tests import product_parts
from tests.served_console import open_console

NOTES = "# Opening hours\n\n" + "\n\n".join(
    f"## Shop {i}\n\nThe shop of district {i} opens at nine and closes at {i % 5 + 17}."
    for i in range(24)
)


def open_page(**query: str) -> AppTest:
    """Open the knowledge page in a browser of its own, at an address."""
    return open_console("documents", **query)


def open_source(source_id: UUID) -> AppTest:
    """Open the page of one source."""
    return open_page(source=str(source_id))


@contextmanager
def as_it_was(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let pages use the running product; what is added meanwhile is deleted afterwards."""
    monkeypatch.setattr(pages._services, "_services", services)
    tenant_id, sources = services.local_tenant_id, Sources(services.database)
    before = {source.source_id for source in sources.list(tenant_id)}
    yield
    for source in sources.list(tenant_id):
        if source.source_id not in before:
            sources.delete(tenant_id, source.source_id)


def texts(page: AppTest) -> str:
    """Return what the page says, widgets apart."""
    kinds = (page.markdown, page.caption, page.success, page.info, page.error, page.warning)
    shown = [element.value for elements in kinds for element in elements]
    shown += [element.value for element in (*page.subheader, *page.header, *page.toast)]
    return "\n".join(shown)


def add_file(
    services: Services, name: str = "hours.md", text: str = NOTES, **more: Any
) -> SourceView:
    """Have a file read at once, and return its source."""
    return services.ingest.add(services.local_tenant_id, Upload(name, text.encode(), **more))


def put_source(services: Services, title: str, **values: Any) -> UUID:
    """Put the row of a source there, in a state that a test wants to see."""
    return product_parts.put_source(services.database, services.local_tenant_id, title, **values)


def seen(services: Services, source_id: UUID) -> SourceView:
    """Return a source as it is now."""
    return services.sources.get(services.local_tenant_id, source_id)


def wait_until_read(services: Services, source_id: UUID) -> SourceView:
    """Return a source once nothing waits or is under way."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        source = services.sources.get(services.local_tenant_id, source_id)
        if source.status not in ("pending", "processing"):
            return source
        time.sleep(0.1)
    pytest.fail("The source was not read within 60 seconds.")
