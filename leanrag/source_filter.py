"""Which sources a person wants to see, in which order, and how the database finds them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, String, all_, cast, func, literal_column

from db.models import Source
from leanrag.text.normalize import clean, fold
from leanrag.types import SourceKind, SourceStatus

# "queue": those under way before those that wait, the oldest first, as they are processed.
SourceOrder = Literal["newest", "title", "tokens", "size", "processed", "cost", "queue"]
SOURCE_ORDERS: tuple[SourceOrder, ...] = get_args(SourceOrder)
MAX_WORDS = 10
_WILD, _ESCAPED = re.compile(r"[\\%_]"), r"\\\g<0>"

# Letters that are one to whoever searches, and marks that are none, after Unicode's decomposition:
# digits; Latin accents, Arabic vowel signs and hamza seats, tatweel, joiners.
_LETTERS = "يىېكڪةۃەہھٱı" + "۰۱۲۳۴۵۶۷۸۹" + "٠١٢٣٤٥٦٧٨٩"
_MARKS = "".join(map(chr, (*range(0x0300, 0x030D), 0x0327, 0x0328, *range(0x064B, 0x0656))))
_MARKS += "\u0670\u0640\u200c\u200d"


@dataclass(frozen=True, slots=True)
class SourceFilter:
    """Which sources to show; what is empty, or None, leaves all.

    All of `words` must stand in the title or the file's name, in any spelling of their letters. A
    source is of one of `kinds`, `statuses` and `languages`, and has one of `tags`.
    """

    words: str = ""
    kinds: tuple[SourceKind, ...] = ()
    statuses: tuple[SourceStatus, ...] = ()
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    is_citable: bool | None = None
    enabled: bool | None = None


def source_conditions(tenant_id: UUID, wanted: SourceFilter) -> Iterator[ColumnElement[bool]]:
    """Yield what a source's row must fulfil to be shown."""
    yield Source.tenant_id == tenant_id
    words = fold(wanted.words).split()[:MAX_WORDS]
    if words:
        patterns = [f"%{_WILD.sub(_ESCAPED, word)}%" for word in words]
        # All at once, or the name would be folded anew for every word.
        yield _name().bool_op("LIKE")(all_(cast(patterns, ARRAY(String()))))
    if wanted.kinds:
        yield Source.kind.in_(wanted.kinds)
    if wanted.statuses:
        yield Source.status.in_(wanted.statuses)
    if wanted.languages:
        yield Source.language.in_(wanted.languages)
    if wanted.tags:
        tags = [" ".join(clean(tag).split()) for tag in wanted.tags]
        yield Source.tags.bool_op("&&")(cast(tags, ARRAY(String())))
    if wanted.is_citable is not None:
        yield Source.is_citable == wanted.is_citable
    if wanted.enabled is not None:
        yield Source.enabled == wanted.enabled


def source_order(order: SourceOrder) -> tuple[ColumnElement[Any], ...]:
    """Return what sources are sorted by; never a tie, so that pages neither repeat nor miss any."""
    newest = (Source.created_at.desc(), Source.source_id.desc())
    if order == "queue":
        is_waiting = Source.status != "processing"
        return (is_waiting.asc(), Source.created_at.asc(), Source.source_id.asc())
    first: dict[SourceOrder, ColumnElement[Any]] = {
        "title": func.lower(Source.title).asc(),
        "tokens": Source.token_count.desc(),
        "size": Source.byte_size.desc(),
        "processed": Source.processed_at.desc().nulls_last(),
        "cost": Source.embedding_cost_usd.desc(),
    }
    return (first[order], *newest) if order in first else newest


def _name() -> ColumnElement[str]:
    """Return title and file name as `fold` writes them, as far as a database can."""
    folded = "".join(fold(letter) for letter in _LETTERS)
    name = func.normalize(Source.title + " " + Source.filename, literal_column("NFKD"))
    # What has no counterpart in the third argument is left out.
    return func.translate(func.lower(name), _LETTERS + _MARKS, folded)
