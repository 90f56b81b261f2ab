"""The API where people sign in: its services, its server, and how a caller gets in."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.testclient import TestClient

from leanrag.api.app import create_api
from leanrag.api.local_guard import LocalGuard
from leanrag.bootstrap import Services, start_services
from leanrag.settings import Settings
from tests.access_parts import PostBox

ADA, BEN = "ada@demo.example", "ben@demo.example"
BASE_URL = "http://127.0.0.1:8501/api"
ORIGIN = {"Origin": "http://127.0.0.1:8501"}
PROXY = "127.0.0.9"


@contextlib.contextmanager
def guarded_services(home: Path, **values: Any) -> Iterator[Services]:
    """Start services that people sign in to; ada owns the tenant; letters go to a post box."""
    settings = Settings(
        _env_file=None,
        home=home,
        auth="sign-in",
        owner_email=ADA,
        sign_in_codes_per_address=100,
        sign_in_codes_per_address_a_day=1000,
        sign_in_codes_per_ip=1000,
        trusted_proxies=PROXY,  # type: ignore[arg-type] # read as the environment's text is
        **values,
    )
    services = start_services(settings, worker=False)
    services.access.sign_in._mailer = PostBox()
    yield services
    services.close()


def served(services: Services) -> Starlette:
    """Mount the API as the console does, behind the guard."""
    api = create_api(lambda: services)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with api.router.lifespan_context(api):
            yield

    guard = Middleware(LocalGuard, get_settings=lambda: services.settings)
    return Starlette(routes=[Mount("/api", api)], lifespan=lifespan, middleware=[guard])


class Visitor:
    """Somebody with a browser, or a program."""

    def __init__(self, services: Services, client: TestClient) -> None:
        self.services = services
        self.client = client

    @property
    def box(self) -> PostBox:
        box = self.services.access.sign_in._mailer
        assert isinstance(box, PostBox)
        return box

    def code(self, email: str) -> str:
        came = len(self.box.letters)
        reply = self.client.post("/v1/auth/request-code", json={"email": email})
        assert reply.status_code == 202
        return self.box.code(came + 1)

    def bearer(self, email: str) -> dict[str, str]:
        """Sign in for the API, and return the header to send."""
        sent = {"email": email, "code": self.code(email)}
        token = self.client.post("/v1/auth/verify-code", json=sent).json()["access_token"]
        return {"Authorization": f"Bearer {token}"}

    def ticket(self, email: str) -> dict[str, Any]:
        made = self.services.access.sign_in.verify_code(email, self.code(email))
        return {"ticket": made.ticket}

    def take_cookie(self, email: str) -> httpx.Response:
        """Sign in as the console's page does."""
        return self.client.post("/v1/auth/claim", json=self.ticket(email), headers=ORIGIN)
