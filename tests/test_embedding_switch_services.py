"""The whole product, restarted with another LEANRAG_EMBEDDING_MODEL, and back again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from leanrag.bootstrap import Services, start_services
from leanrag.cli.checks.embeddings import check_switches
from leanrag.embeddings import models_from
from leanrag.guarded_database import GuardedDatabase
from leanrag.ranking_profiles import load_profile
from leanrag.settings import Settings
from tests.embedding_switching import vectors_of
from tests.job_parts import wait_until
from tests.product_parts import DELIVERY, RETURNS, add_text, ask, ended, new_tenant
from tests.provider_server import ProviderServer, Reply
from tests.speaking_services import settings_for

QUESTION = "How long does delivery take in Istanbul?"
LOCAL = "local-chargram-3-5-d1536"
SMALL = "text-embedding-3-small"
Start = Callable[..., Services]


@pytest.fixture
def start(database: GuardedDatabase, provider: ProviderServer, tmp_path: Path) -> Iterator[Start]:
    """Start the product with some settings, in place of the one that runs.

    On a database of its own: starting a change touches every tenant of it.
    """
    running: list[Services] = []
    address = database.admin_engine.url.set(drivername="postgresql")
    url = address.render_as_string(hide_password=False)

    def begin(*, worker: bool = True, **settings: Any) -> Services:
        while running:
            running.pop().close()
        chosen = settings_for(tmp_path, provider, database_url=url, **settings)
        running.append(start_services(chosen, worker=worker, demo=False))
        return running[0]

    yield begin
    while running:
        running.pop().close()


@pytest.fixture
def tenant_id(start: Start) -> UUID:
    services = start(openai_api_key=None)
    tenant_id = new_tenant(services.database)
    for name, text in (("delivery.txt", DELIVERY), ("returns.txt", RETURNS)):
        add_text(services.ingest, tenant_id, text, name=name)
    return tenant_id


def cited(services: Services, tenant_id: UUID) -> set[str]:
    end = ended(ask(services.answerer, tenant_id, QUESTION))
    return {citation.title for citation in end.citations}


def likeness(services: Services, tenant_id: UUID) -> float:
    """Return the dense score of the best passage, 0 where there is none to compare."""
    found = services.retrieval_test.look(tenant_id, QUESTION)
    return found.passages[0].decision.passage.dense_score


def embedding_requests(provider: ProviderServer) -> list[Any]:
    return [r.body for r in provider.requests if r.path.endswith("/embeddings")]


def test_the_setting_changes_and_the_tenant_answers_before_during_and_after(
    start: Start, tenant_id: UUID, provider: ProviderServer
):
    provider.requests.clear()
    services = start(embedding_model=SMALL, worker=False)
    services.embedding_switches.start_due()
    assert cited(services, tenant_id) == {"delivery"}
    assert embedding_requests(provider) == []  # by the old model, which is no provider's
    assert likeness(services, tenant_id) == 0

    services = start(embedding_model=SMALL)
    status = services.embedding_switches.status
    wait_until(lambda: not status(tenant_id).next_model)
    assert status(tenant_id).model == SMALL
    assert cited(services, tenant_id) == {"delivery"}
    assert embedding_requests(provider)[-1]["input"] == [QUESTION]
    assert likeness(services, tenant_id) > 0.3
    assert vectors_of(services.database, tenant_id) == {LOCAL: 2, SMALL: 2}  # for two minutes

    services = start(openai_api_key=None)
    status = services.embedding_switches.status
    wait_until(lambda: not status(tenant_id).next_model)
    assert status(tenant_id).model == LOCAL
    assert cited(services, tenant_id) == {"delivery"}


def test_another_length_of_the_same_model_is_another_model(
    start: Start, tenant_id: UUID, provider: ProviderServer
):
    for length, name in ((None, SMALL), (256, f"{SMALL}#256"), (None, SMALL)):
        services = start(embedding_model=SMALL, embedding_dimensions=length)
        status = services.embedding_switches.status
        wait_until(lambda status=status: not status(tenant_id).next_model)
        assert status(tenant_id).model == name
        assert likeness(services, tenant_id) > 0.3
    requests = embedding_requests(provider)
    assert {body["model"] for body in requests} == {SMALL}
    assert {body["dimensions"] for body in requests} == {256, 1536}


def test_a_provider_that_refuses_the_key_leaves_the_tenant_as_it_is(
    start: Start, tenant_id: UUID, provider: ProviderServer
):
    provider.script(Reply(status=401))
    services = start(embedding_model=SMALL)
    status = services.embedding_switches.status
    wait_until(lambda: bool(status(tenant_id).error))
    assert (status(tenant_id).model, status(tenant_id).next_model) == (LOCAL, SMALL)
    assert "refused" in status(tenant_id).error
    assert cited(services, tenant_id) == {"delivery"}
    found = check(services)
    assert found.state == "warning"
    assert "0 of 2 passages are done; The model provider refused" in found.message


def test_the_doctor_tells_how_far_tenants_are(start: Start, tenant_id: UUID):
    services = start(openai_api_key=None)
    assert check(services).message == "No tenant is changing its embedding model."
    services = start(embedding_model=SMALL, worker=False)
    services.embedding_switches.start_due()
    found = check(services)
    assert found.state == "ok"
    assert f"1 tenant goes over to {SMALL}: 0 of 2 passages" in found.message


def test_the_doctor_tells_of_questions_without_their_model(start: Start, tenant_id: UUID):
    services = start(embedding_model=SMALL)
    wait_until(lambda: services.embedding_switches.status(tenant_id).model == SMALL)
    keyless = start(openai_api_key=None, worker=False)
    found = check(keyless)
    assert found.state == "warning"
    assert "words alone; text-embedding-3-small cannot be used here" in found.message
    assert cited(keyless, tenant_id) == {"delivery"}


def check(services: Services) -> Any:
    settings: Settings = services.settings
    return check_switches(
        services.database,
        models_from(settings, load_profile(settings.ranking_profile)),
        services.jobs,
        settings,
    )
