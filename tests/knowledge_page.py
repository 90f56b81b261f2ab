"""The page that feeds knowledge, as its tests open and read it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from leanrag.bootstrap import Services
from leanrag.sources import SourceView
from leanrag.types import Language
from tests.documents_page import as_it_was, open_page

READ_SECONDS = 60


@contextmanager
def opened_page(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """Open the page; what is added meanwhile is deleted afterwards."""
    with as_it_was(services, monkeypatch):
        yield open_page()


def speak(monkeypatch: pytest.MonkeyPatch, language: Language) -> None:
    """Have the pages speak a language, also where a test asks outside of their runs."""
    for name, module in tuple(sys.modules.items()):
        if name.startswith("pages.") and hasattr(module, "ui_language"):
            monkeypatch.setattr(module, "ui_language", lambda: language)


def choose(page: AppTest, form: str) -> AppTest:
    """Open one way of adding."""
    page.button_group(key="documents_form").set_value(form).run()
    assert not page.exception
    return page


def edit(page: AppTest, grid: str, edits: dict[str, Any]) -> AppTest:
    """Say what the editor of a grid says when a person has edited it."""
    page.session_state[editor_key(page, grid)] = {
        "edited_rows": {},
        "added_rows": [],
        "deleted_rows": [],
        **edits,
    }
    page.run()
    assert not page.exception
    return page


def editor_key(page: AppTest, grid: str) -> str:
    """Return the key of a grid's editor, which changes whenever it is filled anew."""
    return next(str(e.key) for e in page.data_editor if str(e.key).startswith(f"{grid}_editor_"))


def shown_rows(page: AppTest, grid: str) -> list[dict[str, Any]]:
    """Return the rows that a grid's editor was filled with."""
    frame = page.data_editor(key=editor_key(page, grid)).value
    return [dict(row) for _, row in frame.iterrows()]


def problems(page: AppTest) -> Any:
    """Return the table of what is wrong in the rows of a list."""
    return next(shown.value for shown in page.dataframe if "problem" in shown.value.columns)


def texts(page: AppTest) -> str:
    """Return all that the page says."""
    kinds = (page.markdown, page.caption, page.success, page.info, page.warning, page.error)
    return "\n".join(element.value for elements in kinds for element in elements)


def added(services: Services, title: str) -> SourceView:
    """Return a source once it has been read."""
    deadline = time.monotonic() + READ_SECONDS
    while time.monotonic() < deadline:
        for source in services.sources.list(services.local_tenant_id):
            if source.title == title and source.status in ("processed", "failed"):
                return source
        time.sleep(0.1)
    pytest.fail(f"{title} was not read within {READ_SECONDS} seconds.")
