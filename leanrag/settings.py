"""Every knob of LeanRAG: its unit, its default and its environment name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


def _env(name: str) -> AliasChoices:
    """Name the environment variable of a knob that does not carry the LEANRAG_ prefix."""
    return AliasChoices(name, name.lower())


class Settings(BaseSettings):
    """All settings, read from the environment and `.env`; units are in the names."""

    model_config = SettingsConfigDict(
        env_prefix="LEANRAG_",
        env_file=".env",
        extra="ignore",
        populate_by_name=True,
        env_ignore_empty=True,
    )

    # -- where things live
    home: Path = Field(Path("~/.leanrag"), description="Data directory of this instance.")
    database_url: SecretStr | None = Field(
        None,
        validation_alias=_env("DATABASE_URL"),
        description="External PostgreSQL >= 15 with pgvector >= 0.8; unset: the embedded server.",
    )
    database_pool_connections: int = Field(10, ge=1, le=200)
    database_connect_timeout_seconds: int = Field(5, ge=1)

    # -- who may come in
    auth: Literal["none"] = Field(
        "none", description="'none': the local operator owns the demo tenant; loopback only."
    )
    allowed_hosts: tuple[str, ...] = Field(
        ("127.0.0.1", "localhost", "[::1]"), description="Host names answered in local mode."
    )

    # -- the model provider
    openai_api_key: SecretStr | None = Field(None, validation_alias=_env("OPENAI_API_KEY"))
    openai_base_url: str = Field(
        "https://api.openai.com/v1", validation_alias=_env("OPENAI_BASE_URL")
    )
    model: str = Field("gpt-4o-mini", min_length=1)
    fallback_api_key: SecretStr | None = None
    fallback_base_url: str = ""
    fallback_model: str = ""
    provider_connect_timeout_seconds: float = Field(5.0, gt=0)
    provider_silence_timeout_seconds: float = Field(
        30.0, gt=0, description="Longest wait for the next piece of a stream."
    )
    provider_max_retries: int = Field(2, ge=0, le=10)
    max_completion_tokens: int = Field(500, ge=16, le=8192)
    temperature: float = Field(0.2, ge=0.0, le=2.0)

    # -- embeddings
    embedding_model: str = Field(
        "local",
        description="'local' (hashed character n-grams, no model), or a provider's model name.",
    )
    embedding_dimensions: int = Field(1536, ge=64, le=4000)
    embedding_batch_texts: int = Field(128, ge=1, le=2048)

    # -- the prompt budget, in tokens
    max_prompt_tokens: int = Field(1500, ge=400, le=1500)
    max_question_tokens: int = Field(400, ge=32, le=1000)
    max_conversation_tokens: int = Field(300, ge=0, le=1000)
    max_summary_tokens: int = Field(150, ge=20, le=150)
    summary_every_messages: int = Field(5, ge=1)
    recent_messages: int = Field(4, ge=0, le=20)

    # -- retrieval
    retrieval_candidates: int = Field(50, ge=5, le=500, description="Passages ranked a question.")
    lexical_weight: Fraction = 0.85
    dense_weight: Fraction = 0.15
    min_relevance: Fraction = Field(
        0.1, description="Share of the question's term weight a passage must cover to be used."
    )

    # -- ingest
    max_file_bytes: int = Field(25 * 1024 * 1024, ge=1024)
    max_pdf_pages: int = Field(500, ge=1)
    chunk_tokens: int = Field(200, ge=32, le=2000)
    chunk_overlap_tokens: int = Field(0, ge=0, le=500)
    extraction_memory_bytes: int = Field(1024**3, ge=128 * 1024**2)
    extraction_cpu_seconds: int = Field(60, ge=1)
    extraction_wall_seconds: int = Field(90, ge=1)
    worker: bool = Field(True, description="Run the job worker inside the console process.")

    # -- limits of a tenant
    questions_per_minute: int = Field(120, ge=1)
    questions_per_month: int = Field(100_000, ge=1)

    def data_directory(self) -> Path:
        """Return the data directory, with `~` expanded; it may not exist yet."""
        return self.home.expanduser().resolve()

    def has_model(self) -> bool:
        """Tell whether answers are generated (a key is set) or quoted from the sources."""
        return self.openai_api_key is not None and bool(self.openai_api_key.get_secret_value())
