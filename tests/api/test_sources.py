"""Websites, lists and instructions through the API, over a real website of this machine."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from leanrag.api.app import create_api
from leanrag.bootstrap import Services, start_services
from leanrag.settings import Settings
from tests.api.conftest import BASE_URL, mount
from tests.crawl.website import Website

Settled = Callable[[str], dict[str, Any]]
ErrorOf = Callable[[Any, int], dict[str, Any]]


@pytest.fixture(scope="module")
def site() -> Iterator[Website]:
    with Website() as running:
        running.add(
            "/",
            "<html lang='en'><body><main><h1>Help</h1><h2>How long is the bridge?</h2><p>It is"
            " ninety metres long.</p><h2>Who built it?</h2><p>The town did, in 1907.</p></main>"
            "<nav><a href='/more'>more</a></nav></body></html>",
        )
        running.add_page("/more")
        yield running


@pytest.fixture(scope="module")
def crawling(site: Website) -> Iterator[Services]:
    """Services that may fetch from the website of this test, on a database of their own."""
    directory = Path(tempfile.mkdtemp(prefix="lr-api-"))
    settings = Settings(
        _env_file=None,
        home=directory,
        crawl_allowed_hosts=(site.host,),
        crawl_delay_seconds=0,
    )  # type: ignore[call-arg]
    running = start_services(settings, worker=True, demo=False)
    yield running
    running.close()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def api(crawling: Services) -> Iterator[TestClient]:
    with TestClient(mount(create_api(lambda: crawling)), base_url=BASE_URL) as made:
        yield made


def crawl(api: TestClient, site: Website, **more: Any) -> dict[str, Any]:
    reply = api.post("/v1/sources/website", json={"url": site.url("/"), **more})
    assert reply.status_code == 202, reply.text
    accepted: dict[str, Any] = reply.json()
    wait(api, accepted["document_id"])
    return accepted


def wait(api: TestClient, document_id: str) -> None:
    end = time.monotonic() + 30
    while api.get(f"/v1/files/{document_id}").json()["status"] != "processed":
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_website_is_crawled_and_its_pages_are_listed(api: TestClient, site: Website) -> None:
    accepted = crawl(api, site, max_pages=5, tags=["web"])
    assert set(accepted) == {"document_id", "filename", "status", "job_id", "duplicate"}
    assert (accepted["status"], accepted["duplicate"]) == ("pending", False)
    again = crawl(api, site)
    assert (again["document_id"], again["duplicate"]) == (accepted["document_id"], True)
    address = f"/v1/sources/{accepted['document_id']}/pages"
    listed = api.get(address, params={"limit": 1}).json()
    assert listed["counts"] == {"new": 2}
    assert listed["pages"][0]["url"] == site.url("/")
    assert listed["next_offset"] == 1
    last = api.get(address, params={"limit": 1, "offset": 1}).json()
    assert (last["pages"][0]["url"], last["next_offset"]) == (site.url("/more"), None)
    assert api.get(address, params={"status": "gone"}).json()["pages"] == []


def test_suggestions_are_approved_edited_and_rejected(api: TestClient, site: Website) -> None:
    website = crawl(api, site)["document_id"]
    found = api.get("/v1/suggestions", params={"source_id": website}).json()
    assert found["count"] == 2
    first, second = found["suggestions"]
    assert (first["question"], first["answer"]) == (
        "How long is the bridge?",
        "It is ninety metres long.",
    )
    edited = api.post(
        f"/v1/suggestions/{first['pair_id']}/approve",
        json={
            "question": "How long is our bridge?",
            "answer": "Ninety metres.",
            "list_title": "Onaylanan sorular",
        },
    ).json()
    assert edited["approved"] == 1
    rejected = api.post("/v1/suggestions/reject", json={"pair_ids": [second["pair_id"]]})
    assert rejected.json() == {"rejected": 1}
    later = {"pair_ids": [second["pair_id"]], "list_title": "Another name"}
    approved = api.post("/v1/suggestions/approve", json=later).json()
    assert approved == {"approved": 1, "source_ids": edited["source_ids"]}
    (source_id,) = approved["source_ids"]
    wait(api, source_id)
    assert api.get(f"/v1/files/{source_id}").json()["title"] == "Onaylanan sorular"
    chunks = api.get(f"/v1/files/{source_id}/chunks").json()["chunks"]
    assert [chunk["tldr"] for chunk in chunks] == ["How long is our bridge?", "Who built it?"]
    assert api.get("/v1/suggestions", params={"source_id": website}).json()["count"] == 0


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/", "http://localhost/x", "gopher://a.example"]
)
def test_an_address_that_is_not_public_is_refused(
    url: str, api: TestClient, error_of: ErrorOf
) -> None:
    error = error_of(api.post("/v1/sources/website", json={"url": url}), 422)
    assert error["code"] == "fetch_refused"


def test_limits_beyond_those_of_the_instance_are_refused(
    api: TestClient, site: Website, error_of: ErrorOf
) -> None:
    body = {"url": site.url("/far"), "max_pages": 100_000}
    error = error_of(api.post("/v1/sources/website", json=body), 422)
    assert "LEANRAG_CRAWL_MAX_PAGES" in error["message"]


def test_a_list_of_pairs_becomes_a_passage_each(client: TestClient, settled: Settled) -> None:
    body = {
        "title": "Harbour",
        "pairs": [
            {"question": "When does the ferry leave?", "answer": "At seven."},
            {"question": "Vapur ne zaman kalkar?", "answer": "Yedide.", "language": "tr"},
        ],
        "tags": ["boats"],
    }
    reply = client.post("/v1/sources/faq", json=body)
    assert reply.status_code == 202
    found = settled(reply.json()["document_id"])
    assert (found["status"], found["kind"], found["title"]) == ("processed", "faq", "Harbour")
    chunks = client.get(f"/v1/files/{found['document_id']}/chunks").json()["chunks"]
    assert [(chunk["tldr"], chunk["language"]) for chunk in chunks] == [
        ("When does the ferry leave?", "en"),
        ("Vapur ne zaman kalkar?", "tr"),
    ]
    again = client.post("/v1/sources/faq", json=body).json()
    assert (again["document_id"], again["duplicate"]) == (found["document_id"], True)


def test_products_are_passages_with_their_price(client: TestClient, settled: Settled) -> None:
    reply = client.post(
        "/v1/sources/products",
        json={
            "title": "Boats",
            "products": [
                {
                    "title": "Rowing boat",
                    "price": "1.299,00",
                    "currency": "TRY",
                    "attributes": {"Seats": "4; with cushions"},
                }
            ],
        },
    )
    assert reply.status_code == 202, reply.text
    found = settled(reply.json()["document_id"])
    (chunk,) = client.get(f"/v1/files/{found['document_id']}/chunks").json()["chunks"]
    assert "1299.00 TRY" in chunk["text"]
    assert "Seats: 4; with cushions" in chunk["text"]


def test_instructions_are_stored_as_a_manual(client: TestClient, settled: Settled) -> None:
    body = {"title": "House rules", "text": "# Tone\n\nAlways greet the harbour master first."}
    reply = client.post("/v1/sources/manual", json=body)
    assert reply.status_code == 202
    found = settled(reply.json()["document_id"])
    assert (found["status"], found["kind"], found["title"]) == (
        "processed",
        "manual",
        "House rules",
    )


def test_a_list_with_a_bad_row_is_refused_with_its_number(
    client: TestClient, error_of: ErrorOf
) -> None:
    pairs = [{"question": "A?", "answer": "B."}, {"question": " ", "answer": "C."}]
    error = error_of(client.post("/v1/sources/faq", json={"title": "T", "pairs": pairs}), 422)
    assert error["message"].startswith("Row 2")
    assert error["details"]["problems"][0]["row"] == 2
    products = [{"title": "Boat", "price": "cheap"}]
    body = {"title": "T", "products": products}
    assert "Row 1" in error_of(client.post("/v1/sources/products", json=body), 422)["message"]


def test_a_long_list_is_taken_and_one_that_is_too_long_is_not(
    client: TestClient, error_of: ErrorOf
) -> None:
    pairs = [{"question": f"What is number {n}?", "answer": "x" * 100} for n in range(1500)]
    assert client.post("/v1/sources/faq", json={"title": "Long", "pairs": pairs}).status_code == 202
    huge = {"title": "Huge", "text": "x" * (9 * 2**20)}
    error_of(client.post("/v1/sources/manual", json=huge), 413)
    error_of(client.post("/v1/sources/website", json={"url": "x" * 70_000}), 413)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", f"/v1/sources/{uuid4()}/pages", None, 404),
        ("GET", f"/v1/suggestions?source_id={uuid4()}", None, 404),
        ("GET", "/v1/suggestions?state=odd", None, 422),
        ("POST", "/v1/suggestions/approve", {"pair_ids": [str(uuid4())]}, 404),
        ("POST", "/v1/suggestions/reject", {"pair_ids": []}, 422),
        ("POST", f"/v1/suggestions/{uuid4()}/approve", {"question": "a?", "answer": "b"}, 404),
        ("POST", f"/v1/suggestions/{uuid4()}/approve", {"question": " ", "answer": "b"}, 422),
        ("POST", "/v1/sources/website", {"url": ""}, 422),
        ("POST", "/v1/sources/website", {"url": "https://a.example/", "bot_id": "nobody"}, 404),
        ("POST", "/v1/sources/faq", {"title": "T", "pairs": []}, 422),
        ("POST", "/v1/sources/manual", {"title": " ", "text": "x"}, 422),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    method: str,
    path: str,
    body: Any,
    status: int,
    client: TestClient,
    error_of: ErrorOf,
) -> None:
    error_of(client.request(method, path, json=body), status)


def test_an_answer_cites_the_page_that_it_stands_on(api: TestClient, site: Website) -> None:
    crawl(api, site)
    asked = {"question": "How long is the page /more?"}
    reply = api.post("/v1/ai/ask", json=asked)
    assert reply.status_code == 200, reply.text
    assert {citation["url"] for citation in reply.json()["citations"]} == {site.url("/more")}
