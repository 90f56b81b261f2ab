"""Keywords, routings and budgets: defaults overlaid by a tenant's rows, edited as a draft."""

from __future__ import annotations

import hashlib
import threading
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from db.models import GLOBAL_TENANT_ID, IntentKeyword, IntentRoutingRow
from db.tenancy import Database
from leanrag.errors import Conflict, InvalidInput
from leanrag.router import FALLBACK_INTENT, IntentRouting, KeywordRule, QueryRouter
from leanrag.types import DEFAULT_INTENTS, LANGUAGES, SOURCE_KINDS, Language, SourceKind

MAX_KEYWORD_CHARACTERS = 80
MAX_KEYWORDS = 20_000
MAX_SHARE_TOKENS = 1500

_VERSION_OF = """
    SELECT concat_ws('|', k.number, k.newest, r.number, r.newest)
    FROM (SELECT count(*) AS number, max(updated_at) AS newest FROM intent_keywords
          WHERE tenant_id IN (:tenant, '{defaults}')) k,
         (SELECT count(*) AS number, max(updated_at) AS newest FROM intent_routings
          WHERE tenant_id IN (:tenant, '{defaults}')) r"""
# Names the state of the rows that `:tenant` sees: how many there are, and the newest change.
TUNING_VERSION = _VERSION_OF.format(defaults=GLOBAL_TENANT_ID)
_VERSION = text(TUNING_VERSION)


@dataclass(frozen=True, slots=True)
class TuningDraft:
    """All keywords and routings in force, or to be; `version` is what the draft started from."""

    keywords: tuple[KeywordRule, ...]
    routings: tuple[IntentRouting, ...]
    version: str


class Tuning:
    """Loads and saves a tenant's keywords, routings and budgets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, tenant_id: UUID) -> TuningDraft:
        """Return what is in force: the tenant's rows stand in front of the defaults."""
        with self._database.tenant(tenant_id) as session:
            return load_tuning(tenant_id, session=session)

    def save(self, tenant_id: UUID, draft: TuningDraft) -> TuningDraft:
        """Put a draft in force, all or nothing.

        Raises InvalidInput naming the row that is wrong, and Conflict when somebody saved after the
        draft was loaded.
        """
        check_draft(draft)
        with self._database.tenant(tenant_id) as session:
            _lock(tenant_id, session=session)
            current = load_tuning(tenant_id, session=session)
            if current.version != draft.version:
                raise Conflict(
                    "Somebody saved other changes meanwhile; load them and make yours again."
                )
            defaults = _load(GLOBAL_TENANT_ID, session=session)
            _delete_own(tenant_id, session=session)
            _insert_keywords(tenant_id, draft.keywords, defaults.keywords, session=session)
            _insert_routings(tenant_id, draft.routings, defaults.routings, session=session)
            session.flush()
            return load_tuning(tenant_id, session=session)

    def reset(self, tenant_id: UUID) -> TuningDraft:
        """Go back to the defaults."""
        with self._database.tenant(tenant_id) as session:
            _delete_own(tenant_id, session=session)
            return load_tuning(tenant_id, session=session)


class RouterCache:
    """Keeps each tenant's compiled router as long as its rows stand. Thread-safe."""

    def __init__(self, max_tenants: int = 200) -> None:
        self._max_tenants = max_tenants
        self._kept: dict[UUID, tuple[str, QueryRouter]] = {}
        self._lock = threading.Lock()

    def read(self, tenant_id: UUID, *, session: Session, version: str | None = None) -> QueryRouter:
        """Return the router of the rows that this transaction sees.

        Who has read their version (`TUNING_VERSION`) already saves a statement.
        """
        if version is None:
            version = _version(tenant_id, session=session)
        with self._lock:
            kept = self._kept.get(tenant_id)
        if kept is not None and kept[0] == version:
            return kept[1]
        draft = load_tuning(tenant_id, session=session)
        router = QueryRouter(draft.keywords, draft.routings)
        with self._lock:
            if len(self._kept) >= self._max_tenants:
                self._kept.pop(next(iter(self._kept)))
            self._kept[tenant_id] = (version, router)
        return router


