from __future__ import annotations

from starlette.testclient import TestClient

TOTALS = {
    "requests",
    "failed",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "counterfactual_tokens",
    "saved_tokens",
    "cost_usd",
    "saved_usd",
    "unpriced_requests",
}


def test_usage_of_a_day_and_a_week_grows_with_a_question(client: TestClient) -> None:
    before = client.get("/v1/usage").json()
    assert client.post("/v1/ai/ask", json={"question": "Where is the shop?"}).status_code == 200
    after = client.get("/v1/usage").json()
    for period in ("last_24_hours", "last_7_days"):
        assert set(after[period]["totals"]) == TOTALS
        assert after[period]["totals"]["requests"] == before[period]["totals"]["requests"] + 1


def test_rows_by_time_bot_and_model_add_up_to_the_totals(client: TestClient) -> None:
    client.post("/v1/ai/ask", json={"question": "When does the shop open?"})
    report = client.get("/v1/usage").json()["last_24_hours"]
    for rows in (report["by_time"], report["by_bot"], report["by_model"]):
        assert sum(row["totals"]["requests"] for row in rows) == report["totals"]["requests"]
        tokens = sum(row["totals"]["total_tokens"] for row in rows)
        assert tokens == report["totals"]["total_tokens"]


def test_times_without_questions_are_rows_too(client: TestClient) -> None:
    usage = client.get("/v1/usage").json()
    assert len(usage["last_24_hours"]["by_time"]) in (24, 25)
    assert len(usage["last_7_days"]["by_time"]) in (7, 8)
