"""What surrounds every page: it is closed where people would have to sign in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import pages._services
from leanrag.bootstrap import Services

APP = str(Path(pages._services.__file__).parent.parent / "app.py")


def test_with_sign_in_the_console_shows_nothing_of_a_tenant(
    services: Services, monkeypatch: pytest.MonkeyPatch
):
    closed = replace(services, settings=services.settings.model_copy(update={"auth": "sign-in"}))
    monkeypatch.setattr(pages._services, "_services", closed)
    console = AppTest.from_file(APP, default_timeout=30).run()
    assert not console.exception
    assert len(console.info) == 1
    assert "LEANRAG_AUTH" in console.info[0].value
    drawn = [
        *console.title,
        *console.header,
        *console.button,
        *console.text_input,
        *console.caption,
    ]
    assert drawn == []
    assert not console.sidebar.selectbox
