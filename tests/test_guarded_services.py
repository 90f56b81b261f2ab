"""The guard before every call of a page: every entry with every role is as the table says."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast, get_args, get_type_hints
from uuid import UUID, uuid4

import pytest

from db.models import GLOBAL_TENANT_ID
from db.tenancy import Actor, current_actor
from leanrag.bootstrap import Services
from leanrag.errors import Forbidden, Unauthenticated
from leanrag.guarded_services import guard_services
from leanrag.identity import Identity
from leanrag.permissions import ACTIONS, ROLES, Role, allowed_to
from leanrag.permitted_calls import (
    ANYONE,
    BY_ADMINISTRATORS_TOO,
    INSTALLATION,
    PERMITTED,
)

OURS, THEIRS = uuid4(), uuid4()


def made_identity(
    role: Role | None, *, is_suspended: bool = False, is_administrator: bool = False
) -> Identity:
    return Identity(
        tenant_id=OURS if role else GLOBAL_TENANT_ID,
        actor=Actor("person", "1", "Sara", "203.0.113.9"),
        role=role,
        allowed=allowed_to(role, is_suspended=is_suspended) if role else frozenset(),
        person_id=UUID(int=1),
        sign_in_id=UUID(int=2),
        is_administrator=is_administrator,
        is_suspended=is_suspended,
    )


VISITORS = {
    **{role: made_identity(role) for role in ROLES},
    **{f"suspended {role}": made_identity(role, is_suspended=True) for role in ROLES},
    "administrator without tenant": made_identity(None, is_administrator=True),
    "administrator as viewer": made_identity("viewer", is_administrator=True),
    "no member anywhere": made_identity(None),
}


def method_of(path: str) -> Callable[..., Any]:
    """Return the method that a path names, found by the types of the services' parts."""
    *places, name = path.split(".")
    part: Any = Services
    for place in places:
        part = get_type_hints(part)[place]
        part = next((kind for kind in get_args(part) if kind is not type(None)), part)
    return cast(Callable[..., Any], getattr(part, name))


class Recorder:
    """Stands for the services: has their methods' signatures, and notes who calls what."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Actor | None]] = []

    def __getattr__(self, name: str) -> Any:
        return _Part(self, name)


class _Part:
    def __init__(self, recorder: Recorder, path: str) -> None:
        self._recorder = recorder
        self._path = path

    def __getattr__(self, name: str) -> Any:
        path = f"{self._path}.{name}"
        if path not in PERMITTED:
            return _Part(self._recorder, path)
        return self._call(path)

    def _call(self, path: str) -> Callable[..., Any]:
        def call(*_: Any, **__: Any) -> str:
            self._recorder.calls.append((path, current_actor()))
            return path

        signature = inspect.signature(method_of(path))
        own = [p for name, p in signature.parameters.items() if name != "self"]
        call.__signature__ = signature.replace(parameters=own)  # type: ignore[attr-defined]
        return call


def guarded(visitor: Identity | Callable[[], Identity]) -> tuple[Services, Recorder]:
    recorder = Recorder()
    who = visitor if callable(visitor) else lambda: visitor
    return guard_services(cast(Services, recorder), who), recorder


def find(services: Services, path: str) -> Callable[..., Any]:
    found: Any = services
    for name in path.split("."):
        found = getattr(found, name)
    return cast(Callable[..., Any], found)


def arguments(path: str, visitor: Identity, **others: Any) -> dict[str, Any]:
    """Return arguments of one's own for a method, `others` in the place of some."""
    known = {
        "tenant_id": visitor.tenant_id,
        "identity": visitor,
        "person_id": visitor.person_id,
        "slug_or_id": str(visitor.tenant_id),
        **others,
    }
    parameters = inspect.signature(method_of(path)).parameters
    return {
        name: known.get(name)
        for name, parameter in parameters.items()
        if name != "self" and (name in known or parameter.default is inspect.Parameter.empty)
    }


def is_allowed(path: str, visitor: Identity) -> bool:
    needed = PERMITTED[path]
    if needed == INSTALLATION:
        return visitor.is_administrator
    if visitor.is_administrator and path in BY_ADMINISTRATORS_TOO:
        return True
    return needed == ANYONE or needed in visitor.allowed


def test_every_entry_names_a_method_and_an_action() -> None:
    for path, needed in PERMITTED.items():
        assert callable(method_of(path)), path
        assert needed in (ANYONE, INSTALLATION, *ACTIONS), path
    with pytest.raises(KeyError):
        method_of("nothing.list")
    with pytest.raises(AttributeError):
        method_of("sources.destroy_everything")


def test_every_action_of_the_pages_stands_in_somebodys_row() -> None:
    assert set(PERMITTED.values()) - {ANYONE, INSTALLATION} <= allowed_to("owner")


