"""The tenant's keys for programs."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from leanrag.api.access_schemas import KeyList, KeyReply, NewKeyReply, NewKeyRequest
from leanrag.api.tenancy import MayWriteKeys

router = APIRouter(prefix="/v1/keys", tags=["keys"])


@router.get("", summary="List the keys")
async def list_keys(caller: MayWriteKeys) -> KeyList:
    """Return the tenant's keys, the newest first; of a key itself only how it begins."""
    found = await caller.run(caller.services.access.keys.list, caller.tenant_id)
    return KeyList(keys=[KeyReply.model_validate(key) for key in found])


@router.post("", status_code=201, summary="Make a key")
async def make_key(caller: MayWriteKeys, body: NewKeyRequest) -> NewKeyReply:
    """Make a key with at most the caller's rights; it is shown in this answer and never again."""
    made = await caller.run(
        caller.services.access.keys.make,
        caller.identity,
        body.name,
        body.scopes,
        expires_at=body.expires_at,
    )
    view = KeyReply.model_validate(made.view)
    return NewKeyReply(**view.model_dump(), key=made.text)


@router.delete("/{key_id}", status_code=204, summary="Revoke a key")
async def revoke_key(caller: MayWriteKeys, key_id: UUID) -> None:
    """End a key: its next request is refused. It stays listed."""
    await caller.run(caller.services.access.keys.revoke, caller.tenant_id, key_id)
