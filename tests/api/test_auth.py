"""Signing in over HTTP: codes, tokens, the browser's cookie, and sign-ins that are ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from leanrag.api.origin import OWN_PAGE_HEADER
from leanrag.auth import SESSION_COOKIE
from leanrag.bootstrap import Services
from tests.signed_in_api import ADA, BASE_URL, ORIGIN, PROXY, Visitor, served

ErrorOf = Callable[[Any, int], dict[str, Any]]


def test_a_code_becomes_a_token_for_seven_days(visitor: Visitor) -> None:
    code = visitor.code(ADA)
    reply = visitor.client.post("/v1/auth/verify-code", json={"email": ADA, "code": code})
    assert reply.status_code == 200
    body = reply.json()
    assert set(body) == {"access_token", "token_type", "expires_in"}
    assert body["token_type"] == "bearer"
    assert abs(body["expires_in"] - 7 * 86_400) < 5
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    me = visitor.client.get("/v1/auth/me", headers=headers).json()
    assert (me["email"], me["role"]) == (ADA, "owner")
    assert [tenant["slug"] for tenant in me["tenants"]] == ["demo"]


def test_known_and_unknown_addresses_get_the_same_answer(visitor: Visitor) -> None:
    replies = [
        visitor.client.post("/v1/auth/request-code", json={"email": email})
        for email in (ADA, "nobody@demo.example")
    ]
    assert [reply.status_code for reply in replies] == [202, 202]
    assert replies[0].content == replies[1].content
    assert dict(replies[0].headers) == dict(replies[1].headers)
    visitor.box.code(len(visitor.box.letters) or 1)


def test_the_mail_comes_in_the_browser_s_language(visitor: Visitor) -> None:
    came = len(visitor.box.letters)
    headers = {"Accept-Language": "xx, fa-IR;q=0.9, en;q=0.8"}
    visitor.client.post("/v1/auth/request-code", json={"email": ADA}, headers=headers)
    visitor.box.code(came + 1)
    assert "کد ورود" in visitor.box.letters[-1].subject


def test_a_wrong_code_is_refused(visitor: Visitor, error_of: ErrorOf) -> None:
    right = visitor.code(ADA)
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    for email, code in ((ADA, wrong), ("nobody@demo.example", wrong), (ADA, "x")):
        refused = visitor.client.post("/v1/auth/verify-code", json={"email": email, "code": code})
        assert error_of(refused, 401)["code"] == "wrong_code"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer lr_nonsense"},
        {"Cookie": f"{SESSION_COOKIE}=0.nonsense"},
        {"X-Tenant-ID": "demo"},
    ],
)
def test_whoever_does_not_sign_in_gets_nothing(
    visitor: Visitor, error_of: ErrorOf, headers: dict[str, str]
) -> None:
    for path in ("/v1/files", "/v1/bots", "/v1/usage", "/v1/members", "/v1/keys", "/v1/auth/me"):
        assert error_of(visitor.client.get(path, headers=headers), 401)["code"] == "unauthenticated"


def test_a_ticket_becomes_a_cookie_that_no_script_reads(visitor: Visitor) -> None:
    reply = visitor.take_cookie(ADA)
    assert reply.status_code == 204
    cookie = reply.headers["set-cookie"]
    assert cookie.startswith(f"{SESSION_COOKIE}=")
    for part in ("HttpOnly", "SameSite=lax", "Path=/", "expires="):
        assert part.lower() in cookie.lower()
    assert "secure" not in cookie.lower()
    assert visitor.client.get("/v1/auth/me").json()["email"] == ADA
    assert visitor.client.get("/v1/files").status_code == 200


@pytest.mark.parametrize(
    ("address", "peer", "headers", "is_secure"),
    [
        ("https://127.0.0.1:8501", "203.0.113.7", {}, True),
        ("http://127.0.0.1:8501", PROXY, {"X-Forwarded-Proto": "https"}, True),
        ("http://127.0.0.1:8501", "203.0.113.7", {"X-Forwarded-Proto": "https"}, False),
    ],
    ids=["https", "a trusted proxy's word", "anybody's word"],
)
def test_over_https_the_cookie_is_secure(
    guarded: Services, address: str, peer: str, headers: dict[str, str], is_secure: bool
) -> None:
    api = served(guarded)
    with TestClient(api, base_url=f"{address}/api", client=(peer, 1)) as client:
        ticket = Visitor(guarded, client).ticket(ADA)
        sent = {"Origin": address, **headers}
        reply = client.post("/v1/auth/claim", json=ticket, headers=sent)
    assert ("secure" in reply.headers["set-cookie"].lower()) is is_secure


def test_a_ticket_is_good_once_and_from_our_pages_alone(
    visitor: Visitor, error_of: ErrorOf
) -> None:
    claim = visitor.ticket(ADA)
    error_of(visitor.client.post("/v1/auth/claim", json=claim), 403)
    own = {OWN_PAGE_HEADER: "1"}
    assert visitor.client.post("/v1/auth/claim", json=claim, headers=own).status_code == 204
    error_of(visitor.client.post("/v1/auth/claim", json=claim, headers=own), 401)


def test_a_cookie_alone_changes_nothing_from_elsewhere(visitor: Visitor, error_of: ErrorOf) -> None:
    visitor.take_cookie(ADA)
    faq = {"title": "T", "pairs": [{"question": "Q?", "answer": "A."}]}
    error_of(visitor.client.post("/v1/sources/faq", json=faq), 403)
    error_of(visitor.client.post("/v1/auth/sign-out"), 403)
    error_of(visitor.client.delete("/v1/auth/sessions"), 403)
    assert visitor.client.post("/v1/sources/faq", json=faq, headers=ORIGIN).status_code == 202
    own = {OWN_PAGE_HEADER: "1"}
    assert visitor.client.post("/v1/sources/faq", json=faq, headers=own).status_code == 202


def test_a_token_counts_before_a_cookie(visitor: Visitor, error_of: ErrorOf) -> None:
    visitor.take_cookie(ADA)
    error_of(visitor.client.get("/v1/auth/me", headers={"Authorization": "Bearer nonsense"}), 401)


def test_signing_out_ends_the_session_and_drops_the_cookie(
    visitor: Visitor, error_of: ErrorOf
) -> None:
    visitor.take_cookie(ADA)
    kept = visitor.client.cookies[SESSION_COOKIE]
    reply = visitor.client.post("/v1/auth/sign-out", headers=ORIGIN)
    assert reply.status_code == 204
    assert SESSION_COOKIE not in visitor.client.cookies
    error_of(visitor.client.get("/v1/auth/me", headers={"Cookie": f"{SESSION_COOKIE}={kept}"}), 401)


def test_a_revoked_sign_in_is_refused_at_its_next_request(
    visitor: Visitor, error_of: ErrorOf
) -> None:
    first, second = visitor.bearer(ADA), visitor.bearer(ADA)
    listed = visitor.client.get("/v1/auth/sessions", headers=first).json()["sessions"]
    (current,) = (one for one in listed if one["is_current"])
    assert current["kind"] == "token"
    revoked = visitor.client.delete(f"/v1/auth/sessions/{current['sign_in_id']}", headers=second)
    assert revoked.status_code == 204
    assert (
        error_of(visitor.client.get("/v1/files", headers=first), 401)["code"] == "unauthenticated"
    )
    assert visitor.client.get("/v1/files", headers=second).status_code == 200


def test_the_others_end_and_this_one_stays(visitor: Visitor, error_of: ErrorOf) -> None:
    first, second = visitor.bearer(ADA), visitor.bearer(ADA)
    ended = visitor.client.delete("/v1/auth/sessions", headers=second).json()["revoked"]
    assert ended >= 1
    error_of(visitor.client.get("/v1/files", headers=first), 401)
    assert len(visitor.client.get("/v1/auth/sessions", headers=second).json()["sessions"]) == 1


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        (PROXY, "198.51.100.1, 203.0.113.5", "203.0.113.5"),
        ("203.0.113.6", "198.51.100.1", "203.0.113.6"),
        (PROXY, f"198.51.100.1, 203.0.113.8, {PROXY}", "203.0.113.8"),
        (PROXY, "", PROXY),
    ],
)
def test_the_client_s_address_is_what_a_trusted_proxy_saw(
    guarded: Services, peer: str, forwarded: str, seen: str
) -> None:
    headers = {"X-Forwarded-For": forwarded}
    with TestClient(served(guarded), base_url=BASE_URL, client=(peer, 1), headers=headers) as made:
        bearer = Visitor(guarded, made).bearer(ADA)
        sessions = made.get("/v1/auth/sessions", headers=bearer).json()["sessions"]
    assert [one["ip"] for one in sessions if one["is_current"]] == [seen]


def test_in_local_mode_nobody_signs_in_and_everything_is_the_owner_s(
    client: TestClient, error_of: ErrorOf
) -> None:
    for path in ("request-code", "verify-code"):
        body = {"email": ADA} if path == "request-code" else {"email": ADA, "code": "123456"}
        error_of(client.post(f"/v1/auth/{path}", json=body), 403)
    me = client.get("/v1/auth/me").json()
    assert (me["role"], me["tenants"]) == ("owner", [])
    assert client.get("/v1/keys").status_code == 200
    # Programs written for other services send a key whatever happens.
    assert client.get("/v1/files", headers={"Authorization": "Bearer any"}).status_code == 200


def test_a_foreign_page_is_refused_whatever_it_brings(visitor: Visitor, error_of: ErrorOf) -> None:
    foreign = {**visitor.bearer(ADA), "Origin": "https://evil.example"}
    error_of(visitor.client.get("/v1/files", headers=foreign), 403)
    error_of(visitor.client.post("/v1/auth/claim", json={"ticket": "x"}, headers=foreign), 403)
