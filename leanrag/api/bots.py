"""The tenant's bots, what a question would find for one of them, and the versions of each."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from leanrag.api.bot_schemas import (
    MAX_NUMBER,
    BotRename,
    BotVersionReply,
    DraftRequest,
    NewBot,
    PublishRequest,
    RollbackRequest,
    VersionList,
    VersionStampReply,
)
from leanrag.api.schemas import BotList, BotName, BotReply, ErrorReply, Text
from leanrag.api.tenancy import MayReadKnowledge, MayReadTuning, MayWriteBots
from leanrag.api.turn_schemas import PassageReply, RouteReply, SearchReply

router = APIRouter(prefix="/v1/bots", tags=["bots"])

_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {
        "model": ErrorReply,
        "description": "Somebody saved, published or discarded after you looked; details tell who.",
    }
}
_TAKEN: dict[int | str, dict[str, Any]] = {
    409: {"model": ErrorReply, "description": "The short name is taken, or there are too many."}
}
_LAST: dict[int | str, dict[str, Any]] = {
    409: {"model": ErrorReply, "description": "It is the tenant's last bot."}
}


@router.get("", summary="List the bots")
async def list_bots(caller: MayReadTuning) -> BotList:
    """Return the tenant's bots, the default one first."""
    found = await caller.run(caller.services.bots.list, caller.tenant_id)
    return BotList(bots=[BotReply.model_validate(bot) for bot in found])


@router.post("", status_code=201, summary="Make a bot", responses=_TAKEN)
async def create_bot(caller: MayWriteBots, body: NewBot) -> BotReply:
    """Make a bot with a plain persona and the tenant's routing; it can be asked at once."""
    create = caller.services.bots.create
    return BotReply.model_validate(await caller.run(create, caller.tenant_id, body.slug, body.name))


@router.get("/{bot_id}", summary="Show a bot")
async def get_bot(caller: MayReadTuning, bot_id: BotName) -> BotReply:
    """Return a bot and what it says by the version in force."""
    found = await caller.run(caller.services.bots.find, caller.tenant_id, bot_id)
    return BotReply.model_validate(found)


@router.patch("/{bot_id}", summary="Rename a bot")
async def rename_bot(caller: MayWriteBots, bot_id: BotName, body: BotRename) -> BotReply:
    """Give a bot another name to be shown by; its short name stays."""
    rename = caller.services.bots.rename
    return BotReply.model_validate(await caller.run(rename, caller.tenant_id, bot_id, body.name))


@router.delete("/{bot_id}", status_code=204, summary="Delete a bot", responses=_LAST)
async def delete_bot(
    caller: MayWriteBots,
    bot_id: BotName,
    confirm: Annotated[Text, Query(description="The bot's short name, to say that it is meant.")],
) -> None:
    """Delete a bot with its versions, its conversations, and the sources of it alone."""
    delete = caller.services.bots.delete
    await caller.run(delete, caller.tenant_id, bot_id, confirmed=confirm)


@router.get("/{bot_id}/search", summary="Test the retrieval")
async def search(
    caller: MayReadKnowledge,
    bot_id: BotName,
    q: Annotated[Text, Query(description="The question to search with.")],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> SearchReply:
    """Return the passages that a question finds, best first, without asking a model."""
    services, tenant_id = caller.services, caller.tenant_id
    bot = await caller.run(services.bots.find, tenant_id, bot_id)
    found = await caller.run(services.previews.search, tenant_id, q, bot=bot.bot_id, limit=limit)
    return SearchReply(
        bot_id=bot.bot_id,
        query=q,
        route=RouteReply.model_validate(found.route),
        passages=[PassageReply.model_validate(passage) for passage in found.passages],
    )


@router.get("/{bot_id}/versions", summary="List the versions")
async def list_versions(caller: MayReadTuning, bot_id: BotName) -> VersionList:
    """Return the draft, if one is open, then what was published, newest first."""
    found = await caller.run(caller.services.bot_versions.list, caller.tenant_id, bot_id)
    return VersionList(versions=[VersionStampReply.model_validate(stamp) for stamp in found])


@router.get("/{bot_id}/draft", summary="Show the draft")
async def get_draft(caller: MayReadTuning, bot_id: BotName) -> BotVersionReply:
    """Return the open draft, or the published version with `edit` 0 as a draft to begin with."""
    draft = await caller.run(caller.services.bot_versions.open_draft, caller.tenant_id, bot_id)
    return BotVersionReply.of(draft)


@router.put("/{bot_id}/draft", summary="Save the draft", responses=_CONFLICT)
async def save_draft(caller: MayWriteBots, bot_id: BotName, body: DraftRequest) -> BotVersionReply:
    """Store the draft if nobody saved it since `edit`; it stays without effect until published."""
    versions, tenant_id = caller.services.bot_versions, caller.tenant_id
    seen = (
        await caller.run(versions.open_draft, tenant_id, bot_id)
        if body.edit
        else await caller.run(versions.get, tenant_id, bot_id, body.based_on)
    )
    draft = await caller.run(
        versions.save_draft,
        tenant_id,
        bot_id,
        body.content(kept=seen.content.routing),
        edit=body.edit,
        based_on=body.based_on,
        edited_by=body.edited_by,
    )
    return BotVersionReply.of(draft)


@router.delete("/{bot_id}/draft", status_code=204, summary="Discard the draft", responses=_CONFLICT)
async def discard_draft(
    caller: MayWriteBots,
    bot_id: BotName,
    edit: Annotated[int, Query(ge=0, le=MAX_NUMBER, description="The draft's edit that was seen.")],
) -> None:
    """Delete the draft if nobody saved it since `edit`."""
    await caller.run(
        caller.services.bot_versions.discard_draft, caller.tenant_id, bot_id, edit=edit
    )


@router.post("/{bot_id}/publish", summary="Publish the draft", responses=_CONFLICT)
async def publish(caller: MayWriteBots, bot_id: BotName, body: PublishRequest) -> BotVersionReply:
    """Put the draft in force as a whole; its routing goes to the tenant's other bots too."""
    made = await caller.run(
        caller.services.bot_versions.publish,
        caller.tenant_id,
        bot_id,
        edit=body.edit,
        note=body.note,
        edited_by=body.edited_by,
    )
    return BotVersionReply.of(made)


@router.post("/{bot_id}/rollback", summary="Roll back to a version", responses=_CONFLICT)
async def rollback(caller: MayWriteBots, bot_id: BotName, body: RollbackRequest) -> BotVersionReply:
    """Publish what a version said, under a new number; an open draft stays open."""
    made = await caller.run(
        caller.services.bot_versions.rollback,
        caller.tenant_id,
        bot_id,
        to=body.version,
        note=body.note,
        edited_by=body.edited_by,
    )
    return BotVersionReply.of(made)
