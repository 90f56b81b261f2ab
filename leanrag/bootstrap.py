"""The composition root: settings → a running database → services."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from db.embedded import EmbeddedServer
from db.engine import (
    make_admin_engine,
    make_engine,
)
from db.tenancy import Database
from leanrag.access import Access, make_access
from leanrag.answer import Answerer
from leanrag.audit import Audit
from leanrag.bot_summaries import BotSummaries
from leanrag.bot_versions import BotVersions
from leanrag.bots import Bots
from leanrag.budget import BudgetLimits, TokenBudgetController
from leanrag.conversations import Conversations
from leanrag.database_start import open_database, prepare
from leanrag.demo.loader import ensure_demo_tenant
from leanrag.embedding_cache import QuestionEmbedder
from leanrag.embedding_models import EmbeddingModels
from leanrag.embedding_switch import EmbeddingSwitches
from leanrag.embeddings import models_from
from leanrag.first_contact import FirstContact
from leanrag.guarded_database import GuardedDatabase
from leanrag.health import Health
from leanrag.ingest.extracts_model import model_extracts
from leanrag.ingest.jobs import JobQueue, ProcessSource
from leanrag.ingest.pipeline import Ingest
from leanrag.intent_model import shipped_model
from leanrag.keyword_lab import KeywordLab
from leanrag.labelled_messages import LabelledMessages
from leanrag.llm import ChatModel, chat_model_from
from leanrag.memory import MemoryLimits, SessionMemoryManager
from leanrag.passage_browser import PassageBrowser
from leanrag.passage_edits import PassageEdits
from leanrag.passage_index_cache import PassageIndexCache
from leanrag.passage_search import PassageSearch
from leanrag.previews import Previews
from leanrag.question_vectors import QuestionVectorReader
from leanrag.quotas import RateLimiter
from leanrag.ranking_profiles import RankingProfile, load_profile
from leanrag.response_cache import ResponseCache, answer_settings
from leanrag.retrieval_test import RetrievalTest
from leanrag.retrieval_vectors import RetrievalVectors
from leanrag.retriever import ContextRetriever
from leanrag.right_of_way import share_interpreter
from leanrag.settings import Settings, load_settings
from leanrag.source_changes import SourceChanges
from leanrag.sources import Sources
from leanrag.speech import Speaker
from leanrag.suggestions import Suggestions
from leanrag.summary_renewal import SummaryRenewal
from leanrag.summary_writer import SummaryWriter
from leanrag.tenant_export import TenantExport
from leanrag.tenant_jobs import while_active
from leanrag.tenant_removal import TenantRemoval
from leanrag.tenants import Tenants
from leanrag.text.tokens import TokenCounter, encoding_for_model, load_counter
from leanrag.token_margin import TokenMargins, served_models
from leanrag.tuning import RouterCache, Tuning
from leanrag.turn_steps import TurnSteps
from leanrag.usage import Usage
from leanrag.websites import Websites
from leanrag.what_if import WhatIf

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that pages, API and command line call."""

    settings: Settings
    database: Database
    tenants: Tenants
    tenant_export: TenantExport
    tenant_removal: TenantRemoval
    audit: Audit
    bots: Bots
    bot_summaries: BotSummaries
    bot_versions: BotVersions
    sources: Sources
    source_changes: SourceChanges
    passage_edits: PassageEdits
    ingest: Ingest
    embedding_switches: EmbeddingSwitches
    websites: Websites
    suggestions: Suggestions
    answerer: Answerer
    previews: Previews
    passage_browser: PassageBrowser
    retrieval_test: RetrievalTest
    what_if: WhatIf
    keyword_lab: KeywordLab
    conversations: Conversations
    tuning: Tuning
    labelled_messages: LabelledMessages
    usage: Usage
    health: Health
    jobs: JobQueue
    local_tenant_id: UUID
    access: Access
    closing: tuple[Access | PassageIndexCache | SummaryRenewal | EmbeddingModels | ChatModel, ...]
    server: EmbeddedServer | None

    def processing(self) -> ProcessSource:
        """Return what workers do with a job: nothing, for now, where its tenant is suspended."""
        return while_active(self.ingest.process, self.database, self.jobs)

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
    url, app_url, server = open_database(settings)
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
        prepare(database)
        services = _compose(settings, database, JobQueue(app_url), server, demo=demo)
    except BaseException:
        database.dispose()
        if server is not None:
            server.close()
        raise
    if settings.worker:
        share_interpreter()
        services.embedding_switches.start_due()
        services.jobs.start_worker(services.processing(), services.embedding_switches.run)
    return services


