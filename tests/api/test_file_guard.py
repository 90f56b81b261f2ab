"""Files of pages are for browsers with a session that counts, and for everybody in local mode."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from leanrag.api.file_guard import FileGuard
from leanrag.auth import SESSION_COOKIE
from leanrag.bootstrap import Services
from tests.access_parts import cookie_of
from tests.signed_in_api import ADA

FILES = (
    ("GET", "/media/0123.png"),
    ("HEAD", "/media/0123.png"),
    ("GET", "/media/%2e/0123.png"),
    ("GET", "/shop/media/0123.png"),
    ("PUT", "/_stcore/upload_file/a-session/a-file"),
    ("DELETE", "/_stcore/upload_file/a-session/a-file"),
    ("PUT", "/shop/_stcore/upload_file/a-session/a-file"),
)
OPEN = (
    ("GET", "/"),
    ("GET", "/app/static/font.woff2"),
    ("GET", "/api/v1/files"),
    ("GET", "/mediate"),
)
read: list[bytes] = []  # the bodies that came through


async def _take(request: Request) -> PlainTextResponse:
    read.append(await request.body())
    return PlainTextResponse("taken")


def behind_guard(services: Services) -> TestClient:
    every = Route("/{path:path}", _take, methods=["GET", "PUT", "DELETE"])
    guard = Middleware(FileGuard, get_services=lambda: services)
    return TestClient(Starlette(routes=[every], middleware=[guard]))


@pytest.fixture
def client(guarded: Services) -> Iterator[TestClient]:
    read.clear()
    with behind_guard(guarded) as made:
        yield made


@pytest.fixture
def ada(guarded: Services) -> UUID:
    person = guarded.access.people.find(ADA)
    assert person is not None
    return person.person_id


@pytest.mark.parametrize(("method", "path"), FILES)
@pytest.mark.parametrize("cookie", ["", "x", "0.nonsense", "0." + "a" * 10_000])
def test_a_file_is_refused_to_who_is_not_signed_in_and_none_is_read(
    client: TestClient, method: str, path: str, cookie: str
) -> None:
    headers = {"Cookie": f"{SESSION_COOKIE}={cookie}"} if cookie else {}
    body = {"content": b"x" * 1000} if method == "PUT" else {}
    assert client.request(method, path, headers=headers, **body).status_code == 401
    assert read == []


@pytest.mark.parametrize(("method", "path"), FILES)
def test_a_file_is_for_who_is_signed_in_until_the_session_ends(
    client: TestClient, guarded: Services, ada: UUID, method: str, path: str
) -> None:
    headers = {"Cookie": f"{SESSION_COOKIE}={cookie_of(guarded, ada)}"}
    assert client.request(method, path, headers=headers).status_code == 200
    guarded.access.sessions.revoke_others(ada, keep=None)
    assert client.request(method, path, headers=headers).status_code == 401


@pytest.mark.parametrize(("method", "path"), OPEN)
def test_what_is_no_file_of_a_page_is_left_to_others(
    client: TestClient, method: str, path: str
) -> None:
    assert client.request(method, path).text == "taken"


def test_in_local_mode_nobody_signs_in(quoting_services: Services) -> None:
    with behind_guard(quoting_services) as client:
        assert {client.request(*file).status_code for file in FILES} == {200}
