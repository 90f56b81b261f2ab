from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from leanrag.api.local_guard import LocalGuard, complete_host, complete_origin
from leanrag.settings import Settings

HOST = "127.0.0.1:8501"


async def _page(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("inside")


async def _socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("inside")
    await websocket.close()


@pytest.fixture
def client() -> Iterator[TestClient]:
    methods = ["GET", "POST", "PUT", "DELETE"]
    routes = [
        Route("/", _page, methods=methods),
        Route("/api/v1/files", _page, methods=methods),
        WebSocketRoute("/_stcore/stream", _socket),
    ]
    with TestClient(LocalGuard(Starlette(routes=routes)), base_url=f"http://{HOST}") as made:
        yield made


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8501", "127.0.0.1", "localhost:9", "LOCALHOST:8501", "[::1]:8501", "[::1]"],
)
def test_every_loopback_name_is_let_in_on_any_port(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).text == "inside"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8501",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "localhost.",
        "192.168.1.5:8501",
        "0.0.0.0:8501",
        "[::]:8501",
        "[::1",
        "127.0.0.1:99999",
        "127.0.0.1:85x",
        "evil.example@127.0.0.1",
        "127.0.0.1/evil.example",
        "127.0.0.1#@evil.example",
        "",
    ],
)
def test_a_host_that_is_not_loopback_is_refused(client: TestClient, host: str) -> None:
    refused = client.get("/api/v1/files", headers={"Host": host})
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "forbidden"
    assert "this computer" in refused.json()["error"]["message"]


def test_a_connection_from_the_network_is_refused_whatever_it_calls_itself() -> None:
    app = LocalGuard(Starlette(routes=[Route("/", _page)]))
    with TestClient(app, base_url="http://192.168.1.5:8501") as made:
        assert made.get("/", headers={"Host": HOST}).status_code == 403


def test_two_hosts_are_refused(client: TestClient) -> None:
    headers = [("Host", HOST), ("Host", "evil.example")]
    assert client.get("/", headers=headers).status_code == 403


def test_the_console_s_own_page_may_post(client: TestClient) -> None:
    assert client.post("/api/v1/files", headers={"Origin": f"http://{HOST}"}).text == "inside"


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://evil.example",
        "http://127.0.0.1:8502",
        "http://127.0.0.1",
        "http://localhost:8501",
        "http://127.0.0.1:8501.evil.example",
        "chrome-extension://abcdef",
        "file://127.0.0.1:8501",
    ],
)
def test_another_page_s_request_is_refused(client: TestClient, origin: str) -> None:
    for method in ("GET", "POST"):
        refused = client.request(method, "/api/v1/files", headers={"Origin": origin})
        assert refused.status_code == 403
        assert refused.json()["error"]["details"] == {}


def test_ports_left_out_are_the_scheme_s_own(client: TestClient) -> None:
    headers = {"Host": "localhost", "Origin": "http://localhost:80"}
    assert client.post("/", headers=headers).status_code == 200
    assert client.post("/", headers={**headers, "Origin": "https://localhost"}).status_code == 403


def test_a_cross_site_form_is_refused_and_a_link_is_not(client: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert client.get("/", headers=headers).status_code == 200
    for method in ("POST", "PUT", "DELETE"):
        assert client.request(method, "/", headers=headers).status_code == 403


def test_a_page_is_refused_with_one_plain_line(client: TestClient) -> None:
    refused = client.get("/", headers={"Host": "evil.example"})
    assert refused.headers["content-type"].startswith("text/plain")
    assert refused.text.count("\n") == 1


def test_the_console_s_own_websocket_is_accepted(client: TestClient) -> None:
    headers = {"Origin": f"http://{HOST}"}
    with client.websocket_connect(f"ws://{HOST}/_stcore/stream", headers=headers) as websocket:
        assert websocket.receive_text() == "inside"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example:8501"},
        {"Host": "evil.example:8501", "Origin": "http://evil.example:8501"},
    ],
)
def test_a_foreign_websocket_is_refused_before_it_is_accepted(
    client: TestClient, headers: dict[str, str]
) -> None:
    connection = client.websocket_connect(f"ws://{HOST}/_stcore/stream", headers=headers)
    with pytest.raises(WebSocketDisconnect) as refused, connection:
        pass
    assert refused.value.code == 1008


def test_hosts_and_origins_are_completed_by_the_scheme_s_port() -> None:
    assert complete_host("LocalHost:8501", "http") == "localhost:8501"
    assert complete_host("[::1]", "ws") == "[::1]:80"
    assert complete_origin("https://localhost") == "https://localhost:443"
    assert complete_origin("localhost") == ""
    assert complete_origin("null") == ""


@pytest.fixture
def guarded() -> Iterator[TestClient]:
    """A console that people sign in to, served to the network under one name."""
    settings = Settings(auth="sign-in", allowed_hosts="console.example", _env_file=None)  # type: ignore[call-arg,arg-type]
    routes = [
        Route("/api/v1/files", _page, methods=["GET", "POST"]),
        WebSocketRoute("/_stcore/stream", _socket),
    ]
    app = LocalGuard(Starlette(routes=routes), get_settings=lambda: settings)
    with TestClient(app, base_url="http://192.168.1.5:8501") as made:
        yield made


def test_where_people_sign_in_its_name_is_let_in_from_the_network(guarded: TestClient) -> None:
    own = {"Host": "console.example", "Origin": "https://console.example"}
    assert guarded.get("/api/v1/files", headers=own).text == "inside"
    assert guarded.post("/api/v1/files", headers=own).text == "inside"
    connection = guarded.websocket_connect("ws://192.168.1.5:8501/_stcore/stream", headers=own)
    with connection as websocket:
        assert websocket.receive_text() == "inside"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "192.168.1.5:8501"},
        {"Host": "evil.example"},
        {"Host": "console.example", "Origin": "https://evil.example"},
        {"Host": "console.example", "Origin": "null"},
        {"Host": "console.example", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_where_people_sign_in_other_names_and_pages_are_refused(
    guarded: TestClient, headers: dict[str, str]
) -> None:
    assert guarded.post("/api/v1/files", headers=headers).status_code == 403
    if "Sec-Fetch-Site" not in headers:
        url = "ws://192.168.1.5:8501/_stcore/stream"
        connection = guarded.websocket_connect(url, headers=headers)
        with pytest.raises(WebSocketDisconnect), connection:
            pass
