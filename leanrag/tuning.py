"""Keywords, routings and budgets: defaults overlaid by a tenant's rows, edited as a draft."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.models import GLOBAL_TENANT_ID
from db.tenancy import Database
from leanrag.acting_name import acting_name
from leanrag.bot_version_rows import publish_routing
from leanrag.errors import Conflict, InvalidInput
from leanrag.labelled_messages import load_examples, model_for
from leanrag.router import FALLBACK_INTENT, IntentRouting, KeywordRule, QueryRouter
from leanrag.routing_rows import (
    RoutingOverlay,
    has_controls,
    keyword_key,
    lay_over,
    lock_tenant,
    overlay,
    overlay_of,
    read_overlay,
    replace_overlay,
)
from leanrag.types import LANGUAGES, SOURCE_KINDS

MAX_KEYWORD_CHARACTERS = 80
MAX_KEYWORDS = 20_000
MAX_SHARE_TOKENS = 1500

_NEWEST = "coalesce((SELECT max(updated_at)::text FROM {table} WHERE tenant_id = {owner}), '-')"
_VERSION_OF = """
    SELECT concat_ws('|', (SELECT count(*) FROM labelled_messages WHERE tenant_id = :tenant),
                     {own}, {defaults})"""
_OWN = tuple(
    _NEWEST.format(table=table, owner=":tenant")
    for table in ("labelled_messages", "intent_keywords", "intent_routings")
)
_DEFAULTS = tuple(
    _NEWEST.format(table=table, owner=f"'{GLOBAL_TENANT_ID}'")
    for table in ("intent_keywords", "intent_routings")
)
# Names the state of the rows that `:tenant` sees: the newest change of each kind. A save writes all
# rows of a tenant anew, so nothing changes without a newer row; labels come and go one by one.
TUNING_VERSION = _VERSION_OF.format(own=",".join(_OWN), defaults=",".join(_DEFAULTS))
_NOTHING_OWN = "0|-|-|-|"  # how the version of a tenant without any row begins
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

    def save(self, tenant_id: UUID, draft: TuningDraft, *, edited_by: str = "") -> TuningDraft:
        """Put a draft in force, all or nothing; each of the tenant's bots gets a version with it.

        Raises InvalidInput naming the row that is wrong, and Conflict when somebody saved after the
        draft was loaded.
        """
        check_draft(draft)
        with self._database.tenant(tenant_id) as session:
            lock_tenant(tenant_id, session=session)
            if _version(tenant_id, session=session) != draft.version:
                raise Conflict(
                    "Somebody saved other changes meanwhile; load them and make yours again."
                )
            defaults = read_overlay(GLOBAL_TENANT_ID, session=session)
            own = overlay_of(draft.keywords, draft.routings, defaults)
            _put_in_force(tenant_id, own, edited_by, session=session)
            return load_tuning(tenant_id, session=session)

    def reset(self, tenant_id: UUID, *, edited_by: str = "") -> TuningDraft:
        """Go back to the defaults, by a version of each bot with no routing of the tenant's own."""
        with self._database.tenant(tenant_id) as session:
            lock_tenant(tenant_id, session=session)
            _put_in_force(tenant_id, RoutingOverlay(), edited_by, session=session)
            return load_tuning(tenant_id, session=session)


