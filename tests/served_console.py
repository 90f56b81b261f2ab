"""The console as it is served, for tests without a browser: app.py surrounds every page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

import pages._identity
import pages._services
from leanrag.bootstrap import Services
from tests.access_parts import PostBox

APP = str(Path(pages._services.__file__).parent.parent / "app.py")
_make_manager = PagesManager.__init__


def keep_shell(manager: PagesManager, *given: Any, **named: Any) -> None:
    """Make a manager of pages as app.py has it where it is served.

    Else Streamlit's test runner takes pages/ for a menu of its own from the second run on, and runs
    a page's file bare. To be put in the place of `PagesManager.__init__`.
    """
    _make_manager(manager, *given, **named)
    PagesManager.uses_pages_directory = False


def serve(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let consoles that a test opens show these services, each page inside the shell."""
    monkeypatch.setattr(pages._services, "_services", services)
    monkeypatch.setattr(PagesManager, "__init__", keep_shell)


def open_console(page: str = "", /, **query: str) -> AppTest:
    """Open the console, or one of its pages (`documents`), at an address."""
    console = AppTest.from_file(APP, default_timeout=60)
    for name, value in query.items():
        console.query_params[name] = value
    console.run()
    if page:
        console.switch_page(f"pages/{page}.py").run()
    assert not console.exception
    return console


def keys(page: AppTest) -> set[str]:
    """Return the keys of the page's buttons."""
    return {button.key for button in page.button if button.key}


def post_box(services: Services) -> PostBox:
    """Return where letters of these services go."""
    box = services.access.sign_in._mailer
    assert isinstance(box, PostBox)
    return box


def hold_cookie(services: Services, monkeypatch: pytest.MonkeyPatch, address: str) -> str:
    """Sign somebody in, and let the console's browser hold the cookie; return its secret."""
    box = post_box(services)
    came = len(box.letters)
    services.access.sign_in.request_code(address)
    made = services.access.sign_in.verify_code(address, box.code(came + 1))
    secret = services.access.sessions.claim(made.ticket).secret
    monkeypatch.setattr(pages._identity, "session_cookie", lambda: secret)
    return secret
