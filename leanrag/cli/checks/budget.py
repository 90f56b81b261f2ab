"""Do the providers count prompts within the limit?"""

from __future__ import annotations

from datetime import UTC

from db.tenancy import Database
from leanrag.cli.checks.finding import Finding, ok, warning
from leanrag.tenants import Tenants, TenantView
from leanrag.usage import PromptAlert, Usage

_REMEDY = (
    "Margins are learned by themselves; if this stays, a gateway adds text to prompts: check"
    " LEANRAG_MODEL and OPENAI_BASE_URL, or choose another model."
)


def check_budget(database: Database) -> Finding:
    """Look at every tenant's latest reports, each in a transaction of its own."""
    usage = Usage(database)
    alerts = [
        (tenant, alert)
        for tenant in Tenants(database).list()
        for alert in usage.prompt_alerts(tenant.tenant_id)
    ]
    if not alerts:
        return ok("prompt budget", "No provider lately counted a prompt above the limit.")
    message = _farthest(*max(alerts, key=lambda found: found[1].excess_tokens))
    others = len(alerts) - 1
    if others:
        message += f" {others} more of tenants and models went above."
    return warning("prompt budget", message, _REMEDY)


def _farthest(tenant: TenantView, alert: PromptAlert) -> str:
    latest = alert.latest_at.astimezone(UTC)
    return (
        f"{alert.model!r} counted {alert.reported_tokens} tokens in a prompt of tenant"
        f" {tenant.slug}, {alert.excess_tokens} above the limit of {alert.max_prompt_tokens};"
        f" {alert.calls_above} of its last {alert.calls_seen} calls went above, the latest on"
        f" {latest:%Y-%m-%d %H:%M} UTC."
    )
