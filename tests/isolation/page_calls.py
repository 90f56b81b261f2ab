"""Attacks by the console's pages: each opened with ids of theirs, and each call that pages make.

What a page reads from its address is noted while it runs, so that a new parameter is attacked
without a change here. Where pages keep ids between two drawings is named in `KEPT`.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, cast
from unittest.mock import patch
from uuid import UUID

from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.state import QueryParamsProxy
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import parse_tree_from_messages

import pages._identity
import pages._services
from leanrag.bot_content import BotContent
from leanrag.bot_version_rows import BotVersion, VersionStamp
from leanrag.errors import Forbidden
from leanrag.guarded_services import guard_services
from leanrag.permitted_calls import INSTALLATION, PERMITTED
from pages._bots_draft import Editing
from pages._menu import PAGES
from tests.access_parts import cookie_of
from tests.isolation.calls import Method, attack_method
from tests.isolation.endpoints import NotCovered
from tests.isolation.wall import KNOWN, Attempt, Wall, named_ids
from tests.served_console import APP, keep_shell

_PARSE = "streamlit.testing.v1.local_script_runner.parse_tree_from_messages"
OF_ALL_PAGES = frozenset({"lang", "sign_in_failed"})  # no page looks anything up by them
# Where pages keep ids between two drawings, and in which form.
KEPT: dict[str, Callable[[Any], Any]] = {
    "shell_tenant": str,
    "shell_person": str,
    "chat_conversation": str,
    "chat_xray_message": str,
    "documents_chosen": lambda one: frozenset({one}),
    "documents_pairs_chosen": lambda one: frozenset({one}),
    "retrieval_bot": lambda one: one,
    "retrieval_opened": lambda one: one,
    "audit_names": lambda one: {str(one): "somebody"},
    "bots_editing": lambda one: {one: _editing(one)} if isinstance(one, UUID) else {},
    "chat_bot": str,
}
ECHOES = frozenset({"audit.record"})  # what we say stands in our own log, their ids too
# These cut or count what they are given, and store nothing.
READ_NOTHING = frozenset({"ingest.preview", "previews.system_size"})


def _editing(bot_id: UUID) -> Editing:
    """Return an editor of a bot with a text of ours, as the page of bots keeps it."""
    seen = BotVersion(VersionStamp(0, "draft"), BotContent())
    return Editing(bot_id, seen, BotContent(persona="A text of ours"))


@dataclasses.dataclass
class Visit:
    """What a page drew, which parameters of its address it read, and what the browser keeps."""

    text: str
    read: frozenset[str]
    kept: dict[str, Any]
    console: AppTest


class Visitor:
    """Opens pages in new browsers as our owner."""

    def __init__(self) -> None:
        self._sent: list[str] = []
        self._read: set[str] = set()
        first = AppTest.from_file(APP, default_timeout=60).run()
        assert not first.exception
        self._pages = first._registered_pages

    def open(
        self, page: str, query: dict[str, str] | None = None, state: dict[str, Any] | None = None
    ) -> Visit:
        """Open a page. Raises NotCovered where it breaks, and so shows nothing to look at."""
        console = AppTest.from_file(APP, default_timeout=60)
        console._registered_pages = self._pages
        for key, value in (state or {}).items():
            console.session_state[key] = value
        for key, text in (query or {}).items():
            console.query_params[key] = text
        self._sent.clear()
        self._read.clear()
        console.switch_page(f"pages/{page}.py").run()
        if console.exception:
            raise NotCovered(f"{page} broke with {query} {state}: {console.exception[0].value}")
        kept = dict(console._session_state.filtered_state)
        return Visit("\n".join(self._sent), frozenset(self._read), kept, console)

    def answer(self, page: str, button: str, boxes: dict[str, str]) -> str:
        """Press a button that asks something, write into its boxes, and send that off.

        Returns what came to the browser then. Raises NotCovered where there is no such button.
        """
        console = self.open(page).console
        try:
            console.button(key=button).click().run()
            for key, text in boxes.items():
                console.text_input(key=key).set_value(text)
            (send,) = (one for one in console.button if one.form_id)
        except (KeyError, ValueError) as missing:
            raise NotCovered(f"{page} asks nothing by {button}.") from missing
        self._sent.clear()
        send.click().run()
        return "\n".join(self._sent)

    def watch(self, patches: ExitStack) -> None:
        """Note every message to the browser, and every parameter that is asked for."""
        get, has = QueryParamsProxy.__getitem__, QueryParamsProxy.__contains__

        def note_messages(messages: Any) -> Any:
            for message in messages:
                self._sent.append(message.SerializeToString().decode("utf-8", "replace"))
            return parse_tree_from_messages(messages)

        def note_get(proxy: Any, key: str) -> str:
            self._read.add(key)
            return get(proxy, key)

        def note_has(proxy: Any, key: object) -> bool:
            self._read.add(str(key))
            return has(proxy, cast(str, key))

        patches.enter_context(patch(_PARSE, note_messages))
        patches.enter_context(patch.object(QueryParamsProxy, "__getitem__", note_get))
        patches.enter_context(patch.object(QueryParamsProxy, "__contains__", note_has))


@contextmanager
def visiting(wall: Wall) -> Iterator[Visitor]:
    """Let the pages be our owner's: with the services of the wall, and a session of theirs."""
    secret = cookie_of(wall.services, wall.our_person)
    with ExitStack() as patches:
        patches.enter_context(patch.object(pages._services, "_services", wall.services))
        patches.enter_context(patch.object(pages._identity, "session_cookie", lambda: secret))
        patches.enter_context(patch.object(PagesManager, "__init__", keep_shell))
        visitor = Visitor()
        visitor.watch(patches)
        yield visitor


