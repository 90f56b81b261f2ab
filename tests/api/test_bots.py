from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from db.models import AuditEvent
from tests.signed_in_api import ADA, Visitor

CORA = "cora@demo.example"  # nobody else's: tests share a database
ErrorOf = Callable[[Any, int], dict[str, Any]]
FIELDS = {
    *("bot_id", "slug", "name", "prompt_version"),
    *("persona", "instructions", "greeting", "fallback"),
}


@pytest.fixture
def slug(client: TestClient) -> str:
    return str(client.get("/v1/bots").json()["bots"][0]["slug"])


def test_bots_are_listed(client: TestClient) -> None:
    bots = client.get("/v1/bots").json()["bots"]
    assert set(bots[0]) == FIELDS
    assert client.get(f"/v1/bots/{bots[0]['slug']}").json() == bots[0]


def test_a_search_shows_ranked_passages_with_their_scores_and_the_route(
    client: TestClient, upload: Any, settled: Any, slug: str
) -> None:
    text = "The Tabriz carpet is woven from silk. A carpet of wool costs half."
    settled(upload(text.encode(), "carpets.txt").json()["document_id"])
    found = client.get(
        f"/v1/bots/{slug}/search", params={"q": "What is the Tabriz carpet made of?"}
    ).json()
    assert found["query"] == "What is the Tabriz carpet made of?"
    assert found["route"]["language"] == "en"
    passages = found["passages"]
    assert "silk" in passages[0]["text"]
    assert passages[0]["lexical_score"] > 0
    scores = [passage["score"] for passage in passages]
    assert scores == sorted(scores, reverse=True)


def test_a_bot_s_id_serves_as_well_as_its_slug(client: TestClient) -> None:
    bot = client.get("/v1/bots").json()["bots"][0]
    found = client.get(f"/v1/bots/{bot['bot_id']}/search?q=tea&limit=1").json()
    assert found["bot_id"] == bot["bot_id"]
    assert len(found["passages"]) <= 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "q is missing."),
        ("?q=a%00b", "q holds a NUL character; remove it."),
        ("?q=tea&limit=0", "limit must be at least 1."),
        ("?q=tea&limit=1000", "limit must be at most 100."),
    ],
)
def test_a_wrong_search_is_explained(
    client: TestClient, error_of: ErrorOf, slug: str, query: str, message: str
) -> None:
    assert error_of(client.get(f"/v1/bots/{slug}/search{query}"), 422)["message"] == message


@pytest.mark.parametrize("query", ["?q=", "?q=%20", "?q=🙂"])
def test_a_search_without_words_is_refused(
    client: TestClient, error_of: ErrorOf, slug: str, query: str
) -> None:
    error_of(client.get(f"/v1/bots/{slug}/search{query}"), 422)


@pytest.mark.parametrize("bot", ["nobody", "%FF", "%ED%A0%80"])
def test_an_unknown_bot_is_not_found(client: TestClient, error_of: ErrorOf, bot: str) -> None:
    assert error_of(client.get(f"/v1/bots/{bot}/search?q=tea"), 404)["code"] == "not_found"


def test_a_bot_s_name_with_a_nul_is_refused(client: TestClient, error_of: ErrorOf) -> None:
    error_of(client.get("/v1/bots/a%00b/search?q=tea"), 422)


