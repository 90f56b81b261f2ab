"""Which model a tenant uses, and which embedders a process has for it."""

from __future__ import annotations

import pytest

from leanrag.embedding_models import EmbeddingModels, TenantModels
from leanrag.embeddings import LocalEmbedder, embedder_named
from leanrag.errors import ConfigurationError
from leanrag.guarded_database import GuardedDatabase
from leanrag.settings import Settings
from tests.embedding_switching import OLD, add_passages, process_with, switch_row
from tests.product_parts import new_tenant, use_model


def settings(**values: object) -> Settings:
    return Settings(_env_file=None, **{"openai_api_key": None, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize("model", ["local-chargram-3-5-d256", "local-chargram-3-5-d1536"])
def test_a_local_model_is_made_again_from_its_name(model: str):
    embedder = embedder_named(model, settings(embedding_model="text-embedding-3-small"))
    assert (embedder.model, embedder.is_remote) == (model, False)
    assert embedder.embed(["tea"]).vectors.shape == (1, embedder.dimensions)
    assert model.endswith(f"d{embedder.dimensions}")


@pytest.mark.parametrize(
    ("model", "dimensions"),
    [
        ("text-embedding-3-small", 1536),
        ("text-embedding-3-large#1024", 1024),
        ("openai/text-embedding-3-large#256", 256),
    ],
)
def test_a_provider_s_model_is_made_again_from_its_name(model: str, dimensions: int):
    embedder = embedder_named(model, settings(openai_api_key="sk-test", embedding_dimensions=64))
    assert (embedder.model, embedder.dimensions) == (model, dimensions)
    embedder.close()


def test_without_a_key_a_provider_s_model_cannot_be_made():
    with pytest.raises(ConfigurationError, match="needs a key"):
        embedder_named("text-embedding-3-small", settings())


def test_an_embedder_is_made_once_and_the_settings_own_is_not_made_again():
    made: list[str] = []

    def make(model: str) -> LocalEmbedder:
        made.append(model)
        if model == "gone":
            raise ConfigurationError("It is gone.")
        return LocalEmbedder(64)

    models = EmbeddingModels(LocalEmbedder(128), make)
    assert models.get("") is models.get(models.own.model) is models.own
    assert models.get("other") is models.get("other")
    assert made == ["other"]
    assert (models.has("other"), models.has("gone")) == (True, False)
    models.close()


def test_new_passages_want_the_model_that_stays_first():
    assert TenantModels("old").wanted == ("old",)
    assert TenantModels("old", "new").wanted == ("new", "old")
    assert TenantModels("old", "new").target == "new"


def test_a_tenant_has_the_settings_model_until_something_is_embedded(
    shared_database: GuardedDatabase,
):
    tenant_id = new_tenant(shared_database)
    other = EmbeddingModels(LocalEmbedder(128))
    with shared_database.tenant(tenant_id) as session:
        assert other.read(tenant_id, session=session) == TenantModels(other.own.model)
    add_passages(process_with(shared_database, OLD), tenant_id, 5)
    with shared_database.tenant(tenant_id) as session:
        assert other.read(tenant_id, session=session) == TenantModels(OLD.model)
        session.delete(switch_row(shared_database, tenant_id))
    with shared_database.tenant(tenant_id) as session:  # as before there were such rows
        assert other.read(tenant_id, session=session) == TenantModels(OLD.model)
        assert other.hold(tenant_id, session=session) == TenantModels(OLD.model)
    assert switch_row(shared_database, tenant_id).model == OLD.model


def test_a_tenant_does_not_see_another_s_models(shared_database: GuardedDatabase):
    first, second = new_tenant(shared_database), new_tenant(shared_database)
    use_model(shared_database, first, "another")
    models = EmbeddingModels(OLD)
    with shared_database.tenant(second) as session:
        assert models.read(first, session=session) == TenantModels(OLD.model)
