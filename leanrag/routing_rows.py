"""A tenant's own keywords and routings over the shipped ones, as rows and as JSON."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from db.models import IntentKeyword, IntentRoutingRow
from leanrag.router import IntentRouting, KeywordRule
from leanrag.types import DEFAULT_INTENTS, Language, SourceKind

T = TypeVar("T")

_WRITE_ROWS = 1_000  # in one statement, whose parameters are counted in 16 bits by some drivers


@dataclass(frozen=True, slots=True)
class RoutingOverlay:
    """The rows of one tenant, each in front of the shipped one of the same key; see `overlay`."""

    keywords: tuple[KeywordRule, ...] = ()
    routings: tuple[IntentRouting, ...] = ()


def overlay(keywords: Iterable[KeywordRule], routings: Iterable[IntentRouting]) -> RoutingOverlay:
    """Return the rows in one order, so that overlays of the same rows are equal."""
    return RoutingOverlay(
        tuple(sorted(keywords, key=keyword_key)), tuple(sorted(routings, key=_intent_of))
    )


def overlay_of(
    keywords: Iterable[KeywordRule], routings: Iterable[IntentRouting], defaults: RoutingOverlay
) -> RoutingOverlay:
    """Return what differs from the defaults; a default that is gone comes as switched off."""
    keywords = tuple(keywords)
    known, wanted = set(defaults.keywords), {keyword_key(rule) for rule in keywords}
    changed = [rule for rule in keywords if rule not in known]
    changed += [
        KeywordRule(d.intent, d.language, d.keyword, d.weight, enabled=False)
        for d in defaults.keywords
        if d.enabled and keyword_key(d) not in wanted
    ]
    return overlay(changed, (r for r in routings if r not in defaults.routings))


def lay_over(defaults: RoutingOverlay, own: RoutingOverlay) -> RoutingOverlay:
    """Return all that is in force: defaults first, own rows in their place or behind them.

    Own keywords are marked as such.
    """
    marked = (replace(rule, is_own=True) for rule in own.keywords)
    keywords = {keyword_key(rule): rule for rule in (*defaults.keywords, *marked)}
    routings = {routing.intent: routing for routing in (*defaults.routings, *own.routings)}
    return RoutingOverlay(tuple(keywords.values()), tuple(sorted(routings.values(), key=_place)))


def keyword_key(rule: KeywordRule) -> tuple[str, str, str]:
    """Return what a tenant may have one keyword of."""
    return (rule.intent, rule.language, rule.keyword)


def has_controls(text: str) -> bool:
    """Tell whether a text holds control characters or halves of letters, which no column takes."""
    return any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text)


# ---- rows -------------------------------------------------------------------------------------


def lock_tenant(tenant_id: UUID, *, session: Session) -> None:
    """Put who changes a tenant's routing or its bots in a line until the transaction ends."""
    key = int.from_bytes(hashlib.sha256(tenant_id.bytes).digest()[:8], "big", signed=True)
    session.execute(select(func.pg_advisory_xact_lock(key)))


def read_overlay(tenant_id: UUID, *, session: Session) -> RoutingOverlay:
    """Return a tenant's own rows; those of the global tenant are the defaults."""
    keywords = session.scalars(select(IntentKeyword).where(IntentKeyword.tenant_id == tenant_id))
    routings = session.scalars(
        select(IntentRoutingRow).where(IntentRoutingRow.tenant_id == tenant_id)
    )
    return overlay(
        (
            KeywordRule(k.intent, cast(Language, k.language), k.keyword, k.weight, k.enabled)
            for k in keywords
        ),
        (
            IntentRouting(
                r.intent,
                cast("tuple[SourceKind, ...]", tuple(r.primary_kinds)),
                r.primary_tokens,
                cast("tuple[SourceKind, ...]", tuple(r.secondary_kinds)),
                r.secondary_tokens,
            )
            for r in routings
        ),
    )


def replace_overlay(tenant_id: UUID, own: RoutingOverlay, *, session: Session) -> None:
    """Make `own` the tenant's rows, and nothing else; rows that stay as they are are not written.

    The newest row tells the version of them all, so where some are only taken away one that stays
    is made new.
    """
    old, new = to_json(read_overlay(tenant_id, session=session)), to_json(own)
    _replace_rows(IntentKeyword, tenant_id, old["keywords"], new["keywords"], session=session)
    _replace_rows(IntentRoutingRow, tenant_id, old["routings"], new["routings"], session=session)


def _replace_rows(
    model: type[IntentKeyword] | type[IntentRoutingRow],
    tenant_id: UUID,
    old: list[dict[str, Any]],
    new: list[dict[str, Any]],
    *,
    session: Session,
) -> None:
    key = [column.name for column in model.__table__.primary_key if column.name != "tenant_id"]
    before, after = ({tuple(row[name] for name in key): row for row in rows} for rows in (old, new))
    gone = [place for place in before if place not in after]
    changed = [row for place, row in after.items() if before.get(place) != row]
    own = model.tenant_id == tenant_id
    place_of = tuple_(*(getattr(model, name) for name in key))
    for some in _batches(gone):
        session.execute(delete(model).where(own, place_of.in_(some)))
    for rows in _batches(changed):
        statement = upsert(model).values([{"tenant_id": tenant_id, **row} for row in rows])
        columns = [name for name in (*rows[0], "updated_at") if name not in key]
        statement = statement.on_conflict_do_update(
            index_elements=["tenant_id", *key],
            set_={name: statement.excluded[name] for name in columns},
        )
        session.execute(statement)
    if after and not changed:
        first = place_of == tuple_(*next(iter(after)))
        session.execute(update(model).where(own, first).values(updated_at=func.now()))


def _batches(rows: list[T]) -> Iterator[list[T]]:
    return (rows[start : start + _WRITE_ROWS] for start in range(0, len(rows), _WRITE_ROWS))


# ---- JSON -------------------------------------------------------------------------------------


def to_json(own: RoutingOverlay) -> dict[str, list[dict[str, Any]]]:
    """Return the rows under "keywords" and "routings", each by its columns' names."""
    return {
        "keywords": [
            {
                "intent": rule.intent,
                "language": rule.language,
                "keyword": rule.keyword,
                "weight": rule.weight,
                "enabled": rule.enabled,
            }
            for rule in own.keywords
        ],
        "routings": [
            {
                "intent": routing.intent,
                "primary_kinds": list(routing.primary_kinds),
                "primary_tokens": routing.primary_tokens,
                "secondary_kinds": list(routing.secondary_kinds),
                "secondary_tokens": routing.secondary_tokens,
            }
            for routing in own.routings
        ],
    }


def from_json(stored: Mapping[str, Any]) -> RoutingOverlay:
    """Read what `to_json` wrote; an empty object is no row at all."""
    return overlay(
        (KeywordRule(**row) for row in stored.get("keywords", ())),
        (
            IntentRouting(
                row["intent"],
                tuple(row["primary_kinds"]),
                row["primary_tokens"],
                tuple(row["secondary_kinds"]),
                row["secondary_tokens"],
            )
            for row in stored.get("routings", ())
        ),
    )


def _intent_of(routing: IntentRouting) -> str:
    return routing.intent


def _place(routing: IntentRouting) -> tuple[int, str]:
    """Sort routings as ties between intents are decided: the defaults' order, then by name."""
    known = routing.intent in DEFAULT_INTENTS
    place = DEFAULT_INTENTS.index(routing.intent) if known else len(DEFAULT_INTENTS)
    return place, routing.intent