def _compose(
    settings: Settings,
    database: Database,
    jobs: JobQueue,
    server: EmbeddedServer | None,
    *,
    demo: bool,
) -> Services:
    counter = load_counter(encoding_for_model(settings.model))
    profile = load_profile(settings.ranking_profile)
    models = models_from(settings, profile)
    model = chat_model_from(settings)
    tenants = Tenants(database)
    indexes = PassageIndexCache(database, max_bytes=settings.index_cache_mb * 1024**2)
    retriever = _retriever(settings, models, profile, indexes)
    questions = QuestionEmbedder(database, models, base_url=settings.openai_base_url)
    steps = _turn_steps(settings, database, retriever, questions, model, counter)
    tldrs = model_extracts(model, counter, steps.margins, database, settings)
    ingest = Ingest(database, models, load_counter(), jobs, settings, tldrs, steps.right_of_way)
    local = ensure_demo_tenant(tenants, database, ingest, load_counter(), fill=demo)
    access = make_access(database, settings, local)
    return Services(
        settings=settings,
        database=database,
        tenants=tenants,
        tenant_export=TenantExport(database),
        tenant_removal=TenantRemoval(database, forget=steps.forget, kept_tenant_id=local),
        audit=Audit(database),
        bots=Bots(database),
        bot_summaries=BotSummaries(database),
        bot_versions=BotVersions(database, steps.budget.check_persona),
        sources=Sources(database),
        source_changes=SourceChanges(database),
        passage_edits=PassageEdits(database, models, load_counter(), settings),
        ingest=ingest,
        embedding_switches=EmbeddingSwitches(database, models, jobs, settings),
        websites=Websites(database, jobs, settings),
        suggestions=Suggestions(database, jobs),
        answerer=Answerer(database, steps),
        previews=Previews(database, steps),
        passage_browser=PassageBrowser(database),
        retrieval_test=_retrieval_test(settings, database, steps, models),
        what_if=_what_if(settings, database, steps, models),
        keyword_lab=KeywordLab(
            database, steps.routers.make, steps.contact, unlearned=shipped_model
        ),
        conversations=Conversations(database),
        tuning=Tuning(database),
        labelled_messages=LabelledMessages(database),
        usage=Usage(database),
        health=Health(database, models.own, jobs, settings),
        jobs=jobs,
        local_tenant_id=local,
        access=access,
        closing=tuple(
            part for part in (access, indexes, models, steps.renewal, model) if part is not None
        ),
        server=server,
    )


def _retriever(
    settings: Settings,
    models: EmbeddingModels,
    profile: RankingProfile,
    indexes: PassageIndexCache,
) -> ContextRetriever:
    search = PassageSearch(
        models.own.model,
        candidates=settings.retrieval_candidates,
        indexes=indexes,
        uses_dense=models.uses_dense,
    )
    return ContextRetriever(search, profile, min_relevance=settings.min_relevance)


def _what_if(
    settings: Settings, database: Database, steps: TurnSteps, models: EmbeddingModels
) -> WhatIf:
    return WhatIf(
        database,
        steps,
        limits=_budget_limits(settings),
        vectors=QuestionVectorReader(models),
        make_router=steps.routers.make,
    )


def _retrieval_test(
    settings: Settings, database: Database, steps: TurnSteps, models: EmbeddingModels
) -> RetrievalTest:
    vectors = RetrievalVectors(database, models)
    return RetrievalTest(database, steps, vectors, least_chance=settings.least_answer_chance)


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
