"""Versions of two bots of one tenant."""

from __future__ import annotations

from uuid import UUID

import pytest

from db.models import Bot
from leanrag.bot_content import BotContent
from leanrag.bot_version_rows import publish_first
from leanrag.bot_versions import BotVersions
from leanrag.budget import BudgetLimits, TokenBudgetController
from leanrag.guarded_database import GuardedDatabase
from leanrag.text.tokens import load_counter
from leanrag.tuning import Tuning
from tests.product_parts import new_tenant


@pytest.fixture
def versions(shared_database: GuardedDatabase) -> BotVersions:
    return BotVersions(
        shared_database, TokenBudgetController(load_counter(), BudgetLimits()).check_persona
    )


@pytest.fixture
def tuning(shared_database: GuardedDatabase) -> Tuning:
    return Tuning(shared_database)


@pytest.fixture
def tenant_id(shared_database: GuardedDatabase) -> UUID:
    """A tenant with two bots, `assistant` and `second`."""
    tenant_id = new_tenant(shared_database)
    with shared_database.tenant(tenant_id) as session:
        second = Bot(tenant_id=tenant_id, slug="second", name="Second")
        session.add(second)
        session.flush()
        publish_first(tenant_id, second.bot_id, BotContent("The second."), session=session)
    return tenant_id