def load_tuning(tenant_id: UUID, *, session: Session) -> TuningDraft:
    """Return what is in force for a tenant, as this transaction sees it."""
    defaults = _load(GLOBAL_TENANT_ID, session=session)
    own = _load(tenant_id, session=session)
    keywords = {_key(rule): rule for rule in defaults.keywords}
    keywords.update({_key(rule): rule for rule in own.keywords})
    routings = {routing.intent: routing for routing in defaults.routings}
    routings.update({routing.intent: routing for routing in own.routings})
    return TuningDraft(
        tuple(keywords.values()),
        tuple(sorted(routings.values(), key=_place)),
        _version(tenant_id, session=session),
    )


def seed_defaults(
    keywords: Sequence[KeywordRule], routings: Sequence[IntentRouting], *, session: Session
) -> None:
    """Make the global rows what this version ships; with the owner's rights."""
    _lock(GLOBAL_TENANT_ID, session=session)  # processes that start together would collide
    stored = _load(GLOBAL_TENANT_ID, session=session)
    if set(stored.keywords) == set(keywords) and set(stored.routings) == set(routings):
        return
    _delete_own(GLOBAL_TENANT_ID, session=session)
    _insert_keywords(GLOBAL_TENANT_ID, keywords, (), session=session)
    _insert_routings(GLOBAL_TENANT_ID, routings, (), session=session)


def check_draft(draft: TuningDraft) -> None:
    """Raise InvalidInput with the first row that cannot be put in force."""
    if len(draft.keywords) > MAX_KEYWORDS:
        raise InvalidInput(f"There may be at most {MAX_KEYWORDS} keywords.")
    intents = {routing.intent for routing in draft.routings}
    if FALLBACK_INTENT not in intents:
        raise InvalidInput(f"The intent {FALLBACK_INTENT!r} needs a routing.")
    for rule in draft.keywords:
        _check_keyword(rule, intents)
    for routing in draft.routings:
        _check_routing(routing)
    doubled = _doubled([*map(_key, draft.keywords)]) or _doubled([r.intent for r in draft.routings])
    if doubled is not None:
        raise InvalidInput(f"{doubled!r} stands there twice; keep one of the rows.")


def _check_keyword(rule: KeywordRule, intents: set[str]) -> None:
    if not rule.keyword.strip() or len(rule.keyword) > MAX_KEYWORD_CHARACTERS:
        raise InvalidInput(
            f"The keyword {rule.keyword[:40]!r} of {rule.intent!r} must have 1 to"
            f" {MAX_KEYWORD_CHARACTERS} characters."
        )
    if _has_controls(rule.keyword):
        raise InvalidInput(f"The keyword {rule.keyword!r} holds characters that cannot be typed.")
    if rule.language not in LANGUAGES:
        raise InvalidInput(f"The language of {rule.keyword!r} must be fa, en, ar or tr.")
    if rule.intent not in intents:
        raise InvalidInput(
            f"The keyword {rule.keyword!r} belongs to {rule.intent!r}, which has no routing."
        )


def _check_routing(routing: IntentRouting) -> None:
    if not routing.intent.strip() or _has_controls(routing.intent):
        raise InvalidInput(f"An intent needs a name that can be read, not {routing.intent!r}.")
    for tokens in (routing.primary_tokens, routing.secondary_tokens):
        if not 0 <= tokens <= MAX_SHARE_TOKENS:
            raise InvalidInput(
                f"A share of {routing.intent!r} has {tokens} tokens; it may have 0 to 1,500."
            )
    if not routing.primary_kinds:
        raise InvalidInput(f"{routing.intent!r} needs at least one primary kind of source.")
    for kind in (*routing.primary_kinds, *routing.secondary_kinds):
        if kind not in SOURCE_KINDS:
            raise InvalidInput(f"{routing.intent!r} names {kind!r}, which is no kind of source.")


