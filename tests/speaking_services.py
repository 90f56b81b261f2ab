"""Services with a model that a local server plays, and what their turns leave."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from db.models import UsageEvent
from leanrag.bootstrap import Services
from leanrag.settings import Settings
from leanrag.types import TextDelta, TurnFailed
from tests.provider_server import ProviderServer

KEY = "sk-test-1234567890"
# A busy machine may take a second to answer; what is scripted to be silent is so for longer.
SILENCE_SECONDS = 4.0


def settings_for(home: Path, provider: ProviderServer, **more: Any) -> Settings:
    values: dict[str, Any] = {
        "home": home,
        "openai_api_key": KEY,
        "openai_base_url": provider.base_url,
        "provider_silence_timeout_seconds": SILENCE_SECONDS,
        "provider_max_retries": 1,
        "questions_per_minute": 10_000,
        "response_cache_seconds": 0,
    }
    return Settings(_env_file=None, **{**values, **more})


def failed(events: list[Any]) -> TurnFailed:
    assert isinstance(events[-1], TurnFailed), events[-1]
    return events[-1]


def text_of(events: list[Any]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def usage_of(services: Services, tenant_id: UUID) -> UsageEvent:
    with services.database.tenant(tenant_id) as session:
        return session.scalars(select(UsageEvent).where(UsageEvent.tenant_id == tenant_id)).one()


def stored(services: Services, tenant_id: UUID, events: list[Any]) -> Any:
    return services.conversations.message(tenant_id, events[0].message_id)