def test_a_bot_is_made_asked_renamed_and_deleted(client: TestClient, error_of: ErrorOf) -> None:
    made = client.post("/v1/bots", json={"slug": "sales", "name": " Sales "})
    assert made.status_code == 201
    bot = made.json()
    assert (bot["slug"], bot["name"], bot["prompt_version"]) == ("sales", "Sales", 1)
    assert set(bot) == FIELDS
    asked = client.post("/v1/ai/ask", json={"question": "Hello!", "bot_id": "sales"})
    assert asked.status_code == 200
    renamed = client.patch("/v1/bots/sales", json={"name": "Sales desk"}).json()
    assert (renamed["slug"], renamed["name"]) == ("sales", "Sales desk")
    unsure = error_of(client.delete("/v1/bots/sales", params={"confirm": "assistant"}), 422)
    assert unsure["message"] == "To delete this bot, type its short name: sales."
    error_of(client.delete("/v1/bots/sales"), 422)
    by_id = f"/v1/bots/{bot['bot_id']}"
    assert client.get(by_id).json() == renamed
    gone = client.delete(by_id, params={"confirm": "sales"})
    assert (gone.status_code, gone.content) == (204, b"")
    for method in ("get", "patch", "delete"):
        body = {"json": {"name": "x"}} if method == "patch" else {}
        reply = client.request(method, "/v1/bots/sales", params={"confirm": "sales"}, **body)
        assert error_of(reply, 404)["code"] == "not_found"


def test_the_last_bot_stays(client: TestClient, error_of: ErrorOf, slug: str) -> None:
    assert len(client.get("/v1/bots").json()["bots"]) == 1
    error = error_of(client.delete(f"/v1/bots/{slug}", params={"confirm": slug}), 409)
    assert error["message"] == "A tenant needs a bot; make another one first."


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"slug": "Two Words", "name": "x"}, 422),
        ({"slug": "fine"}, 422),
        ({"slug": "fine", "name": " "}, 422),
        ({"slug": "fine", "name": "a\0b"}, 422),
        ({"slug": "fine", "name": "x" * 201}, 422),
        ({"slug": "fine", "name": "x", "persona": "y"}, 422),
    ],
)
def test_a_wrong_bot_is_not_made(
    client: TestClient, error_of: ErrorOf, body: dict[str, str], status: int
) -> None:
    error_of(client.post("/v1/bots", json=body), status)
    assert len(client.get("/v1/bots").json()["bots"]) == 1


def test_a_taken_short_name_is_refused(client: TestClient, error_of: ErrorOf, slug: str) -> None:
    error = error_of(client.post("/v1/bots", json={"slug": slug, "name": "Another"}), 409)
    assert "exists already" in error["message"]


def test_who_made_renamed_and_deleted_a_bot_is_in_the_log(
    visitor: Visitor, error_of: ErrorOf
) -> None:
    ada = visitor.bearer(ADA)
    call = visitor.client.request
    new_member = {"email": CORA, "role": "operator"}
    member = call("post", "/v1/members", json=new_member, headers=ada).json()
    cora = visitor.bearer(CORA)
    new = {"slug": "logged", "name": "Logged"}
    error_of(call("post", "/v1/bots", json=new, headers=cora), 403)
    made = call("post", "/v1/bots", json=new, headers=ada).json()
    path = f"/v1/bots/{made['bot_id']}"
    assert call("get", path, headers=cora).status_code == 200
    error_of(call("patch", path, json={"name": "Cora's"}, headers=cora), 403)
    call("patch", path, json={"name": "Renamed"}, headers=ada)
    error_of(call("delete", path, params={"confirm": "logged"}, headers=cora), 403)
    assert call("delete", path, params={"confirm": "logged"}, headers=ada).status_code == 204
    member_path = f"/v1/members/{member['person_id']}"
    assert call("delete", member_path, headers=ada).status_code == 204
    services = visitor.services
    with services.database.tenant(services.local_tenant_id) as session:
        events = session.scalars(
            select(AuditEvent)
            .where(AuditEvent.object_kind == "bot", AuditEvent.object_id == made["bot_id"])
            .order_by(AuditEvent.at)
        ).all()
    created, changed, deleted = events
    assert [event.action for event in events] == ["created", "changed", "deleted"]
    assert {event.actor_kind for event in events} == {"person"}
    assert len({event.actor_id for event in events}) == 1
    assert created.before is None
    assert created.after is not None
    assert (created.after["slug"], created.after["name"]) == ("logged", "Logged")
    assert (changed.before, changed.after) == ({"name": "Logged"}, {"name": "Renamed"})
    assert deleted.before is not None
    assert (deleted.before["name"], deleted.after) == ("Renamed", None)