class RouterCache:
    """Keeps each tenant's compiled router as long as its rows stand. Thread-safe.

    Tenants that changed nothing share one router, and are not read row by row.
    """

    def __init__(self, max_tenants: int = 200) -> None:
        self._max_tenants = max_tenants
        self._kept: dict[UUID, tuple[str, QueryRouter]] = {}
        self._shared: tuple[str, QueryRouter] | None = None
        self._lock = threading.Lock()

    def read(self, tenant_id: UUID, *, session: Session, version: str | None = None) -> QueryRouter:
        """Return the router of the rows that this transaction sees.

        Who has read their version (`TUNING_VERSION`) already saves a statement.
        """
        if version is None:
            version = _version(tenant_id, session=session)
        with self._lock:
            kept, shared = self._kept.get(tenant_id), self._shared
        if kept is not None and kept[0] == version:
            return kept[1]
        if shared is not None and shared[0] == version:
            return shared[1]
        draft = load_tuning(tenant_id, session=session)
        router = self.make(tenant_id, draft, session=session)
        with self._lock:
            if _is_default(version):
                self._shared = (version, router)
                return router
            if len(self._kept) >= self._max_tenants:
                self._kept.pop(next(iter(self._kept)))
            self._kept[tenant_id] = (version, router)
        return router

    def forget(self, tenant_id: UUID) -> None:
        """Drop what is held of a tenant that is no more."""
        with self._lock:
            self._kept.pop(tenant_id, None)

    def make(self, tenant_id: UUID, draft: TuningDraft, *, session: Session) -> QueryRouter:
        """Return the router of a draft, with the model that this tenant's turns have.

        50 labelled messages or more teach it, which takes up to half a second.
        """
        model = model_for(load_examples(tenant_id, session=session))
        return QueryRouter(draft.keywords, draft.routings, model)


def _is_default(version: str) -> bool:
    """Tell whether the tenant of this version has no keyword, routing or label of its own."""
    return version.startswith(_NOTHING_OWN)


def load_tuning(tenant_id: UUID, *, session: Session) -> TuningDraft:
    """Return what is in force for a tenant, as this transaction sees it."""
    in_force = lay_over(
        read_overlay(GLOBAL_TENANT_ID, session=session), read_overlay(tenant_id, session=session)
    )
    version = _version(tenant_id, session=session)
    return TuningDraft(in_force.keywords, in_force.routings, version)


def seed_defaults(
    keywords: Sequence[KeywordRule], routings: Sequence[IntentRouting], *, session: Session
) -> None:
    """Make the global rows what this version ships; with the owner's rights."""
    lock_tenant(GLOBAL_TENANT_ID, session=session)  # processes that start together would collide
    shipped = overlay(keywords, routings)
    if read_overlay(GLOBAL_TENANT_ID, session=session) != shipped:
        replace_overlay(GLOBAL_TENANT_ID, shipped, session=session)


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
    doubled = _doubled([*map(keyword_key, draft.keywords)]) or _doubled(
        [r.intent for r in draft.routings]
    )
    if doubled is not None:
        raise InvalidInput(f"{doubled!r} stands there twice; keep one of the rows.")


def _check_keyword(rule: KeywordRule, intents: set[str]) -> None:
    if not rule.keyword.strip() or len(rule.keyword) > MAX_KEYWORD_CHARACTERS:
        raise InvalidInput(
            f"The keyword {rule.keyword[:40]!r} of {rule.intent!r} must have 1 to"
            f" {MAX_KEYWORD_CHARACTERS} characters."
        )
    if has_controls(rule.keyword):
        raise InvalidInput(f"The keyword {rule.keyword!r} holds characters that cannot be typed.")
    if rule.language not in LANGUAGES:
        raise InvalidInput(f"The language of {rule.keyword!r} must be fa, en, ar or tr.")
    if rule.intent not in intents:
        raise InvalidInput(
            f"The keyword {rule.keyword!r} belongs to {rule.intent!r}, which has no routing."
        )


def _check_routing(routing: IntentRouting) -> None:
    if not routing.intent.strip() or has_controls(routing.intent):
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


def _doubled(keys: Sequence[object]) -> object | None:
    return next((key for key, count in Counter(keys).items() if count > 1), None)


def _put_in_force(
    tenant_id: UUID, own: RoutingOverlay, edited_by: str, *, session: Session
) -> None:
    """Make `own` the tenant's rows and its bots' routing; the same once more changes nothing."""
    if own == read_overlay(tenant_id, session=session):
        return
    replace_overlay(tenant_id, own, session=session)
    publish_routing(tenant_id, own, edited_by=acting_name(edited_by), session=session)


def _version(tenant_id: UUID, *, session: Session) -> str:
    return str(session.execute(_VERSION, {"tenant": tenant_id}).scalar_one())
