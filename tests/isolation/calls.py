"""Attacks on every public method of every service, called for our tenant with ids of theirs.

Calls are made from the signatures: a new method is attacked without a change here, and one with a
parameter that nobody can fill, or that takes no tenant, raises NotCovered until it is named.
"""

from __future__ import annotations

import dataclasses
import inspect
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4
from zipfile import ZipFile, is_zipfile

from sqlalchemy.exc import SQLAlchemyError

from db.tenancy import Actor
from leanrag.answer import Question
from leanrag.audit import AuditFilter
from leanrag.bot_content import BotContent
from leanrag.errors import LeanRagError
from leanrag.ingest.attempt import Attempt as JobAttempt
from leanrag.ingest.upload import Upload
from leanrag.passage_edits import PassageChange
from leanrag.passage_filter import PassageFilter
from leanrag.retrieval_questions import RetrievalQuestion
from leanrag.settings import Settings
from leanrag.source_changes import SourceChange
from leanrag.source_filter import SourceFilter
from leanrag.tuning import TuningDraft
from leanrag.types import DEFAULT_INTENTS, LANGUAGES
from leanrag.websites import WebsiteStart
from tests.isolation.endpoints import NotCovered
from tests.isolation.wall import KNOWN, QUESTION, SECRET, Attempt, Wall, named_ids

# No services; a new field of `Services` is one until it is named here.
NO_SERVICES = {"settings", "database", "local_tenant_id", "closing", "server"}
# Methods that stand for no tenant, and why nobody reaches another one by them.
OF_NO_TENANT = {
    "tenants": "the administration's own list; no page or endpoint calls it for a member",
    "tenant_removal": "the administration's",
    "jobs": "workers'; payloads hold ids alone",
    "health": "of the process",
    "audit.record": "writes what the caller says into its own log, and reads nothing",
    "ingest.preview": "stores nothing, reads nothing",
    "previews.system_size": "counts what it is given",
    "embedding_switches.start_due": "of all tenants, at the start of a worker",
    "access.people": "the administration's; services ask it for whom they were told",
    "access.members.tenants_of": "asked with the caller's own person",
    "access.members.ensure_owner": "of the first start, with a setting",
    "access.sessions.open": "inside a sign-in that was checked",
    "access.sessions.claim": "by a ticket of 256 bits",
    "access.sessions.find": "by a secret of 256 bits",
    "access.sessions.find_token": "by a token that was checked",
    "access.sessions.revoke_everything": "the administration's",
    "access.sign_in": "asks for a code",
    "access.tokens": "makes and reads signed tokens",
    "access.keys.find": "by a key of 256 bits",
    "access.outer_users": "reads signed tokens",
    "access.oidc": "reads what the identity provider signed",
    "access.identify": "by what a request brings along",
    "access.issue_token": "asks for a code",
    "access.prepare": "of the start",
    "access.close": "of the end",
    "embedding_switches.run": "a worker's, in the tenant that its job names",
}
# Of these the person is the caller itself; everywhere else it is one of theirs.
OWN_PERSON = ("access.sessions.",)


@dataclasses.dataclass(frozen=True)
class Method:
    """A public method of a service, by its place among the services."""

    name: str
    call: Any

    @property
    def parameters(self) -> dict[str, inspect.Parameter]:
        return dict(inspect.signature(self.call).parameters)


def methods(wall: Wall) -> list[Method]:
    """Return the public methods of all services, those of access one level deeper."""
    services = wall.services
    found: list[Method] = []
    for field in dataclasses.fields(services):
        value = getattr(services, field.name)
        if field.name in NO_SERVICES or not _is_service(value):
            continue
        found += _methods(field.name, value)
        if field.name == "access":
            for inner in dataclasses.fields(value):
                part = getattr(value, inner.name)
                if _is_service(part):
                    found += _methods(f"access.{inner.name}", part)
    return found


def reason_outside(name: str) -> str | None:
    """Say why a method is not attacked; None where it is."""
    service = name.rsplit(".", 1)[0]
    return OF_NO_TENANT.get(name) or OF_NO_TENANT.get(service)


def attack_method(wall: Wall, method: Method) -> list[Attempt]:
    """Call a method for our tenant, once for each way to name something of theirs."""
    if not {"tenant_id", "identity", "person_id"} & set(method.parameters):
        raise NotCovered(f"{method.name} takes no tenant: say in OF_NO_TENANT why that is safe.")
    return [_try(wall, method, kind, given) for kind, given in _arguments(wall, method)]


def _try(wall: Wall, method: Method, kind: str, given: dict[str, Any]) -> Attempt:
    before = wall.fingerprint()
    try:
        came = _unfold(method.call(**given))
    except LeanRagError as refused:
        came = f"{refused.message} {refused.details}"
        kind += f" → {type(refused).__name__}"
    except SQLAlchemyError as broke:
        return Attempt(method.name, kind, f"broke: {type(broke).__name__}")
    seen = wall.seen(came, sent=repr(given))
    problems = [f"read {seen}"] if seen else []
    if wall.fingerprint() != before:
        problems.append("changed something of theirs")
    return Attempt(method.name, kind, "; ".join(problems))


