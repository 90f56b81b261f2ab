"""A bot's draft as a TOML file, to be edited by hand and read back.

The file's `edit` and `based_on` say which draft it was written from, so that saving it over
somebody else's changes is noticed.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from leanrag.bot_content import BotContent
from leanrag.bot_version_rows import BotVersion
from leanrag.errors import InvalidInput
from leanrag.router import IntentRouting, KeywordRule
from leanrag.routing_rows import overlay, to_json
from leanrag.types import Language, SourceKind


@dataclass(frozen=True, slots=True)
class DraftFile:
    """What a file holds: the draft's content, the edit and the version that it started from."""

    content: BotContent
    edit: int
    based_on: int


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Keyword(_Table):
    intent: str
    language: Language
    keyword: str
    weight: int
    enabled: bool = True


class _Routing(_Table):
    intent: str
    primary_kinds: list[SourceKind]
    primary_tokens: int
    secondary_kinds: list[SourceKind] = []
    secondary_tokens: int = 0


class _File(_Table):
    edit: int
    based_on: int
    persona: str
    instructions: str
    greeting: dict[str, str] = {}
    fallback: dict[str, str] = {}
    keywords: list[_Keyword] = []
    routings: list[_Routing] = []


def write_draft_file(draft: BotVersion) -> str:
    """Return a draft, as `BotVersions.open_draft` gives it, as TOML."""
    return "\n".join(_lines(draft)) + "\n"


def read_draft_file(text: str) -> DraftFile:
    """Read such a file. Raises InvalidInput naming the line, or the field, that is wrong."""
    try:
        file = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as exc:
        raise InvalidInput(f"The file is no TOML: {exc}.") from exc
    except ValidationError as exc:
        fault = exc.errors()[0]
        field = ".".join(str(part) for part in fault["loc"])
        raise InvalidInput(f"The file's {field} is wrong: {fault['msg']}.") from exc
    content = BotContent(
        file.persona,
        file.instructions,
        file.greeting,
        file.fallback,
        overlay(
            (KeywordRule(**vars(row)) for row in file.keywords),
            (
                IntentRouting(
                    row.intent,
                    tuple(row.primary_kinds),
                    row.primary_tokens,
                    tuple(row.secondary_kinds),
                    row.secondary_tokens,
                )
                for row in file.routings
            ),
        ),
    )
    return DraftFile(content, file.edit, file.based_on)


def _lines(draft: BotVersion) -> Iterator[str]:
    content = draft.content
    yield "# Which draft this was written from; leave both as they are."
    yield f"edit = {draft.stamp.edit}"
    yield f"based_on = {draft.stamp.based_on}"
    yield f"\npersona = {_value(content.persona)}"
    yield f"instructions = {_value(content.instructions)}"
    for name, messages in (("greeting", content.greeting), ("fallback", content.fallback)):
        yield f"\n[{name}]"
        yield from _pairs(messages)
    for name, rows in to_json(content.routing).items():
        for row in rows:
            yield f"\n[[{name}]]"
            yield from _pairs(row)


def _pairs(values: Mapping[str, Any]) -> Iterator[str]:
    return (f"{name} = {_value(value)}" for name, value in values.items())


def _value(value: object) -> str:
    """Write a value; JSON's strings, numbers, flags and lists of strings are TOML's as well."""
    if not isinstance(value, str) or "\n" not in value:
        return json.dumps(value, ensure_ascii=False)
    lines = (json.dumps(line, ensure_ascii=False)[1:-1] for line in value.split("\n"))
    return '"""\n' + "\n".join(lines) + '"""'
