"""Messages whose intent a person set: stored per tenant, and what the tenant's router learns from.

A tenant with fewer than 50 of them has the shipped model; with more, its own, which starts there.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models import GLOBAL_TENANT_ID, IntentRoutingRow, LabelledMessage
from db.tenancy import Database
from leanrag.acting_name import acting_name
from leanrag.errors import InvalidInput, NotFound
from leanrag.intent_learning import IntentExample, learn
from leanrag.intent_model import IntentModel, shipped_model
from leanrag.text.language import detect_language
from leanrag.text.normalize import clean, fold
from leanrag.types import Intent, Language

FEWEST_LABELS = 50  # with fewer, a model of one's own knows less than the shipped one
MOST_LEARNED = 2_000  # the newest; about a second of learning
MAX_LABELS = 20_000
MAX_CHARACTERS = 2_000
_KEPT_MODELS = 16
_COLUMNS = ("text", "intent")


@dataclass(frozen=True, slots=True)
class LabelledView:
    """A labelled message as it is listed; `message_key` names it."""

    message_key: str
    text: str
    language: Language
    intent: Intent
    labelled_by: str
    updated_at: datetime


class LabelledMessages:
    """Adds, lists, imports and removes a tenant's labelled messages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, tenant_id: UUID) -> tuple[LabelledView, ...]:
        """Return all labelled messages, the newest first."""
        with self._database.tenant(tenant_id) as session:
            return tuple(_view(row) for row in session.scalars(_newest(tenant_id)))

    def save(
        self, tenant_id: UUID, text: str, intent: Intent, *, labelled_by: str = ""
    ) -> LabelledView:
        """Add a message, or give one that is there its new intent.

        Two messages are the same when they differ in case, marks or spaces alone. Raises
        InvalidInput for an empty or over-long text, or an intent that has no routing.
        """
        (saved,) = self._save(tenant_id, [(text, intent)], labelled_by=labelled_by, place="")
        return saved

    def import_csv(self, tenant_id: UUID, content: str, *, labelled_by: str = "") -> int:
        """Save the rows of a CSV file with the columns `text` and `intent`; return how many.

        All rows or none. Raises InvalidInput naming the line that is wrong.
        """
        rows = list(_read_csv(content))
        if not rows:
            raise InvalidInput("The file holds no labelled message; add rows below its header.")
        return len(self._save(tenant_id, rows, labelled_by=labelled_by, place="Line {line}: "))

    def remove(self, tenant_id: UUID, message_key: str) -> None:
        """Forget a labelled message. Raises NotFound."""
        own = (LabelledMessage.tenant_id == tenant_id, LabelledMessage.text_hash == message_key)
        with self._database.tenant(tenant_id) as session:
            removed = session.scalar(
                delete(LabelledMessage).where(*own).returning(LabelledMessage.text_hash)
            )
        if removed is None:
            raise NotFound("This labelled message is not there any more; reload the list.")

    def _save(
        self,
        tenant_id: UUID,
        rows: Sequence[tuple[str, Intent]],
        *,
        labelled_by: str,
        place: str,
    ) -> tuple[LabelledView, ...]:
        with self._database.tenant(tenant_id) as session:
            intents = _routed_intents(tenant_id, session=session)
            values: dict[str, dict[str, Any]] = {}
            for line, (text, intent) in enumerate(rows, start=2):  # below the header
                checked = _check(text, intent, intents, place.format(line=line))
                key = _key(checked)
                values[key] = {
                    "tenant_id": tenant_id,
                    "text_hash": key,
                    "text": checked,
                    "language": detect_language(checked),
                    "intent": intent,
                    "labelled_by": acting_name(labelled_by),
                }
            statement = insert(LabelledMessage).values(list(values.values()))
            changed = {
                name: statement.excluded[name]
                for name in ("text", "language", "intent", "labelled_by")
            }
            saved = session.scalars(
                statement.on_conflict_do_update(
                    index_elements=["tenant_id", "text_hash"],
                    set_={**changed, "updated_at": func.clock_timestamp()},
                ).returning(LabelledMessage),
                execution_options={"populate_existing": True},
            ).all()
            _check_room(tenant_id, session=session)
            return tuple(_view(row) for row in saved)


def load_examples(tenant_id: UUID, *, session: Session) -> tuple[IntentExample, ...]:
    """Return what a tenant's model learns from: the newest 2,000 of its labelled messages."""
    rows = session.scalars(_newest(tenant_id).limit(MOST_LEARNED))
    return tuple(
        IntentExample(row.text, cast("Language", row.language), row.intent) for row in rows
    )


def model_for(examples: Sequence[IntentExample]) -> IntentModel:
    """Return the shipped model, or what 50 or more `examples` make of it."""
    return shipped_model() if len(examples) < FEWEST_LABELS else _learned(tuple(examples))


@lru_cache(maxsize=_KEPT_MODELS)
def _learned(examples: tuple[IntentExample, ...]) -> IntentModel:
    """Learn once from the same labels: a save of keywords, or a draft, changes none of them."""
    return learn(examples, start=shipped_model())


def _newest(tenant_id: UUID) -> Any:
    return (
        select(LabelledMessage)
        .where(LabelledMessage.tenant_id == tenant_id)
        .order_by(LabelledMessage.updated_at.desc(), LabelledMessage.text_hash)
    )


def _routed_intents(tenant_id: UUID, *, session: Session) -> set[Intent]:
    query = select(IntentRoutingRow.intent).where(
        IntentRoutingRow.tenant_id.in_((tenant_id, GLOBAL_TENANT_ID))
    )
    return set(session.scalars(query))


def _check(text: str, intent: Intent, intents: set[Intent], place: str) -> str:
    """Return the text as it is stored."""
    text = clean(text).strip()
    if not fold(text).strip() or len(text) > MAX_CHARACTERS:
        raise InvalidInput(f"{place}A labelled message must have 1 to {MAX_CHARACTERS} characters.")
    if intent not in intents:
        known = ", ".join(sorted(intents))
        raise InvalidInput(f"{place}{intent[:40]!r} is no intent with a routing; use {known}.")
    return text


def _check_room(tenant_id: UUID, *, session: Session) -> None:
    count = session.scalar(select(func.count()).where(LabelledMessage.tenant_id == tenant_id))
    if count is not None and count > MAX_LABELS:
        raise InvalidInput(f"There may be at most {MAX_LABELS} labelled messages; remove some.")


def _read_csv(content: str) -> Iterator[tuple[str, Intent]]:
    reader = csv.DictReader(io.StringIO(content.removeprefix("\ufeff")))
    if not set(_COLUMNS) <= set(reader.fieldnames or ()):
        raise InvalidInput("The file's first line must name the columns text and intent.")
    for row in reader:
        yield row["text"] or "", (row["intent"] or "").strip()


def _key(text: str) -> str:
    return hashlib.sha256(" ".join(fold(text).split()).encode()).hexdigest()


def _view(row: LabelledMessage) -> LabelledView:
    return LabelledView(
        row.text_hash,
        row.text,
        cast("Language", row.language),
        row.intent,
        row.labelled_by,
        row.updated_at,
    )