def _has_controls(text: str) -> bool:
    """Tell whether a text holds control characters or halves of letters, which no column takes."""
    return any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text)


def _place(routing: IntentRouting) -> tuple[int, str]:
    """Sort routings as ties between intents are decided: the defaults' order, then by name."""
    known = routing.intent in DEFAULT_INTENTS
    place = DEFAULT_INTENTS.index(routing.intent) if known else len(DEFAULT_INTENTS)
    return place, routing.intent


def _doubled(keys: Sequence[object]) -> object | None:
    return next((key for key, count in Counter(keys).items() if count > 1), None)


def _key(rule: KeywordRule) -> tuple[str, str, str]:
    return (rule.intent, rule.language, rule.keyword)


def _load(tenant_id: UUID, *, session: Session) -> TuningDraft:
    keywords = session.scalars(
        select(IntentKeyword)
        .where(IntentKeyword.tenant_id == tenant_id)
        .order_by(IntentKeyword.intent, IntentKeyword.language, IntentKeyword.keyword)
    )
    routings = session.scalars(
        select(IntentRoutingRow)
        .where(IntentRoutingRow.tenant_id == tenant_id)
        .order_by(IntentRoutingRow.intent)
    )
    return TuningDraft(
        tuple(
            KeywordRule(k.intent, cast(Language, k.language), k.keyword, k.weight, k.enabled)
            for k in keywords
        ),
        tuple(
            IntentRouting(
                r.intent,
                cast("tuple[SourceKind, ...]", tuple(r.primary_kinds)),
                r.primary_tokens,
                cast("tuple[SourceKind, ...]", tuple(r.secondary_kinds)),
                r.secondary_tokens,
            )
            for r in routings
        ),
        "",
    )


def _insert_keywords(
    tenant_id: UUID,
    keywords: Sequence[KeywordRule],
    defaults: Sequence[KeywordRule],
    *,
    session: Session,
) -> None:
    """Store what differs from the defaults; a default that is gone is stored as switched off."""
    known = set(defaults)
    wanted = {_key(rule) for rule in keywords}
    changed = [rule for rule in keywords if rule not in known]
    changed += [
        KeywordRule(d.intent, d.language, d.keyword, d.weight, enabled=False)
        for d in defaults
        if d.enabled and _key(d) not in wanted
    ]
    rows = [
        {
            "tenant_id": tenant_id,
            "intent": rule.intent,
            "language": rule.language,
            "keyword": rule.keyword,
            "weight": rule.weight,
            "enabled": rule.enabled,
        }
        for rule in changed
    ]
    if rows:
        session.execute(insert(IntentKeyword), rows)


def _insert_routings(
    tenant_id: UUID,
    routings: Sequence[IntentRouting],
    defaults: Sequence[IntentRouting],
    *,
    session: Session,
) -> None:
    rows = [
        {
            "tenant_id": tenant_id,
            "intent": routing.intent,
            "primary_kinds": list(routing.primary_kinds),
            "primary_tokens": routing.primary_tokens,
            "secondary_kinds": list(routing.secondary_kinds),
            "secondary_tokens": routing.secondary_tokens,
        }
        for routing in routings
        if routing not in defaults
    ]
    if rows:
        session.execute(insert(IntentRoutingRow), rows)


def _delete_own(tenant_id: UUID, *, session: Session) -> None:
    session.execute(delete(IntentKeyword).where(IntentKeyword.tenant_id == tenant_id))
    session.execute(delete(IntentRoutingRow).where(IntentRoutingRow.tenant_id == tenant_id))


def _lock(tenant_id: UUID, *, session: Session) -> None:
    """Put savers of one tenant in a line until the transaction ends."""
    key = int.from_bytes(hashlib.sha256(tenant_id.bytes).digest()[:8], "big", signed=True)
    session.execute(select(func.pg_advisory_xact_lock(key)))


def _version(tenant_id: UUID, *, session: Session) -> str:
    return str(session.execute(_VERSION, {"tenant": tenant_id}).scalar_one())
