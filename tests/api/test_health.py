from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from starlette.testclient import TestClient

from leanrag.api.app import create_api
from leanrag.api.limits import ApiLimits
from leanrag.bootstrap import Services
from leanrag.health import HealthCheck

ErrorOf = Callable[[Any, int], dict[str, Any]]


def test_a_whole_installation_is_ready(client: TestClient) -> None:
    reply = client.get("/readyz")
    assert reply.status_code == 200, reply.text
    checks = {check["name"]: check["ok"] for check in reply.json()["checks"]}
    assert {"database", "embedder", "queue"} <= set(checks)


def test_a_failing_part_is_named_with_a_503(error_of: ErrorOf) -> None:
    checks = (
        HealthCheck("database", True, "It answers."),
        HealthCheck("queue", False, "No worker has been seen for a minute."),
        HealthCheck("model", False, "The provider refused the key."),
    )
    services = cast(Services, SimpleNamespace(health=SimpleNamespace(check=lambda: checks)))
    with TestClient(create_api(lambda: services)) as client:
        error = error_of(client.get("/readyz"), 503)
    assert error["message"] == "Not ready: queue: No worker has been seen for a minute."
    assert [check["name"] for check in error["details"]["failing"]] == ["queue"]


def test_checks_that_hang_are_a_503_and_not_a_wait(error_of: ErrorOf) -> None:
    def slow() -> Services:
        time.sleep(0.5)
        raise AssertionError("Nobody waits for this.")

    limits = ApiLimits(ready_seconds=0.05)
    with TestClient(create_api(slow, limits=limits)) as client:
        assert "longer than 0.05 seconds" in error_of(client.get("/readyz"), 503)["message"]
