"""Settings from the environment: named, bounded, and refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from leanrag.errors import ConfigurationError
from leanrag.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the machine, and no .env, plays in."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for field in Settings.model_fields:
        monkeypatch.delenv(f"LEANRAG_{field.upper()}", raising=False)


def test_without_any_variable_everything_has_a_default():
    settings = load_settings()
    assert not settings.has_model()
    assert settings.database_url is None
    assert settings.max_prompt_tokens == 1500
    assert settings.data_directory() == Path("~/.leanrag").expanduser().resolve()


def test_variables_are_read_by_their_names(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEANRAG_HOME", "/srv/shop")
    monkeypatch.setenv("LEANRAG_QUESTIONS_PER_MINUTE", "7")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@h/d")
    settings = load_settings()
    assert settings.home == Path("/srv/shop")
    assert settings.questions_per_minute == 7
    assert settings.has_model()
    assert settings.openai_base_url == "http://127.0.0.1:1/v1"
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://u:p@h/d"


def test_a_file_is_read_and_the_environment_stands_in_front_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (tmp_path / ".env").write_text("LEANRAG_MODEL=from-file\nLEANRAG_CHUNK_TOKENS=150\n")
    monkeypatch.setenv("LEANRAG_MODEL", "from-environment")
    settings = load_settings()
    assert (settings.model, settings.chunk_tokens) == ("from-environment", 150)


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch):
    for name in ("OPENAI_API_KEY", "DATABASE_URL", "LEANRAG_MODEL"):
        monkeypatch.setenv(name, "")
    settings = load_settings()
    assert not settings.has_model()
    assert settings.database_url is None
    assert settings.model == "gpt-4o-mini"


def test_secrets_are_not_shown():
    settings = Settings(
        openai_api_key="sk-secret", database_url="postgresql://u:secret@h/d", _env_file=None
    )  # type: ignore[call-arg,arg-type]
    assert "secret" not in repr(settings)
    assert "secret" not in str(settings.model_dump())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEANRAG_MAX_PROMPT_TOKENS", "1501"),
        ("LEANRAG_MAX_PROMPT_TOKENS", "many"),
        ("LEANRAG_MAX_SUMMARY_TOKENS", "151"),
        ("LEANRAG_MIN_RELEVANCE", "1.5"),
        ("LEANRAG_QUESTIONS_PER_MINUTE", "0"),
        ("LEANRAG_AUTH", "open"),
        ("LEANRAG_CHUNK_TOKENS", "1"),
    ],
)
def test_a_wrong_value_is_refused_in_a_sentence_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as refusal:
        load_settings()
    assert name in refusal.value.message
    assert "\n" not in refusal.value.message


def test_the_budget_cannot_be_raised_above_1500():
    with pytest.raises(ValidationError):
        Settings(max_prompt_tokens=1501, _env_file=None)  # type: ignore[call-arg]


def test_every_setting_says_what_it_means():
    undescribed = [name for name, field in Settings.model_fields.items() if not field.description]
    assert undescribed == []
