"""Attacks on every endpoint that the OpenAPI schema names, as an owner of another tenant.

Requests are made from the schema: a new endpoint is attacked without a change here, and one with a
parameter that nobody knows how to fill raises NotCovered.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from leanrag.api.app import create_api
from tests.isolation.wall import KNOWN, Attempt, Wall, named_ids

METHODS = ("get", "post", "put", "patch", "delete")
# Nothing of a tenant is there: they answer anybody, whatever the tenant's name.
PUBLIC = ("/healthz", "/readyz", "/metrics", "/docs")
# They are about whoever signs in, and take no tenant.
ONES_OWN = ("/v1/auth/",)
# Texts that an endpoint reads, where any other would be refused before it looks.
SAMPLES: dict[str, Any] = {
    "email": "somebody@ours.example",
    "code": "000000",
    "ticket": "x" * 40,
    "url": "https://ours.example/",
    "q": f"{KNOWN}?",
    "question": f"How long does delivery to {KNOWN} take?",
    "message": f"How long does delivery to {KNOWN} take?",
    "words": KNOWN,
    "role": "viewer",
    "scopes": ["ask"],
    "name": "swagger-ui.css",
    "since": "2020-01-01T00:00:00Z",
    "until": "2090-01-01T00:00:00Z",
    "expires_at": "2090-01-01T00:00:00Z",
    "limit": 100,
    "edit": 1,
    "slug": "ours-new",
    "confirm": "zanzibar-bot",  # of theirs: a hole would really delete it
}


class NotCovered(Exception):
    """A parameter of an endpoint or a method that the attacks do not know."""


@dataclass(frozen=True)
class Request:
    """A request to be made: where ids of theirs stand is told by `kind`."""

    method: str
    path: str
    kind: str
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    is_form: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    is_addressed: bool = False  # the path itself names something of theirs

    @property
    def sent(self) -> str:
        return json.dumps([self.path, self.query, self.body, self.headers], default=str)


class Attacker:
    """Makes the requests of every endpoint, and tells what came of them."""

    def __init__(self, wall: Wall, client: TestClient, schema: dict[str, Any]) -> None:
        self._wall = wall
        self._client = client
        self._schema = schema
        self._theirs = named_ids(wall, wall.rows)
        self._ours = named_ids(wall, wall.our_rows)

    def endpoints(self) -> list[tuple[str, str]]:
        """Return every method and path of the schema."""
        paths = self._schema["paths"]
        return [(m, path) for path in paths for m in METHODS if m in paths[path]]

    def attack(self, method: str, path: str) -> list[Attempt]:
        """Try everything on one endpoint."""
        return [self._try(request) for request in self._requests(method, path)]

    def _try(self, request: Request) -> Attempt:
        place = f"{request.method.upper()} {request.path}"
        before = self._wall.fingerprint()
        headers = {"Authorization": f"Bearer {self._wall.token()}", **request.headers}
        given: dict[str, Any] = {"params": request.query, "headers": headers}
        if request.is_form:
            given["data"] = {k: str(v) for k, v in request.body.items() if k != "file"}
            given["files"] = {"file": ("ours.txt", b"A text of ours.")}
        elif request.body is not None:
            given["content"] = json.dumps(request.body, default=str)
            given["headers"] = {**headers, "Content-Type": "application/json"}
        reply = self._client.request(request.method.upper(), request.path, **given)
        seen = self._wall.seen(reply.text + str(dict(reply.headers)), sent=request.sent)
        problems = [f"read {seen}"] if seen else []
        if request.is_addressed and reply.status_code < 400:
            problems.append(f"answered {reply.status_code}")
        if reply.status_code >= 500:
            problems.append(f"broke: {reply.text[:200]}")
        if self._wall.fingerprint() != before:
            problems.append("changed something of theirs")
        return Attempt(place, f"{request.kind} → {reply.status_code}", "; ".join(problems))

    # ---- requests -----------------------------------------------------------------------------

    def _requests(self, method: str, path: str) -> Iterator[Request]:
        """Make a request without ids of theirs, one for each place and id, one for each tenant."""
        operation = self._schema["paths"][path][method]
        parameters = operation.get("parameters", [])
        in_path = [p["name"] for p in parameters if p["in"] == "path"]
        query = {
            p["name"]: self._sample(p["name"], p["schema"])
            for p in parameters
            if p["in"] == "query" and (p.get("required") or p["name"] in ("limit", "words"))
        }
        body, is_form = self._body(operation)

        def make(**more: Any) -> Request:
            given = {"method": method, "path": path, "query": query, "body": body, **more}
            return Request(**given, is_form=is_form)

        if not in_path:
            yield make(kind="no id")
        for filled, kind in self._paths(path, in_path):
            yield make(path=filled, kind=kind, is_addressed=bool(kind.startswith("path")))
        base = self._filled(path, in_path)
        for parameter in parameters:
            if parameter["in"] == "query" and self._is_id(parameter["name"], parameter["schema"]):
                for value in self._ids(parameter["name"]):
                    yield make(path=base, kind="query", query={**query, parameter["name"]: value})
        for kind, changed in self._bodies(operation, body):
            yield make(path=base, kind=kind, body=changed)
        if not path.startswith((*PUBLIC, *ONES_OWN)):
            for named in (str(self._wall.theirs), "theirs"):
                yield make(
                    path=base, kind="tenant", headers={"X-Tenant-ID": named}, is_addressed=True
                )

    def _paths(self, path: str, names: list[str]) -> Iterator[tuple[str, str]]:
        choices = [self._ids(name) if name.endswith("_id") else [SAMPLES[name]] for name in names]
        if not names:
            return
        is_theirs = any(name.endswith("_id") for name in names)
        for values in itertools.product(*choices):
            filled = path
            for name, value in zip(names, values, strict=True):
                filled = filled.replace(f"{{{name}}}", str(value))
            yield filled, "path" if is_theirs else "no id"

    def _filled(self, path: str, names: list[str]) -> str:
        """Fill a path with ids of ours."""
        for name in names:
            value = self._ours[name][0] if name.endswith("_id") else SAMPLES[name]
            path = path.replace(f"{{{name}}}", str(value))
        return path

    def _body(self, operation: dict[str, Any]) -> tuple[Any, bool]:
        content = operation.get("requestBody", {}).get("content", {})
        for media, held in content.items():
            is_form = media.startswith("multipart")
            return self._make(held["schema"], name=""), is_form
        return None, False

    def _bodies(self, operation: dict[str, Any], body: Any) -> Iterator[tuple[str, Any]]:
        """Put each id of theirs into each field that takes one, wherever it stands."""
        content = operation.get("requestBody", {}).get("content", {})
        for held in content.values():
            for place in self._id_fields(held["schema"]):
                for value in self._ids(place[-1]):
                    changed = json.loads(json.dumps(body, default=str))
                    target = changed
                    for step in place[:-1]:
                        target = target.setdefault(step, {})
                    target[place[-1]] = value
                    yield f"body {'.'.join(place)}", changed

    def _id_fields(self, schema: dict[str, Any]) -> Iterator[tuple[str, ...]]:
        schema = self._resolve(schema)
        for name, held in schema.get("properties", {}).items():
            if self._is_id(name, held):
                yield (name,)
            elif "properties" in (inner := self._resolve(held)):
                for place in self._id_fields(inner):
                    yield (name, *place)

    def _ids(self, name: str) -> list[Any]:
        if name not in self._theirs:
            raise NotCovered(f"No id of theirs is known for {name!r}; name one in named_ids.")
        return self._theirs[name]

    def _is_id(self, name: str, schema: dict[str, Any]) -> bool:
        schema = self._resolve(schema)
        return (
            name.endswith(("_id", "_ids"))
            or name in ("after", "ids")
            or schema.get("format") == "uuid"
            or self._resolve(schema.get("items", {})).get("format") == "uuid"
        )

    # ---- values -------------------------------------------------------------------------------

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Follow references, and take the first choice that is not null."""
        while True:
            if "$ref" in schema:
                schema = self._schema["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
            elif choices := schema.get("anyOf") or schema.get("allOf") or schema.get("oneOf"):
                schema = next((c for c in choices if c.get("type") != "null"), {})
            else:
                return schema

    def _make(self, schema: dict[str, Any], name: str) -> Any:
        """Make a value that the schema allows: its required fields, with ids of ours."""
        schema = self._resolve(schema)
        if "properties" in schema or schema.get("type") == "object":
            required = schema.get("required", [])
            held = schema.get("properties", {})
            return {field: self._make(held[field], field) for field in required}
        return self._sample(name, schema)

    def _sample(self, name: str, schema: dict[str, Any]) -> Any:
        schema = self._resolve(schema)
        if self._is_id(name, schema):
            if name not in self._ours:
                raise NotCovered(f"No id of ours is known for {name!r}; name one in named_ids.")
            return self._ours[name][0]
        if name in SAMPLES:
            return SAMPLES[name]
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        if schema.get("type") == "array":
            return [self._make(schema["items"], name)]
        plain = {"integer": max(1, schema.get("minimum", 1)), "number": 1.0, "boolean": True}
        return plain.get(schema.get("type", ""), "A text of ours")


@contextmanager
def attacking(wall: Wall) -> Iterator[Attacker]:
    """Serve the wall's API, and give its attacker."""
    api = create_api(lambda: wall.services)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with api.router.lifespan_context(api):
            yield

    app = Starlette(routes=[Mount("/api", api)], lifespan=lifespan)
    base_url = "http://127.0.0.1:8501/api"
    with TestClient(app, base_url=base_url, raise_server_exceptions=False) as client:
        yield Attacker(wall, client, api.openapi())
