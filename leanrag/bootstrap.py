"""The composition root: settings → a running database → services."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from db.embedded import EmbeddedServer, start_embedded
from db.engine import (
    APPLICATION_ROLE,
    DatabaseUnreachable,
    DatabaseUnsuitable,
    check_server,
    make_admin_engine,
    make_engine,
    with_driver,
)
from db.errors import DatabaseError
from db.migrate import migrate
from db.tenancy import Database
from leanrag.answer import Answerer
from leanrag.bot_versions import BotVersions
from leanrag.bots import Bots
from leanrag.budget import BudgetLimits, TokenBudgetController
from leanrag.conversations import Conversations
from leanrag.demo.loader import ensure_demo_tenant
from leanrag.embedding_cache import QuestionEmbedder
from leanrag.embeddings import Embedder, embedder_from
from leanrag.errors import ConfigurationError, DatabaseUnavailable
from leanrag.first_contact import FirstContact
from leanrag.guarded_database import GuardedDatabase
from leanrag.health import Health
from leanrag.ingest.jobs import JobQueue
from leanrag.ingest.pipeline import Ingest
from leanrag.intent_model import shipped_model
from leanrag.keyword_lab import KeywordLab
from leanrag.labelled_messages import LabelledMessages
from leanrag.llm import ChatModel, chat_model_from
from leanrag.memory import MemoryLimits, SessionMemoryManager
from leanrag.passage_index_cache import PassageIndexCache
from leanrag.passage_search import PassageSearch
from leanrag.previews import Previews
from leanrag.question_vectors import QuestionVectorReader
from leanrag.quotas import RateLimiter
from leanrag.ranking_profiles import load_profile
from leanrag.response_cache import ResponseCache, answer_settings
from leanrag.retriever import ContextRetriever
from leanrag.routing_defaults import default_keywords, default_routings
from leanrag.settings import Settings, load_settings
from leanrag.sources import Sources
from leanrag.speech import Speaker
from leanrag.summary_renewal import SummaryRenewal
from leanrag.summary_writer import SummaryWriter
from leanrag.tenants import Tenants
from leanrag.text.tokens import TokenCounter, encoding_for_model, load_counter
from leanrag.token_margin import TokenMargins, served_models
from leanrag.tuning import RouterCache, Tuning, seed_defaults
from leanrag.turn_steps import TurnSteps
from leanrag.usage import Usage
from leanrag.what_if import WhatIf

log = logging.getLogger(__name__)

_BAD_ADDRESS = (
    "DATABASE_URL is no address of a PostgreSQL database; write it as"
    " postgresql://user:password@host:5432/database."
)


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that pages, API and command line call."""

    settings: Settings
    database: Database
    tenants: Tenants
    bots: Bots
    bot_versions: BotVersions
    sources: Sources
    ingest: Ingest
    answerer: Answerer
    previews: Previews
    what_if: WhatIf
    keyword_lab: KeywordLab
    conversations: Conversations
    tuning: Tuning
    labelled_messages: LabelledMessages
    usage: Usage
    health: Health
    jobs: JobQueue
    local_tenant_id: UUID
    closing: tuple[PassageIndexCache | SummaryRenewal | Embedder | ChatModel, ...]
    server: EmbeddedServer | None

    def close(self) -> None:
        """Finish the running job, release connections, stop the server if nobody else uses it."""
        self.jobs.close()
        for part in self.closing:
            part.close()
        self.database.dispose()
        if self.server is not None:
            self.server.close()


def start_services(
    settings: Settings | None = None, *, worker: bool | None = None, demo: bool = True
) -> Services:
    """Start or attach to the database, migrate it, seed defaults and demo, start the worker.

    `worker` overrides the setting of that name. Raises ConfigurationError and DatabaseUnavailable
    with one sentence each.
    """
    settings = settings or load_settings()
    if worker is not None:
        settings = settings.model_copy(update={"worker": worker})
    url, app_url, server = _open_database(settings)
    timeout = settings.database_connect_timeout_seconds
    database = GuardedDatabase(
        make_engine(
            app_url,
            connections=settings.database_pool_connections,
            connect_timeout_seconds=timeout,
        ),
        make_admin_engine(url, connect_timeout_seconds=timeout),
    )
    try:
        _prepare(database)
        services = _compose(settings, database, JobQueue(app_url), server, demo=demo)
    except BaseException:
        database.dispose()
        if server is not None:
            server.close()
        raise
    if settings.worker:
        services.jobs.start_worker(services.ingest.process)
    return services


def _open_database(settings: Settings) -> tuple[URL, URL, EmbeddedServer | None]:
    """Return the owner's address, the application's, and the embedded server if it is used."""
    if settings.database_url is not None:
        url = _read_address(settings.database_url.get_secret_value())
        return url, url, None
    try:
        server = start_embedded(settings.data_directory() / "pgdata")
    except DatabaseError as exc:
        raise DatabaseUnavailable(str(exc)) from exc
    # Before the first migration the limited role is not there yet: the engine connects later.
    return with_driver(server.url()), with_driver(server.url(user=APPLICATION_ROLE)), server


