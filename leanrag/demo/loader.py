"""Loads the demo tenant: a small shop's knowledge in four languages, written for LeanRAG."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from sqlalchemy import func, select

from db.models import Bot, Source
from db.tenancy import Database
from leanrag.errors import NotFound
from leanrag.ingest.pipeline import Ingest, Upload
from leanrag.ingest.records import ProductRow, faq_chunks, product_chunks
from leanrag.tenants import Tenants
from leanrag.text.tokens import TokenCounter
from leanrag.types import Language, SourceKind

DEMO_SLUG = "demo"
DEMO_DIRECTORY = Path(__file__).parent


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
    """Return the demo tenant; make it where it is missing, and fill it where it is empty."""
    about = tomllib.loads((DEMO_DIRECTORY / "tenant.toml").read_text("utf-8"))
    try:
        return tenants.find(DEMO_SLUG).tenant_id
    except NotFound:
        tenant_id = tenants.create(DEMO_SLUG, about["tenant"]["name"]).tenant_id
    _name_bot(tenant_id, about, database)
    if fill:
        load_demo(tenant_id, database, ingest, counter)
    return tenant_id


def load_demo(tenant_id: UUID, database: Database, ingest: Ingest, counter: TokenCounter) -> int:
    """Load whatever of the demo's knowledge is missing; return how many sources are there."""
    for title, kind, name in (("FAQ", "faq", "faq.csv"), ("Products", "product", "products.csv")):
        data = (DEMO_DIRECTORY / name).read_bytes()
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
        ingest.add_records(
            tenant_id,
            kind=cast(SourceKind, kind),
            title=title,
            filename=name,
            data=data,
            chunks=_faq(rows, title, counter) if kind == "faq" else _products(rows, counter),
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


def _faq(rows: list[dict[str, str]], title: str, counter: TokenCounter) -> Any:
    return faq_chunks(
        [(cast(Language, r["language"]), r["question"], r["answer"]) for r in rows],
        title=title,
        counter=counter,
    )


def _products(rows: list[dict[str, str]], counter: TokenCounter) -> Any:
    return product_chunks(
        [
            ProductRow(
                title=row["title"],
                price=Decimal(row["price"]),
                currency=row["currency"],
                description=row["description"],
                attributes=_attributes(row["attributes"]),
                url=row["url"],
            )
            for row in rows
        ],
        counter=counter,
    )


def _attributes(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def _name_bot(tenant_id: UUID, about: dict[str, Any], database: Database) -> None:
    with database.tenant(tenant_id) as session:
        bot = session.scalars(select(Bot).where(Bot.tenant_id == tenant_id)).one()
        bot.slug, bot.name = about["bot"]["slug"], about["bot"]["name"]
        bot.persona, bot.greeting = about["bot"]["persona"], about["greeting"]
