"""What each role may do: the one table that pages, buttons and endpoints ask.

A role may do what its row says and nothing else; a key may do what its scopes name, and never more
than the role that it stands for. `ROLES` is in order of rights.
"""

from __future__ import annotations

from typing import Literal, get_args

from leanrag.errors import Forbidden

Role = Literal["owner", "admin", "manager", "operator", "viewer"]
Action = Literal[
    "ask",  # put questions to a bot, and read one's own conversations
    "conversations.read",
    "conversations.write",  # take over, close, title
    "knowledge.read",
    "knowledge.write",  # add, edit, switch off, delete sources and passages
    "tuning.read",
    "tuning.write",  # keywords, routing, budgets, labelled messages
    "bots.write",  # make and delete bots; draft, publish and roll back what one says
    "usage.read",
    "audit.read",
    "members.read",
    "members.write",
    "keys.write",  # make, list and revoke the tenant's keys
    "tenant.export",
    "tenant.delete",
]
ROLES: tuple[Role, ...] = get_args(Role)
ACTIONS: tuple[Action, ...] = get_args(Action)

_VIEWER: frozenset[Action] = frozenset(
    {"conversations.read", "knowledge.read", "tuning.read", "usage.read"}
)
_OPERATOR: frozenset[Action] = _VIEWER | {"ask", "conversations.write"}
_MANAGER: frozenset[Action] = _OPERATOR | {"knowledge.write", "tuning.write", "bots.write"}
_ADMIN: frozenset[Action] = _MANAGER | {
    "audit.read",
    "members.read",
    "members.write",
    "keys.write",
    "tenant.export",
}
_OWNER: frozenset[Action] = _ADMIN | {"tenant.delete"}
ALLOWED: dict[Role, frozenset[Action]] = {
    "viewer": _VIEWER,
    "operator": _OPERATOR,
    "manager": _MANAGER,
    "admin": _ADMIN,
    "owner": _OWNER,
}

# To the owners of a suspended tenant, and to nobody else: to see why, and to take their data away.
_WHILE_SUSPENDED: frozenset[Action] = _VIEWER | {
    "audit.read",
    "members.read",
    "tenant.export",
    "tenant.delete",
}


def allowed_to(role: Role, *, is_suspended: bool = False) -> frozenset[Action]:
    """Return what a member of this role may do in a tenant, or in one that is suspended."""
    if not is_suspended:
        return ALLOWED[role]
    return _WHILE_SUSPENDED if role == "owner" else frozenset()


def may(role: Role, action: Action) -> bool:
    """Tell whether a role may do this."""
    return action in ALLOWED[role]


def may_give(role: Role, given: Role) -> bool:
    """Tell whether a member of this role may make another a `given`, or take it from them.

    Owners give every role; others give what is below their own.
    """
    if not may(role, "members.write"):
        return False
    return role == "owner" or ROLES.index(given) > ROLES.index(role)


def require(allowed: frozenset[Action], action: Action) -> None:
    """Raise Forbidden where `allowed` lacks the action."""
    if action not in allowed:
        raise Forbidden(
            "Your role in this tenant does not allow this; ask an owner or an administrator of it.",
            action=action,
        )