def attack_page(
    wall: Wall, visitor: Visitor, page: str, *, is_thorough: bool = True
) -> Iterator[Attempt]:
    """Open a page with ids of theirs, in each parameter and each place that keeps ids.

    Thoroughly: every id in every place. Else those that a place is named after, and two others.
    """
    stolen = ids_of(wall, wall.rows)
    theirs = named_ids(wall, wall.rows)  # signs them in, so before the look at what they have

    def to_try(place: str) -> list[Any]:
        return stolen if is_thorough else [*_meant(theirs, place), *stolen[:2]]

    before = wall.fingerprint()
    yield _look(wall, page, "no id", visitor.open(page))
    for name in sorted(parameters_of(wall, visitor, page)):
        for value in (*to_try(name), KNOWN):
            visit = visitor.open(page, {name: str(value)})
            yield _look(wall, page, f"?{name}=", visit, sent=str(value))
    for key, shape in KEPT.items():
        for value in to_try(key) if key.startswith((f"{page}_", "shell_")) else ():
            visit = visitor.open(page, state={key: shape(value)})
            yield _look(wall, page, f"kept {key}", visit, sent=str(value))
    changed = "changed something of theirs" if wall.fingerprint() != before else ""
    yield Attempt(page, "nothing of theirs is changed", changed)


def parameters_of(wall: Wall, visitor: Visitor, page: str) -> set[str]:
    """Return what a page reads from its address, also where an id of ours stands there."""
    found: set[str] = set()
    to_try: set[str] = set(visitor.open(page).read) - OF_ALL_PAGES
    while to_try - found:
        name = min(to_try - found)
        found.add(name)
        for value in own_values(wall, name):
            to_try |= visitor.open(page, {name: value}).read - OF_ALL_PAGES
    return found


def own_values(wall: Wall, parameter: str) -> list[str]:
    """Return what of ours a parameter may name, by its own name: "source" a source's id."""
    ours = named_ids(wall, wall.our_rows)
    named = [ours[name] for name in ours if name.removesuffix("_id") == parameter]
    return [str(value) for values in named for value in values] or ["1"]


def ids_of(wall: Wall, rows: Any) -> list[Any]:
    """Return every id of one tenant that parameters can name, each once."""
    found: dict[str, Any] = {}
    for values in named_ids(wall, rows).values():
        for value in values:
            for one in value if isinstance(value, list) else [value]:
                found.setdefault(str(one), one)
    return [one for text, one in found.items() if len(text) > 1]


def _meant(theirs: dict[str, list[Any]], place: str) -> list[Any]:
    """Return the ids of theirs that the name of a place speaks of: "shell_tenant" a tenant's."""
    words = [word.removesuffix("s") for word in place.split("_")]
    named = [name for name in theirs if name.removesuffix("_id") in words]
    return list({str(value): value for name in named for value in theirs[name]}.values())


