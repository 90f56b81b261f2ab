"""Every endpoint with every role: refused exactly where the table of roles says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from uuid import uuid4

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from leanrag.api.app import create_api
from leanrag.api.tenancy import needed_action
from leanrag.bootstrap import Services
from leanrag.identity import identify
from leanrag.permissions import ROLES, Action, Role, may


def routes_of(router: FastAPI | APIRouter) -> Iterator[APIRoute]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif isinstance(inner := getattr(route, "original_router", None), APIRouter):
            yield from routes_of(inner)


def action_of(dependant: Dependant) -> Action | None:
    for inner in dependant.dependencies:
        found = needed_action(inner.call) or action_of(inner)
        if found is not None:
            return found
    return None


API = create_api(lambda: pytest.fail("No request is made."))
GUARDED = [
    (method, route.path, action)
    for route in routes_of(API)
    for method in sorted(route.methods - {"HEAD", "OPTIONS"})
    if (action := action_of(route.dependant)) is not None
]


@pytest.fixture(scope="module")
def tokens(guarded: Services) -> dict[Role, str]:
    """A token of a member of each role, in a tenant that nobody else uses."""
    access = guarded.access
    tenant_id = guarded.tenants.create("roles", "Roles").tenant_id
    access.members.ensure_owner(tenant_id, "owner@roles.example")
    access.members.ensure_owner(tenant_id, "second-owner@roles.example")
    person = access.people.find("second-owner@roles.example")
    assert person
    owner = identify(person)
    made: dict[Role, str] = {}
    for role in ROLES:
        email = f"{role}@roles.example"
        if role != "owner":
            access.members.add(owner, email, role)
        found = access.people.find(email)
        assert found
        with guarded.database.administration() as session:
            opened = access.sessions.open(
                found.person_id, "token", ip="", agent="", session=session
            )
        made[role] = access.tokens.issue(opened).text
    return made


@pytest.fixture(scope="module")
def caller(guarded: Services) -> Iterator[TestClient]:
    with TestClient(create_api(lambda: guarded), base_url="http://127.0.0.1:8501") as made:
        yield made


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_refused_exactly_where_the_table_says(
    caller: TestClient, tokens: dict[Role, str], role: Role
) -> None:
    headers = {"Authorization": f"Bearer {tokens[role]}"}
    wrong = []
    for method, path, action in GUARDED:
        address = re.sub(r"\{[^}]+\}", str(uuid4()), path)
        reply = caller.request(method, address, headers=headers)
        is_refused = reply.status_code == 403
        if is_refused is may(role, action) or reply.status_code == 401:
            wrong.append((method, path, action, reply.status_code))
    assert wrong == []


def test_every_cell_is_looked_at() -> None:
    cells = list(product(ROLES, GUARDED))
    print(f"{len(ROLES)} roles x {len(GUARDED)} endpoints = {len(cells)} cells")
    assert len(cells) >= 5 * 40
    assert {action for _, _, action in GUARDED} >= {"ask", "knowledge.write", "bots.write"}