def _read_address(address: str) -> URL:
    """Read DATABASE_URL. Raises ConfigurationError, which does not show it: it holds a password."""
    try:
        url = with_driver(address.strip())
    except (SQLAlchemyError, ValueError):
        raise ConfigurationError(_BAD_ADDRESS) from None
    if url.drivername != "postgresql+psycopg2":
        raise ConfigurationError(_BAD_ADDRESS)
    return url


def _prepare(database: Database) -> None:
    try:
        check_server(database.admin_engine)
        migrate(database.admin_engine)
    except DatabaseUnreachable as exc:
        raise DatabaseUnavailable(str(exc)) from exc
    except DatabaseUnsuitable as exc:
        raise ConfigurationError(str(exc)) from exc
    except SQLAlchemyError as exc:
        log.exception("The migration failed.")
        raise ConfigurationError(
            "The database's tables could not be brought up to date; its user must own them and may"
            " need the right to create roles and extensions. The log has the details."
        ) from exc
    with database.administration() as session:
        seed_defaults(default_keywords(), default_routings(), session=session)


def _compose(
    settings: Settings,
    database: Database,
    jobs: JobQueue,
    server: EmbeddedServer | None,
    *,
    demo: bool,
) -> Services:
    counter = load_counter(encoding_for_model(settings.model))
    embedder = embedder_from(settings)
    model = chat_model_from(settings)
    ingest = Ingest(database, embedder, load_counter(), jobs, settings)
    tenants = Tenants(database)
    profile = load_profile(settings.ranking_profile)
    uses_dense = profile.uses_dense(embedder.model)
    indexes = PassageIndexCache(
        database,
        embedder.model,
        max_bytes=settings.index_cache_mb * 1024**2,
        uses_dense=uses_dense,
    )
    candidates = settings.retrieval_candidates
    search = PassageSearch(
        embedder.model, candidates=candidates, indexes=indexes, uses_dense=uses_dense
    )
    retriever = ContextRetriever(search, profile, min_relevance=settings.min_relevance)
    questions = QuestionEmbedder(
        database, embedder, base_url=settings.openai_base_url, is_used=uses_dense
    )
    steps = _turn_steps(settings, database, retriever, questions, model, counter)
    local = ensure_demo_tenant(tenants, database, ingest, load_counter(), fill=demo)
    return Services(
        settings=settings,
        database=database,
        tenants=tenants,
        bots=Bots(database),
        bot_versions=BotVersions(database, steps.budget.check_persona),
        sources=Sources(database),
        ingest=ingest,
        answerer=Answerer(database, steps),
        previews=Previews(database, steps),
        what_if=_what_if(settings, database, steps, embedder, is_embedded=uses_dense),
        keyword_lab=KeywordLab(
            database, steps.routers.make, steps.contact, unlearned=shipped_model
        ),
        conversations=Conversations(database),
        tuning=Tuning(database),
        labelled_messages=LabelledMessages(database),
        usage=Usage(database),
        health=Health(database, embedder, jobs, settings),
        jobs=jobs,
        local_tenant_id=local,
        closing=tuple(
            part for part in (indexes, embedder, steps.renewal, model) if part is not None
        ),
        server=server,
    )


def _what_if(
    settings: Settings,
    database: Database,
    steps: TurnSteps,
    embedder: Embedder,
    *,
    is_embedded: bool,
) -> WhatIf:
    return WhatIf(
        database,
        steps,
        limits=_budget_limits(settings),
        vectors=QuestionVectorReader(embedder, is_used=is_embedded),
        make_router=steps.routers.make,
    )


def _budget_limits(settings: Settings) -> BudgetLimits:
    return BudgetLimits(
        max_prompt_tokens=settings.max_prompt_tokens,
        max_question_tokens=settings.max_question_tokens,
        max_conversation_tokens=settings.max_conversation_tokens,
    )


def _turn_steps(
    settings: Settings,
    database: Database,
    retriever: ContextRetriever,
    questions: QuestionEmbedder,
    model: ChatModel | None,
    counter: TokenCounter,
) -> TurnSteps:
    memory = SessionMemoryManager(
        counter,
        MemoryLimits(
            settings.max_summary_tokens,
            settings.summary_every_messages,
            settings.recent_messages,
        ),
    )
    margins = TokenMargins(served_models(settings), max_prompt_tokens=settings.max_prompt_tokens)
    renewal = None
    if model is not None:
        writer = SummaryWriter(model, counter, settings.max_summary_tokens)
        renewal = SummaryRenewal(database, memory, writer, margins, counter, settings)
    return TurnSteps(
        contact=FirstContact(),
        routers=RouterCache(),
        memory=memory,
        embedder=questions,
        retriever=retriever,
        budget=TokenBudgetController(counter, _budget_limits(settings)),
        margins=margins,
        counter=counter,
        speaker=Speaker(model, counter, settings),
        limiter=RateLimiter(settings.questions_per_minute),
        questions_per_month=settings.questions_per_month,
        cache=ResponseCache(settings.response_cache_seconds),
        answer_settings=answer_settings(settings),
        renewal=renewal,
    )
