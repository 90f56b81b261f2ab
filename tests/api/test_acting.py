"""Who asks and changes things by the API is told by what vouches for them, never by what they say.

By a token, a cookie, a key and an outer system's token: the same requests, each with headers and
fields that name somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from db.models import Conversation, Message
from db.tenancy import Actor, current_actor
from leanrag.answer import Answerer
from leanrag.audit import AuditEventView
from leanrag.auth import SESSION_COOKIE
from leanrag.bootstrap import Services
from leanrag.identity import identify
from tests.access_parts import cookie_of
from tests.outer_tokens import OUTER, SHARED, token
from tests.product_parts import rows
from tests.signed_in_api import BASE_URL, ORIGIN, guarded_services, served

ErrorOf = Callable[[Any, int], dict[str, Any]]

MIA, CLEO = "mia@acting.example", "Cleo"
IP = "203.0.113.7"
SOMEBODY = "Somebody else"
WAYS = ("token", "cookie", "key", "outer token")
# What proxies, other products and hopeful callers send to say who it is.
FORGED = {
    **dict.fromkeys(("X-Actor", "X-Actor-Name", "X-User", "X-User-Email", "From"), SOMEBODY),
    **dict.fromkeys(("Remote-User", "X-Remote-User", "X-Forwarded-User"), SOMEBODY),
    **dict.fromkeys(("X-Forwarded-For", "X-Real-IP", "X-Client-IP"), "198.51.100.66"),
    "Forwarded": "for=198.51.100.66;by=somebody",
    "X-Person-ID": str(uuid4()),
}
FORGED_FIELDS = ("actor", "actor_id", "user", "user_id", "person_id", "by", "added_by", "name")


@dataclass
class Caller:
    """Somebody who calls, by one of the ways, and who that is."""

    client: TestClient
    services: Services
    tenant_id: UUID
    actor: Actor
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, status: int = 200, **body: Any) -> Any:
        """Send a request with everything forged, and return its JSON, of a stream its text."""
        headers = {**FORGED, **self.headers}
        reply = self.client.request(method, path, headers=headers, params=FORGED, **body)
        assert reply.status_code == status, reply.text
        is_json = reply.headers.get("content-type", "") == "application/json"
        return reply.json() if is_json and reply.content else reply.text

    def events(self) -> tuple[AuditEventView, ...]:
        return self.services.audit.find(self.tenant_id, limit=200).events


@pytest.fixture(scope="module")
def acting_services(api_home: Path, quoting_services: Services) -> Iterator[Services]:
    outer = {"outer_shared_key": SHARED, "outer_issuer": OUTER, "outer_tenant": "acting"}
    with guarded_services(api_home, **outer, outer_role="manager") as services:
        yield services


@pytest.fixture(scope="module")
def tenant_id(acting_services: Services) -> UUID:
    """A tenant with a manager, and another person whom callers may name."""
    members = acting_services.access.members
    made = acting_services.tenants.create("acting", "Acting").tenant_id
    members.ensure_owner(made, "owner@acting.example")
    owner = acting_services.access.people.find("owner@acting.example")
    assert owner is not None
    members.add(identify(owner), MIA, "manager")
    return made


@pytest.fixture(params=WAYS)
def caller(
    request: pytest.FixtureRequest, acting_services: Services, tenant_id: UUID
) -> Iterator[Caller]:
    with TestClient(served(acting_services), base_url=BASE_URL, client=(IP, 4711)) as client:
        yield _enter(request.param, Caller(client, acting_services, tenant_id, Actor("system")))


def _enter(way: str, caller: Caller) -> Caller:
    access = caller.services.access
    mia = access.people.find(MIA)
    assert mia is not None
    caller.actor = Actor("person", str(mia.person_id), MIA, IP)
    if way == "cookie":
        caller.client.cookies.set(SESSION_COOKIE, cookie_of(caller.services, mia.person_id))
        caller.headers = ORIGIN
        return caller
    if way == "outer token":
        bearer = token(username=CLEO)
        cleo = access.outer_users.find(bearer).actor
        caller.actor = Actor("person", cleo.id, CLEO, IP)
    elif way == "key":
        owner = access.people.find("owner@acting.example")
        assert owner is not None
        scopes = ("ask", "knowledge.read", "knowledge.write", "bots.write", "tuning.read")
        made = access.keys.make(identify(owner), "Website", scopes)
        bearer, caller.actor = made.text, Actor("key", str(made.view.key_id), "Website", IP)
    else:
        with caller.services.database.administration() as session:
            opened = access.sessions.open(mia.person_id, "token", ip="", agent="", session=session)
        bearer = access.tokens.issue(opened).text
    caller.headers = {"Authorization": f"Bearer {bearer}"}
    return caller


def test_what_is_changed_is_the_callers_own_act(caller: Caller) -> None:
    known = {event.event_id for event in caller.events()}
    file = (f"{uuid4()}.txt", f"Delivery {uuid4()} takes three days.".encode())
    form = dict.fromkeys(FORGED_FIELDS, SOMEBODY)
    source = caller.send("POST", "/v1/files", 202, files={"file": file}, data=form)
    path = f"/v1/files/{source['document_id']}"
    assert caller.send("GET", path)["added_by"] == caller.actor.name
    caller.send("PATCH", path, json={"title": "Delivery"})
    (bot,) = caller.send("GET", "/v1/bots")["bots"]
    draft = caller.send("GET", f"/v1/bots/{bot['slug']}/draft")
    words = {"edit": draft["edit"], "based_on": draft["based_on"], "persona": str(uuid4())}
    saved = caller.send(
        "PUT", f"/v1/bots/{bot['slug']}/draft", json={**words, "edited_by": SOMEBODY}
    )
    assert saved["edited_by"] == caller.actor.name
    caller.send("DELETE", path, 204)
    made = [event for event in caller.events() if event.event_id not in known]
    changes = [e for e in made if e.object_kind in ("source", "bot_version")]
    assert {event.action for event in changes} == {"created", "changed", "deleted"}
    actors = {(e.actor_kind, e.actor_id, e.actor_name, e.ip) for e in changes}
    assert actors == {(caller.actor.kind, caller.actor.id, caller.actor.name, IP)}


def test_a_question_is_asked_by_the_caller_whatever_headers_say(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    actors: list[Actor | None] = []
    answer = Answerer.answer

    def watch(*given: Any, **named: Any) -> Iterator[Any]:
        for event in answer(*given, **named):
            actors.append(current_actor())
            yield event

    monkeypatch.setattr(Answerer, "answer", watch)
    texts = {path: f"{path} {uuid4()}?" for path in ("/v1/chat", "/v1/ai/ask")}
    for path, text in texts.items():
        caller.send("POST", path, json={"question": text})
    assert set(actors) == {caller.actor}, "in the stream's own thread too"
    said = {message.text: message for message in rows(caller.services, caller.tenant_id, Message)}
    for text in texts.values():
        assert said[text].role == "user"
        with caller.services.database.tenant(caller.tenant_id) as session:
            own = Conversation.conversation_id == said[text].conversation_id
            assert session.scalars(select(Conversation.channel).where(own)).one() == "api"


@pytest.mark.parametrize("path", ["/v1/chat", "/v1/ai/ask"])
def test_a_question_that_says_who_asks_is_refused_and_nothing_is_kept(
    caller: Caller, error_of: ErrorOf, path: str
) -> None:
    before = len(rows(caller.services, caller.tenant_id, Message))
    forged = (*FORGED_FIELDS, "role", "channel", "tenant_id", "status", "text")
    for name in forged:
        body = {"question": "How long does delivery take?", name: SOMEBODY}
        reply = caller.client.post(path, json=body, headers=caller.headers)
        error_of(reply, 422)
    other = {**caller.headers, "X-Tenant-ID": "demo"}
    body = {"question": "How long does delivery take?"}
    error_of(caller.client.post(path, json=body, headers=other), 403)
    assert len(rows(caller.services, caller.tenant_id, Message)) == before
