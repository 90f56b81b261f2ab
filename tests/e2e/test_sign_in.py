"""Signing in with a real browser: the code, the cookie, a reload, revocation, OpenID Connect."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.oidc_provider import OidcProvider
from tests.running_console import free_port, started

pytestmark = pytest.mark.browser
OWNER = "ada@demo.example"


@dataclass(frozen=True)
class Door:
    """A console that people sign in to, what it says, and the provider that knows its owner."""

    url: str
    said: list[str]
    provider: OidcProvider

    def newest_code(self, after: int) -> str:
        """Return the code that was written into the log after so many lines."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = re.findall(r"\b(\d{6})\b", "".join(self.said[after:]))
            if found:
                return str(found[-1])
            time.sleep(0.05)
        pytest.fail("No code came within 20 seconds.")


@pytest.fixture(scope="module")
def door(chromium: str) -> Iterator[Door]:
    home, port = Path(tempfile.mkdtemp(prefix="lr")), free_port()
    url = f"http://127.0.0.1:{port}"
    with OidcProvider(email=OWNER) as provider:
        secrets = home / "secrets.toml"
        secrets.write_text(provider.secrets_toml(url), encoding="utf-8")
        settings = {
            "LEANRAG_AUTH": "sign-in",
            "LEANRAG_OWNER_EMAIL": OWNER,
            "LEANRAG_SIGN_IN_CODES_PER_ADDRESS": "100",
        }
        with started(home, port, "--secrets.files", str(secrets), **settings) as (_, said):
            yield Door(url, said, provider)
    shutil.rmtree(home, ignore_errors=True)


def sign_in(page: Any, door: Door) -> None:
    page.goto(door.url)
    page.get_by_label("E-mail address").fill(OWNER)
    lines = len(door.said)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code from the mail").fill(door.newest_code(lines))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


def session_of(page: Any) -> dict[str, Any]:
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    return dict(cookies["leanrag_session"])


def test_a_code_opens_the_console_and_the_session_outlives_a_reload(door: Door, make_page: Any):
    page = make_page(locale="en-US")
    sign_in(page, door)
    cookie = session_of(page)
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert page.evaluate("document.cookie").find("leanrag_session") == -1
    page.reload()
    page.get_by_role("link", name="Knowledge").click()
    page.get_by_role("heading", name=re.compile("Sources")).wait_for()
    assert page.get_by_label("E-mail address").count() == 0


def test_what_is_made_when_a_button_is_pressed_is_made_for_whoever_pressed_it(
    door: Door, make_page: Any
):
    page = make_page(locale="en-US")
    sign_in(page, door)
    page.get_by_label("Ask a question").fill("How much is delivery inside Turkey?")
    page.keyboard.press("Enter")
    page.get_by_text("Quoted from our sources").wait_for()
    for link, button in (("Usage", "Events as CSV"), ("Audit log", "Download as CSV")):
        page.get_by_role("link", name=link).click()
        with page.expect_download() as coming:
            page.get_by_role("button", name=re.compile(button)).click()
        assert coming.value.path().read_bytes().count(b"\n") >= 2, link


def test_signing_out_closes_another_tab_at_its_next_click(door: Door, make_page: Any):
    page = make_page(locale="en-US")
    sign_in(page, door)
    other = page.context.new_page()
    other.goto(door.url)
    other.get_by_role("button", name="Sign out").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("E-mail address").wait_for()
    other.get_by_role("link", name="Usage").click()
    other.get_by_label("E-mail address").wait_for()
    assert other.get_by_role("link", name="Usage").count() == 0


def test_a_part_of_a_page_that_runs_by_itself_leads_to_the_way_in_too(door: Door, make_page: Any):
    page = make_page(locale="en-US")
    sign_in(page, door)
    page.get_by_role("link", name="Knowledge").click()
    page.get_by_role("heading", name=re.compile("Sources")).wait_for()
    own = {"X-LeanRAG-Request": "test"}
    assert page.request.post(f"{door.url}/api/v1/auth/sign-out", headers=own).status == 204
    page.get_by_text("Questions and answers").click()
    page.get_by_label("E-mail address").wait_for()
    assert page.get_by_role("link", name="Knowledge").count() == 0


def test_a_session_that_ended_is_refused_by_the_api_too(door: Door, make_page: Any):
    page = make_page(locale="en-US")
    sign_in(page, door)
    me = f"{door.url}/api/v1/auth/me"
    assert page.request.get(me).json()["email"] == OWNER
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("E-mail address").wait_for()
    assert page.request.get(me).status == 401


def test_nobody_gives_or_takes_files_of_pages_without_signing_in(door: Door, make_page: Any):
    page = make_page(locale="en-US")
    page.goto(door.url)
    page.get_by_label("E-mail address").wait_for()
    icon = page.locator("link[rel~=icon]").get_attribute("href")
    assert icon.startswith("data:image/png;base64,"), "the icon is seen without signing in"
    for address in ("media/0123.png", "_stcore/upload_file/a-session/a-file"):
        assert httpx.put(f"{door.url}/{address}", content=b"x").status_code == 401
        assert httpx.get(f"{door.url}/{address}").status_code == 401


def test_who_connects_from_this_computer_does_not_choose_the_network_address(door: Door):
    forged = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}
    lines = len(door.said)
    with httpx.Client(base_url=f"{door.url}/api/v1/auth", headers=forged) as client:
        client.post("/request-code", json={"email": OWNER}).raise_for_status()
        code = {"email": OWNER, "code": door.newest_code(lines)}
        token = client.post("/verify-code", json=code).json()["access_token"]
        listed = client.get("/sessions", headers={"Authorization": f"Bearer {token}"}).json()
    assert [one["ip"] for one in listed["sessions"] if one["is_current"]] == ["127.0.0.1"]


def test_whom_a_tenant_added_comes_in_by_openid_connect(door: Door, make_page: Any):
    page = make_page(locale="en-US")
    page.goto(door.url)
    page.get_by_role("button", name="Sign in with Acme").click()
    page.get_by_role("button", name=re.compile("Go on as")).click()
    page.get_by_role("button", name="Sign out").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with Acme").wait_for()
    page.reload()
    page.get_by_label("E-mail address").wait_for()
    assert page.get_by_role("button", name=re.compile("Go on as")).count() == 0


def test_a_stranger_is_told_so_by_openid_connect(
    door: Door, make_page: Any, monkeypatch: pytest.MonkeyPatch
):
    stranger = {**door.provider.claims, "sub": "8", "email": "mallory@evil.example"}
    monkeypatch.setattr(door.provider, "claims", stranger)
    page = make_page(locale="en-US")
    page.goto(door.url)
    page.get_by_role("button", name="Sign in with Acme").click()
    page.get_by_role("button", name=re.compile("Go on as")).click()
    page.get_by_text("No tenant has added this address").wait_for()
    assert page.get_by_role("button", name="Sign out").count() == 0
