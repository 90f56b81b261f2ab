"""The tenant's bots, and what a question would find for one of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from leanrag.api.schemas import BotList, BotName, BotReply, Text
from leanrag.api.tenancy import AuthorisedCaller
from leanrag.api.turn_schemas import PassageReply, RouteReply, SearchReply

router = APIRouter(prefix="/v1/bots", tags=["bots"])


@router.get("", summary="List the bots")
async def list_bots(caller: AuthorisedCaller) -> BotList:
    """Return the tenant's bots, the default one first."""
    found = await caller.run(caller.services.bots.list, caller.tenant_id)
    return BotList(bots=[BotReply.model_validate(bot) for bot in found])


@router.get("/{bot_id}/search", summary="Test the retrieval")
async def search(
    caller: AuthorisedCaller,
    bot_id: BotName,
    q: Annotated[Text, Query(description="The question to search with.")],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> SearchReply:
    """Return the passages that a question finds, best first, without asking a model."""
    services, tenant_id = caller.services, caller.tenant_id
    bot = await caller.run(services.bots.find, tenant_id, bot_id)
    found = await caller.run(services.answerer.search, tenant_id, q, bot=bot.bot_id, limit=limit)
    return SearchReply(
        bot_id=bot.bot_id,
        query=q,
        route=RouteReply.model_validate(found.route),
        passages=[PassageReply.model_validate(passage) for passage in found.passages],
    )