def test_each_call_with_each_role_is_let_through_or_refused_as_the_table_says() -> None:
    cells = 0
    for path in PERMITTED:
        for name, visitor in VISITORS.items():
            services, recorder = guarded(visitor)
            given = arguments(path, visitor)
            if is_allowed(path, visitor):
                assert find(services, path)(**given) == path, (path, name)
                assert recorder.calls == [(path, visitor.actor)], (path, name)
            else:
                with pytest.raises(Forbidden):
                    find(services, path)(**given)
                assert not recorder.calls, (path, name)
            cells += 1
    assert cells == len(PERMITTED) * len(VISITORS)
    print(f"{cells} cells: {len(PERMITTED)} calls x {len(VISITORS)} visitors")


def strangers(path: str, visitor: Identity) -> Iterator[tuple[str, Any]]:
    """Name in each place of a call what is of another tenant, or another person's."""
    names = set(inspect.signature(method_of(path)).parameters)
    if PERMITTED[path] == INSTALLATION:
        return
    if "identity" in names:
        yield "identity", replace(visitor, tenant_id=THEIRS)
        yield "identity", replace(visitor, role="owner", allowed=allowed_to("owner"), name="other")
        return  # where they act, and on whom, the service checks by that identity
    if "tenant_id" in names:
        yield "tenant_id", THEIRS
    if "person_id" in names:
        yield "person_id", UUID(int=9)
    if "slug_or_id" in names and not visitor.is_administrator:
        yield "slug_or_id", str(THEIRS)
        yield "slug_or_id", "theirs"


def test_a_call_that_names_another_tenant_or_person_is_refused_for_every_role() -> None:
    tried = 0
    for path in PERMITTED:
        for name, visitor in VISITORS.items():
            for place, value in strangers(path, visitor):
                services, recorder = guarded(visitor)
                with pytest.raises(Forbidden):
                    find(services, path)(**arguments(path, visitor, **{place: value}))
                assert not recorder.calls, (path, name, place)
                tried += 1
    assert tried > len(PERMITTED) * len(ROLES) // 2
    print(f"{tried} calls with another tenant's or person's id were refused")


def test_every_call_that_reads_or_changes_a_tenant_says_which() -> None:
    places = {"tenant_id", "identity", "person_id", "slug_or_id"}
    without = {
        path
        for path, needed in PERMITTED.items()
        if needed != INSTALLATION
        and not places & set(inspect.signature(method_of(path)).parameters)
    }
    # They read or count what they are given, and store nothing.
    assert without == {"ingest.preview", "previews.system_size"}


@pytest.mark.parametrize(
    "path", ["database", "jobs", "local_tenant_id", "sources.purge", "access.sign_in", "what_if"]
)
def test_a_call_that_is_not_listed_cannot_be_made(services: Services, path: str) -> None:
    mine = guard_services(services, lambda: VISITORS["owner"])
    with pytest.raises(AttributeError):
        find(mine, path)


def test_an_ended_session_makes_no_call() -> None:
    def ended() -> Identity:
        raise Unauthenticated("You are signed out here; sign in again.")

    services, recorder = guarded(ended)
    for path in PERMITTED:
        with pytest.raises(Unauthenticated):
            find(services, path)(**arguments(path, VISITORS["owner"]))
    assert not recorder.calls


def test_a_call_that_was_found_before_a_role_was_lowered_is_refused_after() -> None:
    visitors = [VISITORS["manager"]]
    services, recorder = guarded(lambda: visitors[-1])
    delete = services.sources.delete
    given = arguments("sources.delete", visitors[0])
    delete(**given)
    visitors.append(VISITORS["viewer"])
    with pytest.raises(Forbidden, match="Your role in this tenant does not allow this"):
        delete(**given)
    assert len(recorder.calls) == 1


def test_a_call_that_was_drawn_in_one_tenant_is_refused_in_the_next() -> None:
    visitors = [VISITORS["owner"]]
    services, recorder = guarded(lambda: visitors[-1])
    given = arguments("sources.delete", visitors[0])
    visitors.append(replace(VISITORS["owner"], tenant_id=THEIRS))
    with pytest.raises(Forbidden, match="not of the tenant that you are in"):
        services.sources.delete(**given)
    assert not recorder.calls


def test_what_a_generator_does_later_is_the_callers_act_too() -> None:
    seen: list[Actor | None] = []

    class Answerer:
        def answer(self, tenant_id: UUID) -> Iterator[int]:
            try:
                for step in range(3):
                    seen.append(current_actor())
                    yield step
            finally:
                seen.append(current_actor())

    class Parts:
        answerer = Answerer()

    visitor = VISITORS["operator"]
    mine: Any = guard_services(cast(Services, Parts()), lambda: visitor)
    assert list(mine.answerer.answer(OURS)) == [0, 1, 2]
    assert seen == [visitor.actor] * 4
    assert current_actor() is None
    begun = mine.answerer.answer(OURS)
    next(begun)
    begun.close()
    assert seen[4:] == [visitor.actor] * 2