def attack_calls(wall: Wall) -> Iterator[Attempt]:
    """Make every call that pages may make, through the guard, with ids of theirs."""
    guarded = guard_services(wall.services, wall.identity)
    for path, needed in PERMITTED.items():
        call: Any = guarded
        for name in path.split("."):
            call = getattr(call, name)
        if needed == INSTALLATION:
            yield from _attack_installation(wall, Method(path, call))
        elif path not in READ_NOTHING:
            yield from _attack_call(wall, Method(path, call))


def _attack_installation(wall: Wall, method: Method) -> Iterator[Attempt]:
    """Do to their tenant what administrators of the installation do, by its id and by its name."""
    given = {
        "slug": "ours-too",
        "name": "Ours too",
        "reason": "Because we say so.",
        "tenant_id": wall.theirs,
        "email": "owner@ours.example",  # to become their owner
    }
    for named in (str(wall.theirs), "theirs"):
        known = {**given, "slug_or_id": named}
        own = {name: known[name] for name in method.parameters if name in known}
        if set(_required(method)) - set(own):
            raise NotCovered(f"{method.name} takes what no attack on the installation knows.")
        yield _refused(method.name, f"of the installation, {named}", method.call, own)
        if not {"slug_or_id"} & set(own):
            return


def _attack_call(wall: Wall, method: Method) -> Iterator[Attempt]:
    names = set(method.parameters)
    if "slug_or_id" in names:
        for named in (str(wall.theirs), "theirs"):
            others = {"confirmed": named} if "confirmed" in names else {}
            named_so: dict[str, Any] = {"slug_or_id": named, **others}
            yield _refused(method.name, "slug_or_id", method.call, named_so)
        return
    if "tenant_id" in names:
        own: dict[str, Any] = dict.fromkeys(_required(method))
        given = {**own, "tenant_id": wall.theirs}
        yield _refused(method.name, "their tenant", method.call, given)
    if method.name not in ECHOES:
        yield from attack_method(wall, method)


def _required(method: Method) -> list[str]:
    empty = inspect.Parameter.empty
    return [name for name, one in method.parameters.items() if one.default is empty]


def _refused(path: str, kind: str, call: Callable[..., Any], given: dict[str, Any]) -> Attempt:
    try:
        call(**given)
    except Forbidden:
        return Attempt(path, kind)
    return Attempt(path, kind, "was not refused")


def _look(wall: Wall, page: str, kind: str, visit: Visit, *, sent: str = "") -> Attempt:
    seen = wall.seen(visit.text, sent=sent)
    return Attempt(page, kind, f"read {seen}" if seen else "")


def attack_dialogs(wall: Wall, visitor: Visitor) -> Iterator[Attempt]:
    """Answer the question before our own tenant's deletion with what names theirs."""
    tenants = wall.services.tenants
    before = wall.fingerprint()
    for typed in ("theirs", str(wall.theirs), "ours\ntheirs", " theirs ", "%"):
        text = visitor.answer("account", "tenants_delete_account", {"tenants_typed": typed})
        states = [tenants.get(tenant_id).status for tenant_id in (wall.ours, wall.theirs)]
        gone = "" if states == ["active", "active"] else f"they are {states}"
        leak = gone or wall.seen(text, sent=typed)
        yield Attempt("account", f"deletion, {typed!r} typed", leak)
    changed = "changed something of theirs" if wall.fingerprint() != before else ""
    yield Attempt("account", "nothing of theirs is deleted", changed)


@contextmanager
def administering(wall: Wall) -> Iterator[tuple[Wall, Visitor]]:
    """Let the pages be an administrator's of the installation, who is in no tenant.

    Which tenants there are is theirs to see: the ids of tenants are no secret then.
    """
    people = wall.services.access.people
    person_id = people.add("root@installation.example")
    people.make_administrator(person_id)
    outside = dataclasses.replace(
        wall, our_person=person_id, markers=wall.markers - {str(wall.theirs)}
    )
    with visiting(outside) as visitor:
        yield outside, visitor


def menu() -> list[str]:
    """Return the names of all pages."""
    return [page.name for page in PAGES]
