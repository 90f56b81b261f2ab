"""What a tenant's bots hold, counted for a list of them: versions, conversations, own sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from db.tenancy import Database

# Each count is one pass over its table by (tenant, bot), whatever the number of bots.
_SUMMARIES = text(
    """
    WITH versions AS (
        SELECT bot_id,
               coalesce(max(version) FILTER (WHERE state = 'published'), 0) AS published,
               max(published_at) FILTER (WHERE state = 'published') AS published_at,
               max(updated_at) FILTER (WHERE state = 'draft') AS draft_saved_at,
               coalesce(max(edited_by) FILTER (WHERE state = 'draft'), '') AS draft_by
        FROM bot_versions WHERE tenant_id = :tenant GROUP BY bot_id
    ), talks AS (
        SELECT bot_id, count(*) AS conversations
        FROM conversations WHERE tenant_id = :tenant GROUP BY bot_id
    ), own AS (
        SELECT bot_id, count(*) AS sources
        FROM sources WHERE tenant_id = :tenant AND bot_id IS NOT NULL GROUP BY bot_id
    )
    SELECT b.bot_id, b.slug, b.name, coalesce(v.published, 0) AS prompt_version, v.published_at,
           v.draft_saved_at, coalesce(v.draft_by, '') AS draft_by,
           coalesce(t.conversations, 0) AS conversations, coalesce(o.sources, 0) AS own_sources
    FROM bots b
    LEFT JOIN versions v USING (bot_id)
    LEFT JOIN talks t USING (bot_id)
    LEFT JOIN own o USING (bot_id)
    WHERE b.tenant_id = :tenant
    ORDER BY b.bot_id
    """
)


@dataclass(frozen=True, slots=True)
class BotSummary:
    """A bot in a list: the version in force (0: none), its open draft, and what goes with it.

    `draft_saved_at` is None where no draft is open; `own_sources` are the sources of it alone.
    """

    bot_id: UUID
    slug: str
    name: str
    prompt_version: int
    published_at: datetime | None
    draft_saved_at: datetime | None
    draft_by: str
    conversations: int
    own_sources: int


class BotSummaries:
    """Lists a tenant's bots with what they hold."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, tenant_id: UUID) -> tuple[BotSummary, ...]:
        """Return the tenant's bots, oldest first, in one statement."""
        with self._database.tenant(tenant_id) as session:
            rows = session.execute(_SUMMARIES, {"tenant": tenant_id})
            return tuple(BotSummary(**row) for row in rows.mappings())
