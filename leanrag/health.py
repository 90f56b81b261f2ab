"""What works and what does not, each with how to mend it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from db.engine import check_server
from db.errors import DatabaseError
from db.migrate import is_current
from db.tenancy import Database
from leanrag.embeddings import Embedder
from leanrag.errors import LeanRagError
from leanrag.ingest.jobs import JobQueue
from leanrag.settings import Settings


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One part: whether it works, and what to know or do."""

    name: str
    ok: bool
    message: str


class Health:
    """Checks database, migrations, embedder, queue and model."""

    def __init__(
        self, database: Database, embedder: Embedder, jobs: JobQueue, settings: Settings
    ) -> None:
        self._database = database
        self._embedder = embedder
        self._jobs = jobs
        self._settings = settings

    def check(self) -> tuple[HealthCheck, ...]:
        """Run every check; none raises."""
        return (
            self._check_database(),
            self._check_migrations(),
            self._check_embedder(),
            self._check_queue(),
            self._check_model(),
        )

    def _check_database(self) -> HealthCheck:
        try:
            facts = check_server(self._database.admin_engine)
        except DatabaseError as exc:
            return HealthCheck("database", False, str(exc))
        text = f"PostgreSQL {facts.postgres} with pgvector {facts.pgvector}."
        return HealthCheck("database", True, text)

    def _check_migrations(self) -> HealthCheck:
        try:
            current = is_current(self._database.admin_engine)
        except SQLAlchemyError:
            return HealthCheck("migrations", False, "Unknown while the database does not answer.")
        text = "The tables are up to date." if current else "Restart LeanRAG to migrate the tables."
        return HealthCheck("migrations", current, text)

    def _check_embedder(self) -> HealthCheck:
        if self._embedder.is_remote:
            text = f"{self._embedder.model} at the provider; checked when it is used."
            return HealthCheck("embedder", True, text)
        try:
            self._embedder.embed(["ok"])
        except LeanRagError as exc:
            return HealthCheck("embedder", False, exc.message)
        return HealthCheck("embedder", True, f"{self._embedder.model}, on this machine.")

    def _check_queue(self) -> HealthCheck:
        if not self._settings.worker:
            return HealthCheck("queue", True, "Jobs are left to other workers (LEANRAG_WORKER).")
        alive = self._jobs.worker_is_alive()
        text = "The worker runs." if alive else "The worker is not running; restart LeanRAG."
        return HealthCheck("queue", alive, text)

    def _check_model(self) -> HealthCheck:
        if not self._settings.has_model():
            text = "No OPENAI_API_KEY: answers quote the sources. Set the key to have them written."
            return HealthCheck("model", True, text)
        text = f"{self._settings.model} at {self._settings.openai_base_url}."
        return HealthCheck("model", True, text)