def _arguments(wall: Wall, method: Method) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the arguments without ids of theirs, then with one of theirs at each place."""
    theirs, ours = named_ids(wall, wall.rows), named_ids(wall, wall.our_rows)
    base: dict[str, Any] = {}
    places: list[tuple[str, Any]] = []
    for name, parameter in method.parameters.items():
        if name == "tenant_id":
            base[name] = wall.ours
            if "identity" in method.parameters:
                places.append((name, wall.theirs))
        elif name == "identity":
            base[name] = wall.identity()
        elif name == "person_id" and method.name.startswith(OWN_PERSON):
            base[name] = wall.our_person
        elif name in theirs and not str(parameter.annotation).startswith(("int", "Mapping")):
            base[name] = ours[name][0]
            places += [(name, value) for value in theirs[name]]
        else:
            base[name] = _sample(wall, method, parameter)
            places += [(name, other) for other in _with_ids(base[name], theirs)]
    needs_theirs = {name for name, _ in places if name.endswith(("_id", "_ids", "_key"))}
    if not needs_theirs:
        yield "no id", base
    for name, value in places:
        yield name, {**base, name: value}


def _with_ids(value: Any, theirs: dict[str, list[Any]]) -> Iterator[Any]:
    """Put each id of theirs into each field of a value that can hold it."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return
    names = {field.name: str(field.type) for field in dataclasses.fields(value)}
    for name in sorted(set(names) & set(theirs)):
        for other in theirs[name]:
            # The same file or address again would be answered before its bot is looked at.
            new = {"data": uuid4().bytes.hex().encode(), "url": f"https://ours.example/{uuid4()}"}
            fresh = {field: made for field, made in new.items() if field in names}
            held = str(other) if names[name] == "str" else other
            yield dataclasses.replace(value, **{**fresh, name: held})


def _sample(wall: Wall, method: Method, parameter: inspect.Parameter) -> Any:
    name, annotation = parameter.name, str(parameter.annotation)
    for known in (f"{method.name.rsplit('.', 1)[-1]}.{name}", annotation.split(" |")[0], name):
        made = _SAMPLES.get(known)
        if made is not None:
            return made(wall)
    if parameter.default is not inspect.Parameter.empty:
        return parameter.default
    raise NotCovered(f"{method.name} takes {name}: {annotation}; give _SAMPLES a value.")


def _draft(wall: Wall) -> TuningDraft:
    """Return our tuning without the made-up row that no editor would take."""
    loaded = wall.services.tuning.load(wall.ours)
    keywords = tuple(rule for rule in loaded.keywords if rule.language in LANGUAGES)
    routings = tuple(r for r in loaded.routings if r.intent in DEFAULT_INTENTS)
    return dataclasses.replace(loaded, keywords=keywords, routings=routings)


def _folder(wall: Wall) -> Path:
    return wall.services.settings.data_directory() / "export.zip"


_SAMPLES: dict[str, Any] = {
    "Question": lambda _: Question(QUESTION),
    "Upload": lambda _: Upload("ours.txt", b"A text of ours."),
    "AuditFilter": lambda _: AuditFilter(),
    "SourceFilter": lambda _: SourceFilter(),
    "PassageFilter": lambda _: PassageFilter(),
    "SourceChange": lambda _: SourceChange(title="ours"),
    "PassageChange": lambda _: PassageChange(text="ours", tldr="ours"),
    "WebsiteStart": lambda _: WebsiteStart("https://ours.example/"),
    "BotContent": lambda _: BotContent(persona="ours"),
    "TuningDraft": lambda wall: _draft(wall),
    "Sequence[RetrievalQuestion]": lambda _: [RetrievalQuestion(QUESTION, SECRET)],
    "Attempt": lambda _: JobAttempt(0, lambda: False),
    "Actor": lambda _: Actor("person", "1"),
    "threading.Event": lambda _: threading.Event(),
    "add_records.chunks": lambda _: [],
    "add_records.data": lambda _: b"question,answer\nOurs?,Ours.\n",
    "add_records.kind": lambda _: "faq",
    "path": _folder,
    "add.email": lambda _: "new@ours.example",
    "session": lambda _: None,
    "edit": lambda _: 1,
    "based_on": lambda _: 1,
    "to": lambda _: 1,
    "compare.before": lambda _: 1,
    "compare.after": lambda _: 1,
    "expected": lambda _: "x",
    "decision": lambda _: "keep",
    "by": lambda _: "us",
    "edited_by": lambda _: "us",
    "question": lambda _: QUESTION,
    "query": lambda _: QUESTION,
    "answer": lambda _: "ours",
    "text": lambda _: f"{KNOWN}?",
    "content": lambda _: f"text,intent\n{KNOWN}?,howto\n",
    "intent": lambda _: "howto",
    "slug": lambda _: "ours-too",
    "name": lambda _: "Ours",
    "title": lambda _: "Ours",
    "filename": lambda _: "ours.csv",
    "confirmed": lambda _: "zanzibar-bot",
    "action": lambda _: "viewed",
    "object_kind": lambda _: "report",
    "role": lambda _: "viewer",
    "scopes": lambda _: ["ask"],
    "hours": lambda _: 24,
    "chunk_tokens": lambda _: 200,
    "keep": lambda _: None,
    "limits": lambda _: None,
}


def _unfold(value: Any) -> str:
    """Return all that a result holds: of an iterator its elements, of a ZIP its files."""
    if isinstance(value, Iterator):
        value = list(islice(value, 1000))
    written = repr(value)
    path = getattr(value, "path", None)
    if isinstance(path, Path) and is_zipfile(path):
        with ZipFile(path) as pack:
            written += "".join(pack.read(n).decode("utf-8", "replace") for n in pack.namelist())
        path.unlink()
    data = getattr(value, "data", None)
    return written + (data.decode("utf-8", "replace") if isinstance(data, bytes) else "")


def _is_service(value: Any) -> bool:
    module = type(value).__module__
    return module.startswith("leanrag.") and not isinstance(value, Settings)


def _methods(place: str, service: Any) -> list[Method]:
    return [
        Method(f"{place}.{name}", getattr(service, name))
        for name, function in inspect.getmembers(type(service), inspect.isfunction)
        if not name.startswith("_")
    ]
