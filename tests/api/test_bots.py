from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

ErrorOf = Callable[[Any, int], dict[str, Any]]


@pytest.fixture
def slug(client: TestClient) -> str:
    return str(client.get("/v1/bots").json()["bots"][0]["slug"])


def test_bots_are_listed(client: TestClient) -> None:
    bots = client.get("/v1/bots").json()["bots"]
    assert set(bots[0]) == {"bot_id", "slug", "name", "persona", "greeting"}


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
