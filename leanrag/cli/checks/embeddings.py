"""Do all tenants use the embedding model of the settings, or how far are they?"""

from __future__ import annotations

from db.tenancy import Database
from leanrag.cli.checks.finding import Finding, ok, warning
from leanrag.embedding_models import EmbeddingModels
from leanrag.embedding_switch import EmbeddingSwitches, SwitchStatus
from leanrag.ingest.jobs import JobQueue
from leanrag.settings import Settings
from leanrag.tenants import Tenants

_NAME = "embedding model"
_REMEDY = "The Knowledge page tells more; restarting the console or the worker tries again."


def check_switches(
    database: Database, models: EmbeddingModels, jobs: JobQueue, settings: Settings
) -> Finding:
    """Look at every tenant's change of embedding models, each in a transaction of its own."""
    switches = EmbeddingSwitches(database, models, jobs, settings)
    tenants = Tenants(database).list()
    all_found = [(tenant.slug, switches.status(tenant.tenant_id)) for tenant in tenants]
    held_up = [(slug, found) for slug, found in all_found if found.error or found.by_words_alone]
    if held_up:
        slug, found = held_up[0]
        others = f" Held up in all: {len(held_up)} tenants." if held_up[1:] else ""
        return warning(_NAME, f"Tenant {slug}: {_trouble(found)}{others}", _REMEDY)
    changing = [found for _, found in all_found if found.next_model]
    if not changing:
        return ok(_NAME, "No tenant is changing its embedding model.")
    done, total = sum(f.done_count for f in changing), sum(f.total_count for f in changing)
    goes = "1 tenant goes" if len(changing) == 1 else f"{len(changing)} tenants go"
    return ok(
        _NAME,
        f"{goes} over to {changing[0].next_model}: {done:,} of {total:,} passages have its"
        " embedding, and until all have, the earlier ones answer.",
    )


def _trouble(found: SwitchStatus) -> str:
    if found.error:
        progress = f"{found.done_count:,} of {found.total_count:,} passages are done; "
        return f"{progress}{found.error}"
    return f"questions are searched by words alone; {found.model} cannot be used here."
