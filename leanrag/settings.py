"""Every knob of LeanRAG: its unit, its default and its environment name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from leanrag.errors import ConfigurationError

_DATABASE_SCHEMES = {"postgres", "postgresql", "postgresql+psycopg2"}

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
    database_pool_connections: int = Field(
        10, ge=1, le=200, description="Connections kept open; as many again under load."
    )
    database_connect_timeout_seconds: int = Field(
        5, ge=1, description="Longest wait for the database to accept a connection."
    )

    # -- who may come in
    auth: Literal["none", "sign-in"] = Field(
        "none",
        description="'none': the local operator owns the demo tenant; loopback only. 'sign-in':"
        " people sign in with a code from their mail (docs/sign-in.md).",
    )
    owner_email: str = Field("", description="Who owns the first tenant, for the first sign-in.")
    root_key: SecretStr | None = Field(
        None,
        description="At least 32 random characters that every machine shares; unset: made once and"
        " kept in the data directory.",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Names that the console is opened at, with commas between; loopback always."
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Addresses whose X-Forwarded-For and X-Forwarded-Proto are believed."
    )
    session_days: int = Field(7, ge=1, le=90, description="A browser stays signed in so long.")
    access_token_days: int = Field(7, ge=1, le=90, description="An API token is good so long.")
    sign_in_codes_per_address: int = Field(
        5, ge=1, le=100, description="Codes for one e-mail address in 15 minutes."
    )
    sign_in_codes_per_address_a_day: int = Field(
        20, ge=1, le=1000, description="Codes for one e-mail address in a day."
    )
    sign_in_codes_per_ip: int = Field(
        20, ge=1, le=10_000, description="Codes for one network address in 15 minutes."
    )
    sign_in_codes_to_log: bool = Field(
        False, description="Without SMTP: write codes into the log, for development."
    )

    # -- mail
    smtp_host: str = Field("", description="The mail server; unset: codes go to the log.")
    smtp_port: int = Field(587, ge=1, le=65_535, description="Its port.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is encrypted; 'none' takes no password."
    )
    smtp_user: str = Field("", description="Who signs in there; unset: nobody.")
    smtp_password: SecretStr | None = Field(None, description="With which password.")
    smtp_timeout_seconds: float = Field(10.0, gt=0, le=120, description="Longest wait for it.")
    mail_from: str = Field("", description="The sender's address of every mail.")

    # -- an outer user system whose tokens are trusted
    outer_shared_key: SecretStr | None = Field(
        None, description="At least 32 bytes that sign its tokens (HS256)."
    )
    outer_jwks: str = Field(
        "", description="Address or file of its public keys (RS256, ES256), in place of that."
    )
    outer_issuer: str = Field("", description="The `iss` of its tokens.")
    outer_audience: str = Field("", description="Their `aud`; with public keys it must be set.")
    outer_tenant: str = Field(
        "", description="The tenant that its people join; unset: the token's claim `tenant`."
    )
    outer_role: Literal["admin", "manager", "operator", "viewer"] = Field(
        "operator", description="The role that they join with."
    )
    outer_emails_verified: bool = Field(
        False, description="It verifies addresses: the same address is the same person."
    )

    # -- the model provider
    openai_api_key: SecretStr | None = Field(
        None,
        validation_alias=_env("OPENAI_API_KEY"),
        description="The provider's key; unset: answers quote the sources.",
    )
    openai_base_url: str = Field(
        "https://api.openai.com/v1",
        validation_alias=_env("OPENAI_BASE_URL"),
        description="Any OpenAI-compatible endpoint: Gemini, Groq, Ollama, vLLM.",
    )
    model: str = Field("gpt-4o-mini", min_length=1, description="The model that writes answers.")
    fallback_api_key: SecretStr | None = Field(
        None, description="Key of the provider asked when the first fails before its first word."
    )
    fallback_base_url: str = Field("", description="Its address.")
    fallback_model: str = Field("", description="Its model.")
    provider_connect_timeout_seconds: float = Field(
        5.0, gt=0, description="Longest wait for the provider to accept a connection."
    )
    provider_silence_timeout_seconds: float = Field(
        30.0, gt=0, description="Longest wait for the next piece of a stream."
    )
    provider_max_retries: int = Field(
        2, ge=0, le=10, description="Retries with backoff before the first word."
    )
    max_completion_tokens: int = Field(
        500, ge=16, le=8192, description="Longest answer, in tokens."
    )
    temperature: float = Field(0.2, ge=0.0, le=2.0, description="0 repeats itself, 2 rambles.")

    # -- embeddings
    embedding_model: str = Field(
        "local",
        min_length=1,
        description="'local' (hashed character n-grams, no model), 'sentence-transformers/' and a "
        "model's name or directory, or a provider's model name.",
    )
    embedding_dimensions: int | None = Field(
        None, ge=64, le=4000, description="Length of a vector; unset: the model's own, local 1536."
    )
    embedding_batch_texts: int = Field(128, ge=1, le=2048, description="Texts in one request.")
    # OpenAI's limits of an account's first tier for text-embedding-3-small and -large.
    embedding_requests_per_minute: int = Field(
        3_000, ge=0, description="Sent to the provider by one process; 0: no limit."
    )
    embedding_tokens_per_minute: int = Field(
        1_000_000, ge=0, description="Sent to the provider by one process; 0: no limit."
    )
    embedding_downloads: bool = Field(
        False, description="Let sentence-transformers fetch a model that is not on this machine."
    )

    # -- the prompt budget, in tokens
    max_prompt_tokens: int = Field(
        1500, ge=400, le=1500, description="The whole prompt, as the provider bills it."
    )
    max_question_tokens: int = Field(
        400, ge=32, le=1000, description="A longer question is refused, never cut."
    )
    max_conversation_tokens: int = Field(
        300, ge=0, le=1000, description="Summary and latest messages together."
    )
    max_summary_tokens: int = Field(150, ge=20, le=150, description="The rolling summary.")
    summary_every_messages: int = Field(
        5, ge=1, description="The summary is replaced after so many messages."
    )
    recent_messages: int = Field(
        4, ge=0, le=20, description="Latest messages carried word for word."
    )

    # -- retrieval
    retrieval_candidates: int = Field(50, ge=5, le=500, description="Candidates by each score.")
    ranking_profile: str = Field(
        "evidence-1", description="Learned weights of ranking, by name (docs/ranking.md)."
    )
    min_relevance: Fraction = Field(
        0.1, description="Share of the question's term weight a passage must cover to be used."
    )
    response_cache_seconds: int = Field(
        900,
        ge=0,
        le=86_400,
        description="How long an answer is given again to the same question; 0: never.",
    )
    least_answer_chance: Fraction = Field(
        0.5,
        description="Without a model: least chance that the sources answer, for a quotation.",
    )
    index_cache_mb: int = Field(
        512,
        ge=0,
        le=1_000_000,
        description="Memory for the passages of the tenants that are asked, in MB; 0: none.",
    )

    # -- ingest
    max_file_bytes: int = Field(
        25 * 1024 * 1024, ge=1024, le=25 * 1024 * 1024, description="Largest upload, in bytes."
    )
    max_pdf_pages: int = Field(500, ge=1, description="Longest PDF, in pages.")
    chunk_tokens: int = Field(320, ge=32, le=2000, description="Largest passage, in tokens.")
    chunk_overlap_tokens: int = Field(
        0, ge=0, le=500, description="Tokens that neighbouring passages share."
    )
    extraction_memory_bytes: int = Field(
        600 * 1024**2, ge=128 * 1024**2, description="Memory of the process that reads a file."
    )
    extraction_cpu_seconds: int = Field(60, ge=1, description="Its processor time.")
    extraction_wall_seconds: int = Field(90, ge=1, description="Its time by the clock.")
    worker: bool = Field(True, description="Run the job worker inside the console process.")

    # -- websites
    crawl_allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Names (or name:port), with commas between, that may be at private addresses.",
    )
    crawl_max_pages: int = Field(
        200, ge=1, le=5000, description="Pages of a website; fewer may be asked for."
    )
    crawl_max_depth: int = Field(
        3, ge=0, le=20, description="Links away from its start; fewer may be asked for."
    )
    crawl_delay_seconds: float = Field(
        1.0, ge=0, le=60, description="Pause between two requests to one host."
    )
    crawl_max_delay_seconds: float = Field(
        30.0, ge=0, le=600, description="Longest pause that a website may ask for."
    )
    crawl_page_bytes: int = Field(
        5_000_000, ge=10_000, le=25_000_000, description="Largest page that is taken."
    )
    crawl_page_seconds: float = Field(
        20.0, gt=0, le=120, description="Longest wait for a whole page, its redirects together."
    )

    # -- limits of a tenant
    questions_per_minute: int = Field(120, ge=1, description="Of one tenant, by one process.")
    questions_per_month: int = Field(100_000, ge=1, description="Of one tenant, everywhere.")

    @field_validator("crawl_allowed_hosts", "allowed_hosts", "trusted_proxies", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        return re.findall(r"[^\s,;]+", value) if isinstance(value, str) else value

    def data_directory(self) -> Path:
        """Return the data directory, with `~` expanded; it may not exist yet."""
        return self.home.expanduser().resolve()

    def has_model(self) -> bool:
        """Tell whether answers are generated (a key is set) or quoted from the sources."""
        return self.openai_api_key is not None and bool(self.openai_api_key.get_secret_value())


def load_settings() -> Settings:
    """Read the settings. Raises ConfigurationError that names what is wrong, never its value."""
    try:
        settings = Settings()
    except ValidationError as exc:
        wrong = "; ".join(
            f"{environment_name(str(error['loc'][0]))}: {error['msg']}"
            for error in exc.errors(include_input=False, include_url=False)
        )
        raise ConfigurationError(f"The settings cannot be used: {wrong}.") from None
    except (SettingsError, UnicodeDecodeError):
        raise ConfigurationError(
            "The settings cannot be read; .env must be UTF-8 text with NAME=value on each line."
        ) from None
    _check_database_address(settings)
    return settings


def environment_name(field: str) -> str:
    """Return the environment variable of a field (or of an alias, which is its own name)."""
    known = Settings.model_fields.get(field)
    if known is None or isinstance(known.validation_alias, AliasChoices):
        alias = known.validation_alias if known is not None else None
        return str(alias.choices[0]) if isinstance(alias, AliasChoices) else field
    return f"LEANRAG_{field.upper()}"


def _check_database_address(settings: Settings) -> None:
    if settings.database_url is None:
        return
    try:
        parts = urlsplit(settings.database_url.get_secret_value())
        is_good = parts.scheme in _DATABASE_SCHEMES and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise ConfigurationError(
            "DATABASE_URL is no PostgreSQL address; write"
            " postgresql://user:password@host:5432/database."
        )
