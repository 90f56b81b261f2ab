"""What is wrong with a request, as plain sentences that name the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_PLACES = {"body", "query", "path", "header", "form"}
_SENTENCES = {
    "missing": "{field} is missing",
    "string_type": "{field} must be text",
    "extra_forbidden": "{field} is not a field of this request",
    "bool_parsing": "{field} must be true or false",
    "bool_type": "{field} must be true or false",
    "int_parsing": "{field} must be a whole number",
    "int_type": "{field} must be a whole number",
    "uuid_parsing": "{field} must be an id such as 0199a7c4-5b1e-7c3a-9f64-3b0f6a2f8d11",
    "uuid_type": "{field} must be an id such as 0199a7c4-5b1e-7c3a-9f64-3b0f6a2f8d11",
    "literal_error": "{field} must be {expected}",
    "greater_than_equal": "{field} must be at least {ge}",
    "less_than_equal": "{field} must be at most {le}",
    "string_too_short": "{field} must have at least {min_length} characters",
    "string_too_long": "{field} must have at most {max_length} characters",
    "unstorable": "{field} {problem}",
    "value_error": "{field} must be a file with its name, sent as multipart/form-data",
}
_BODY_SENTENCES = {
    "missing": "The request needs a body; send it as JSON",
    "json_invalid": "The body is not valid JSON",
}
_BODY_FALLBACK = "The body must be a JSON object, sent with Content-Type: application/json"


@dataclass(frozen=True, slots=True)
class Fault:
    """A field that is wrong (empty for the body as a whole) and the sentence that says how."""

    field: str
    message: str


def describe(errors: Sequence[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """Turn pydantic's errors into faults, in their order; what was sent is not repeated."""
    return tuple(_describe_one(error) for error in errors)


def _describe_one(error: Mapping[str, Any]) -> Fault:
    field = ".".join(str(part) for part in error["loc"] if part not in _PLACES)
    kind = str(error["type"])
    if not field or kind == "json_invalid":
        return Fault("", _BODY_SENTENCES.get(kind, _BODY_FALLBACK) + ".")
    template = _SENTENCES.get(kind)
    if template is None:
        return Fault(field, f"{field} is wrong: {error['msg']}.")
    return Fault(
        field, template.format(field=field, problem=error["msg"], **error.get("ctx", {})) + "."
    )
