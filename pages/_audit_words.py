"""What the audit log calls things, in the interface's language; unknown words stay as they are."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from leanrag.audit import AuditEventView
from pages._locale import number, t, when

_ICONS = {
    "created": ":material/add_circle:",
    "changed": ":material/edit:",
    "deleted": ":material/delete:",
    "signed_in": ":material/login:",
    "signed_out": ":material/logout:",
    "exported": ":material/download:",
    "downloaded": ":material/download:",
}
# What the programs themselves are called in the log.
_LOCAL_NAMES = {"local operator": "local_operator", "command line": "command_line"}
# Fields whose values are words of ours, and where these words stand.
_NAMED_VALUES = {
    "role": "shell.role.",
    "kind": "documents.kind_",
    "language": "shell.languages.",
    "intent": "shell.intent.",
    "state": "audit.state.",
    "status": "audit.state.",
    "primary_kinds": "documents.kind_",
    "secondary_kinds": "documents.kind_",
}


def action_text(action: str) -> str:
    """Say what was done."""
    return _known(f"audit.action.{action}", action)


def kind_text(kind: str) -> str:
    """Say what kind of thing it was done to."""
    return _known(f"audit.kind.{kind}", kind)


def counted_text(kind: str, count: str) -> str:
    """Say how many things of a kind, whose number is written already."""
    return _known(f"audit.many.{kind}", f"{count} × {kind}", count=count)


def field_text(field: str) -> str:
    """Name a field of a thing."""
    return _known(f"audit.field.{field}", field)


def actor_text(kind: str, name: str) -> str:
    """Say who did it: a name, or what it is that has none."""
    if kind == "local" and name in _LOCAL_NAMES:
        return t(f"audit.actor.{_LOCAL_NAMES[name]}")
    return name or _known(f"audit.actor.{kind}", kind) or "?"


def object_text(event: AuditEventView) -> str:
    """Name the thing itself; empty where it has no name."""
    if event.object_kind == "sign_in":
        return _known(f"account.kind.{event.object_name}", event.object_name)
    if event.object_kind in ("routing", "labelled_message"):
        return _known(f"shell.intent.{event.object_name}", event.object_name)
    return event.object_name


def action_icon(action: str) -> str:
    """Return the picture that stands for what was done."""
    return _ICONS.get(action, ":material/history:")


def value_text(field: str, value: Any) -> str:
    """Write a value as a reader would: yes and no, numbers, moments, lists, words of ours."""
    if value is None or value == "" or value == [] or value == {}:
        return "–"
    if isinstance(value, bool):
        return t("audit.yes" if value else "audit.no")
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, list):
        return ", ".join(value_text(field, one) for one in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, indent=1)
    if field.endswith("_at"):
        return _moment(str(value))
    words = _NAMED_VALUES.get(field)
    return _known(f"{words}{value}", str(value)) if words else str(value)


def _moment(value: str) -> str:
    try:
        return when(datetime.fromisoformat(value))
    except ValueError:
        return value


def _known(key: str, otherwise: str, **values: object) -> str:
    try:
        return t(key, **values)
    except KeyError:
        return otherwise
