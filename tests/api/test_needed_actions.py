"""Every endpoint asks for an action, or is one of the few that whoever signed in may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from leanrag.api.app import create_api
from leanrag.api.tenancy import authorise, needed_action
from leanrag.permissions import ACTIONS, Action

# For anybody: nothing of a tenant is to be seen there.
PUBLIC = {
    "/healthz",
    "/readyz",
    "/docs",
    "/docs/assets/{name}",
    "/v1/auth/request-code",
    "/v1/auth/verify-code",
    "/v1/auth/claim",
}
# For whoever signed in: their own sign-ins and identity; leaving a tenant asks in the service.
ONES_OWN = {
    ("POST", "/v1/auth/sign-out"),
    ("GET", "/v1/auth/me"),
    ("GET", "/v1/auth/sessions"),
    ("DELETE", "/v1/auth/sessions"),
    ("DELETE", "/v1/auth/sessions/{sign_in_id}"),
    ("DELETE", "/v1/members/{person_id}"),
}
# What a reading action must never stand before.
CHANGES = {"POST", "PUT", "PATCH", "DELETE"}


def _routes(router: FastAPI | APIRouter) -> Iterator[APIRoute]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif isinstance(inner := getattr(route, "original_router", None), APIRouter):
            yield from _routes(inner)


def _dependencies(dependant: Dependant) -> Iterator[Dependant]:
    for inner in dependant.dependencies:
        yield inner
        yield from _dependencies(inner)


def _actions(route: APIRoute) -> set[Action]:
    found = (needed_action(inner.call) for inner in _dependencies(route.dependant))
    return {action for action in found if action is not None}


def _unused() -> None:
    raise AssertionError("No request is made.")


API = create_api(_unused)  # type: ignore[arg-type]
ROUTES = list(_routes(API))


def test_no_endpoint_of_the_schema_is_overlooked() -> None:
    seen = {(method.lower(), route.path) for route in ROUTES for method in route.methods}
    schema = {
        (method, path) for path, methods in API.openapi()["paths"].items() for method in methods
    }
    assert schema <= seen
    assert len(schema) > 40


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{'/'.join(r.methods)} {r.path}")
def test_an_endpoint_asks_for_one_action(route: APIRoute) -> None:
    (method,) = route.methods - {"HEAD", "OPTIONS"}
    actions = _actions(route)
    if route.path in PUBLIC:
        assert not actions
        return
    assert any(inner.call is authorise for inner in _dependencies(route.dependant))
    if (method, route.path) in ONES_OWN:
        return
    assert len(actions) == 1, f"{method} {route.path} asks for {actions or 'nothing'}"
    (action,) = actions
    assert action in ACTIONS
    if method in CHANGES:
        assert not action.endswith(".read")
