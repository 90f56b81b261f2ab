r"""The attributes of a product as one cell: `Colour=red; Size=40 cm`, a backslash before `;=\`."""

from __future__ import annotations

import re
from collections.abc import Iterable

_STROKE = "\u0338"  # Unicode composes "=" and this mark to "≠"
_SPECIAL = re.compile(rf"[\\;={_STROKE}]|^\s|\s\Z")
_PART = re.compile(rf"(?:\\[\\;={_STROKE}\s]|[^;])++")
_NAME = re.compile(rf"(?:\\[\\;={_STROKE}\s]|[^=])*+")
_ESCAPED = re.compile(rf"\\([\\;={_STROKE}\s])")


def join_attributes(attributes: Iterable[tuple[str, str]]) -> str:
    """Return the attributes as one cell; `split_attributes` gives exactly them again."""
    return "; ".join(f"{_escape(name)}={_escape(value)}" for name, value in attributes)


def split_attributes(cell: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs that a cell holds; what has no `=` is not one."""
    pairs = []
    for part in _PART.findall(cell):
        matched = _NAME.match(part)
        end = matched.end() if matched else 0
        if end < len(part):
            pairs.append((_unescape(part[:end]), _unescape(part[end + 1 :])))
    return tuple(pairs)


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


def _unescape(text: str) -> str:
    text = text.lstrip()
    kept = text.rstrip()
    backslashes = len(kept) - len(kept.rstrip("\\"))
    if backslashes % 2:  # the last one keeps the blank after it
        kept = text[: len(kept) + 1]
    return _ESCAPED.sub(r"\1", kept)
