"""Loads the demo tenant: a small shop's knowledge in four languages, written for LeanRAG."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from db.models import Bot, Source
from db.tenancy import Database
from leanrag.bot_content import BotContent
from leanrag.bot_version_rows import publish_first
from leanrag.errors import NotFound
from leanrag.ingest.pipeline import Ingest, Upload
from leanrag.ingest.record_files import cut_records
from leanrag.tenants import Tenants
from leanrag.text.tokens import TokenCounter
from leanrag.types import Language, SourceKind

DEMO_SLUG = "demo"
DEMO_DIRECTORY = Path(__file__).parent
_RECORDS: tuple[tuple[str, SourceKind, str], ...] = (
    ("FAQ", "faq", "faq.csv"),
    ("Products", "product", "products.csv"),
)
# Any fixed number: the advisory lock that processes starting together queue on.
_DEMO_LOCK = 0x1EA26A7


@dataclass(frozen=True, slots=True)
class DemoQuestion:
    """A question to the demo shop, a string that its source holds, and where that stands."""

    language: Language
    question: str
    answer: str
    source: SourceKind
    intent: str


def demo_questions() -> tuple[DemoQuestion, ...]:
    """Return the 40 questions, ten in each language."""
    lines = (DEMO_DIRECTORY / "questions.jsonl").read_text("utf-8").splitlines()
    return tuple(DemoQuestion(**json.loads(line)) for line in lines if line.strip())


def ensure_demo_tenant(
    tenants: Tenants, database: Database, ingest: Ingest, counter: TokenCounter, *, fill: bool
) -> UUID:
    """Return the demo tenant; make it where it is missing, and finish what a crash left undone.

    Its bot gets its name last, so an unnamed bot tells that the loading was interrupted; what an
    operator deleted later does not come back. Processes that start together wait for each other.
    """
    about = tomllib.loads((DEMO_DIRECTORY / "tenant.toml").read_text("utf-8"))
    with database.administration() as session:
        session.execute(select(func.pg_advisory_xact_lock(_DEMO_LOCK)))
        try:
            tenant_id = tenants.find(DEMO_SLUG).tenant_id
        except NotFound:
            tenant_id = tenants.create(DEMO_SLUG, about["tenant"]["name"]).tenant_id
        if not _is_named(tenant_id, about, database):
            if fill:
                load_demo(tenant_id, database, ingest, counter)
            _name_bot(tenant_id, about, database)
    return tenant_id


def load_demo(tenant_id: UUID, database: Database, ingest: Ingest, counter: TokenCounter) -> int:
    """Load whatever of the demo's knowledge is missing; return how many sources are there."""
    for title, kind, name in _RECORDS:
        data = (DEMO_DIRECTORY / name).read_bytes()
        ingest.add_records(
            tenant_id,
            kind=kind,
            title=title,
            filename=name,
            data=data,
            chunks=cut_records(data, kind, title=title, counter=counter),
        )
    for path, file_kind in _files():
        ingest.add(tenant_id, Upload(path.name, path.read_bytes(), kind=file_kind))
    query = select(func.count()).where(Source.tenant_id == tenant_id)
    with database.tenant(tenant_id) as session:
        return int(session.execute(query).scalar_one())


def _files() -> Iterator[tuple[Path, SourceKind]]:
    for path in sorted(DEMO_DIRECTORY.glob("manual.*.md")):
        yield path, "manual"
    for path in sorted((DEMO_DIRECTORY / "pages").glob("*.md")):
        yield path, "website"
    yield DEMO_DIRECTORY / "price-list.pdf", "document"


def _is_named(tenant_id: UUID, about: dict[str, Any], database: Database) -> bool:
    query = select(Bot.slug).where(Bot.tenant_id == tenant_id)
    with database.tenant(tenant_id) as session:
        return about["bot"]["slug"] in set(session.scalars(query))


def _name_bot(tenant_id: UUID, about: dict[str, Any], database: Database) -> None:
    query = select(Bot).where(Bot.tenant_id == tenant_id).order_by(Bot.bot_id).limit(1)
    with database.tenant(tenant_id) as session:
        bot = session.scalars(query).one_or_none()
        if bot is None:  # a crash came between the tenant and its bot
            bot = Bot(tenant_id=tenant_id)
            session.add(bot)
        bot.slug, bot.name = about["bot"]["slug"], about["bot"]["name"]
        session.flush()
        content = BotContent(
            persona=about["bot"]["persona"], greeting=about["greeting"], fallback=about["fallback"]
        )
        publish_first(tenant_id, bot.bot_id, content, session=session)
