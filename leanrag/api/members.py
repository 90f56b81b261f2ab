"""The tenant's members and their roles."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from leanrag.api.access_schemas import MemberList, MemberReply, NewMember, RoleChange
from leanrag.api.tenancy import AuthorisedCaller, MayReadMembers, MayWriteMembers

router = APIRouter(prefix="/v1/members", tags=["members"])


@router.get("", summary="List the members")
async def list_members(caller: MayReadMembers) -> MemberList:
    """Return the tenant's members, owners first."""
    found = await caller.run(caller.services.access.members.list, caller.tenant_id)
    return MemberList(members=[MemberReply.model_validate(member) for member in found])


@router.post("", status_code=201, summary="Add a member")
async def add_member(caller: MayWriteMembers, body: NewMember) -> MemberReply:
    """Add somebody by e-mail address, with which the person signs in."""
    members = caller.services.access.members
    made = await caller.run(members.add, caller.identity, body.email, body.role, body.name)
    return MemberReply.model_validate(made)


@router.patch("/{person_id}", summary="Change a member's role")
async def change_role(caller: MayWriteMembers, person_id: UUID, body: RoleChange) -> MemberReply:
    """Give a member another role, which counts at its next request."""
    change = caller.services.access.members.change_role
    return MemberReply.model_validate(
        await caller.run(change, caller.identity, person_id, body.role)
    )


@router.delete("/{person_id}", status_code=204, summary="Remove a member, or leave")
async def remove_member(caller: AuthorisedCaller, person_id: UUID) -> None:
    """Remove a member, where the caller may, or the caller itself; the last owner stays."""
    await caller.run(caller.services.access.members.remove, caller.identity, person_id)
