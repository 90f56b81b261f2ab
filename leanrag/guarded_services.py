"""The services as one person may call them: each call is checked when it is made, and is theirs.

Pages hold nothing else, so a button that was drawn before a role was lowered, a session ended or a
tenant was switched does nothing any more. What a call returns is not guarded: it is plain data.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, cast

from db.tenancy import Actor, acting
from leanrag.bootstrap import Services
from leanrag.errors import Forbidden
from leanrag.identity import NOT_YOURS, Identity
from leanrag.permissions import require
from leanrag.permitted_calls import ANYONE, BY_ADMINISTRATORS_TOO, INSTALLATION, PERMITTED
from leanrag.settings import Settings

_NOT_OF_YOURS = "This is not of the tenant that you are in; open the page again."
_INSTALLATION = "Only an administrator of this installation may do this."
_PLAIN = (str, bytes, bool, int, float, type(None), Settings)


def guard_services(services: Services, who: Callable[[], Identity]) -> Services:
    """Return services whose calls ask `who` makes them, as `PERMITTED` says.

    A call raises what `who` raises, and Forbidden where the role does not allow it or it names
    another tenant; AttributeError for a call that `PERMITTED` does not list.
    """
    return cast(Services, _Guarded(services, "", who))


class _Guarded:
    """A part of the services by its path, such as "access.members"."""

    __slots__ = ("_part", "_path", "_who")

    def __init__(self, part: object, path: str, who: Callable[[], Identity]) -> None:
        self._part = part
        self._path = path
        self._who = who

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        path = f"{self._path}.{name}" if self._path else name
        if path in PERMITTED:
            return _guard(found, path, self._who)
        if isinstance(found, _PLAIN):
            return found
        if any(listed.startswith(f"{path}.") for listed in PERMITTED):
            return _Guarded(found, path, self._who)
        raise AttributeError(f"Pages may not use {path}: permitted_calls.py does not list it.")


def _guard(call: Callable[..., Any], path: str, who: Callable[[], Identity]) -> Callable[..., Any]:
    @functools.wraps(call)
    def guarded(*given: Any, **named: Any) -> Any:
        identity = who()
        _check_action(path, identity)
        if PERMITTED[path] != INSTALLATION:  # an administrator's calls are about any tenant
            _check_place(inspect.signature(call).bind(*given, **named).arguments, identity)
        with acting(identity.actor):
            made = call(*given, **named)
        return _each_as(identity.actor, made) if isinstance(made, Generator) else made

    return guarded


def _each_as(actor: Actor, steps: Generator[Any, None, None]) -> Iterator[Any]:
    """Yield what a generator makes: it works when it is asked, which is the actor's act too."""
    try:
        while True:
            with acting(actor):
                try:
                    step = next(steps)
                except StopIteration:
                    return
            yield step
    finally:
        with acting(actor):
            steps.close()


def _check_action(path: str, identity: Identity) -> None:
    needed = PERMITTED[path]
    if needed == INSTALLATION:
        if not identity.is_administrator:
            raise Forbidden(_INSTALLATION)
    elif needed != ANYONE and not (identity.is_administrator and path in BY_ADMINISTRATORS_TOO):
        require(identity.allowed, needed)


def _check_place(arguments: Mapping[str, Any], identity: Identity) -> None:
    """Raise Forbidden for a call that names another tenant, or what is another person's."""
    if "identity" in arguments:  # the service itself checks what this one does, and where
        is_own = arguments["identity"] == identity
    else:
        is_here = arguments.get("tenant_id", identity.tenant_id) == identity.tenant_id
        is_own = is_here and arguments.get("person_id", identity.person_id) == identity.person_id
    if not is_own:
        raise Forbidden(_NOT_OF_YOURS)
    named = arguments.get("slug_or_id", str(identity.tenant_id))
    if named != str(identity.tenant_id) and not identity.is_administrator:
        raise Forbidden(NOT_YOURS)
