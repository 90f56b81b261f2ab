from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import delete
from starlette.testclient import TestClient

from db.models import Bot
from leanrag.bootstrap import Services
from leanrag.bot_content import BotContent
from leanrag.bot_version_rows import publish_first

ErrorOf = Callable[[Any, int], dict[str, Any]]
OWN = {
    "keywords": [
        {"intent": "contact", "language": "en", "keyword": "hotline", "weight": 3, "enabled": True}
    ],
    "routings": [],
}


@pytest.fixture
def slug(quoting_services: Services) -> Iterator[str]:
    """A bot of its own for each test, beside the demo's."""
    services, slug = quoting_services, f"b{uuid.uuid4().hex[:8]}"
    tenant_id = services.local_tenant_id
    with services.database.tenant(tenant_id) as session:
        bot = Bot(tenant_id=tenant_id, slug=slug, name=slug)
        session.add(bot)
        session.flush()
        content = BotContent("Be kind.", greeting={"en": "Hi!"})
        publish_first(tenant_id, bot.bot_id, content, session=session)
    yield slug
    with services.database.tenant(tenant_id) as session:
        session.execute(delete(Bot).where(Bot.tenant_id == tenant_id, Bot.slug == slug))
    services.tuning.reset(tenant_id)


@pytest.fixture
def put(client: TestClient, slug: str) -> Callable[..., Any]:
    """Save the draft with some fields changed, from what is seen now."""

    def send(**fields: Any) -> Any:
        seen = client.get(f"/v1/bots/{slug}/draft").json()
        body = {name: seen[name] for name in ("edit", "based_on", "persona", "greeting")}
        return client.put(f"/v1/bots/{slug}/draft", json={**body, **fields})

    return send


def test_a_draft_is_opened_saved_published_and_rolled_back(
    client: TestClient, slug: str, put: Any
) -> None:
    opened = client.get(f"/v1/bots/{slug}/draft").json()
    assert (opened["edit"], opened["based_on"], opened["state"]) == (0, 1, "draft")
    assert (opened["persona"], opened["greeting"]) == ("Be kind.", {"en": "Hi!"})
    saved = put(persona="Be brief.", fallback={"tr": "Bilmiyorum."}, routing=OWN, edited_by="Sara")
    assert saved.status_code == 200
    draft = saved.json()
    assert (draft["edit"], draft["edited_by"], draft["routing"]) == (1, "Sara", OWN)
    assert client.get(f"/v1/bots/{slug}/draft").json() == draft
    listed = client.get(f"/v1/bots/{slug}/versions").json()["versions"]
    assert [(v["version"], v["state"]) for v in listed] == [(0, "draft"), (1, "published")]

    published = client.post(f"/v1/bots/{slug}/publish", json={"edit": 1, "note": "Briefer"})
    assert published.status_code == 200
    made = published.json()
    assert (made["version"], made["state"], made["note"]) == (2, "published", "Briefer")
    assert made["fallback"] == {"tr": "Bilmiyorum."}
    bots = {bot["slug"]: bot for bot in client.get("/v1/bots").json()["bots"]}
    assert bots[slug]["persona"] == "Be brief."

    back = client.post(f"/v1/bots/{slug}/rollback", json={"version": 1, "edited_by": "Reza"})
    assert back.status_code == 200
    assert (back.json()["version"], back.json()["restored_from"]) == (3, 1)
    assert back.json()["persona"] == "Be kind."
    assert back.json()["routing"] == {"keywords": [], "routings": []}


def test_a_draft_keeps_its_routing_where_none_is_named(put: Any) -> None:
    put(routing=OWN)
    assert put(persona="Be brief.").json()["routing"] == OWN
    empty = {"keywords": [], "routings": []}
    assert put(routing={}).json()["routing"] == empty


def test_a_draft_is_discarded(client: TestClient, slug: str, put: Any) -> None:
    edit = put(persona="Never mind.").json()["edit"]
    gone = client.delete(f"/v1/bots/{slug}/draft", params={"edit": edit})
    assert (gone.status_code, gone.content) == (204, b"")
    assert client.get(f"/v1/bots/{slug}/draft").json()["persona"] == "Be kind."


def test_whoever_comes_second_is_told_who_came_first(
    client: TestClient, slug: str, put: Any, error_of: ErrorOf
) -> None:
    put(persona="First.", edited_by="Sara")
    late = error_of(put(persona="Second.", edit=0), 409)
    assert late["code"] == "conflict"
    assert late["message"].startswith("Sara saved this draft at ")
    assert (late["details"]["edit"], late["details"]["edited_by"]) == (1, "Sara")
    for sent in (
        client.post(f"/v1/bots/{slug}/publish", json={"edit": 0}),
        client.delete(f"/v1/bots/{slug}/draft", params={"edit": 0}),
    ):
        assert "Sara" in error_of(sent, 409)["message"]
    assert client.get(f"/v1/bots/{slug}/draft").json()["persona"] == "First."
    assert client.post(f"/v1/bots/{slug}/publish", json={"edit": 1}).status_code == 200
    again = error_of(client.post(f"/v1/bots/{slug}/publish", json={"edit": 1}), 409)
    assert "version 2, published by Sara" in again["message"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"edit": "1"}, "edit must be a whole number."),
        ({"based_on": -1}, "based_on must be at least 0."),
        (
            {"persona": "x" * 8_001},
            "The persona has 8,001 characters and may have 8,000; shorten it.",
        ),
        ({"persona": "a\0b"}, "persona holds a NUL character; remove it."),
        ({"greeting": {"en": "a\0b"}}, "greeting.en holds a NUL character; remove it."),
        ({"tone": "warm"}, "tone is not a field of this request."),
        ({"routing": {"keywords": [{}]}}, "routing.keywords.0.intent is missing."),
        (
            {"routing": {"keywords": [{**OWN["keywords"][0], "weight": 4}]}},
            "The weight of 'hotline' must be 1, 2 or 3.",
        ),
    ],
)
def test_a_wrong_draft_is_explained(
    put: Any, error_of: ErrorOf, fields: dict[str, Any], message: str
) -> None:
    assert error_of(put(**fields), 422)["message"] == message


def test_a_draft_is_based_on_a_version_that_exists(put: Any, error_of: ErrorOf) -> None:
    assert "no version 7" in error_of(put(based_on=7), 404)["message"]


def test_a_persona_that_fills_the_prompt_is_not_published(
    client: TestClient, slug: str, put: Any, error_of: ErrorOf
) -> None:
    edit = put(persona="Be kind. " * 150).json()["edit"]
    refusal = error_of(client.post(f"/v1/bots/{slug}/publish", json={"edit": edit}), 422)
    assert "too long for the system prompt" in refusal["message"]
    assert refusal["details"]["tokens"] > refusal["details"]["limit"]


@pytest.mark.parametrize("version", [0, 99, "1"])
def test_nothing_is_rolled_back_to_a_version_that_never_was(
    client: TestClient, slug: str, error_of: ErrorOf, version: object
) -> None:
    sent = client.post(f"/v1/bots/{slug}/rollback", json={"version": version})
    error_of(sent, 404 if version == 99 else 422)


def test_an_unknown_bot_has_no_versions(client: TestClient, error_of: ErrorOf) -> None:
    for path in ("versions", "draft"):
        assert error_of(client.get(f"/v1/bots/nobody/{path}"), 404)["code"] == "not_found"
