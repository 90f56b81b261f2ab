"""Two tenants of the whole product: `theirs` has a row in every table, `ours` attacks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select, text

from db.models import Base
from leanrag.bootstrap import Services, start_services
from leanrag.identity import Identity, identify
from leanrag.settings import Settings
from tests.db.tenant_rows import TENANT_TABLES, Row, make_row
from tests.product_parts import add_text, ask
from tests.provider_server import ProviderServer

# Both know this word; whoever finds what stands beside it has seen over the wall.
KNOWN = "Zanzibar"
SECRET = "quokka7781"
TEXT = f"Delivery to {KNOWN} takes seventy-seven days and costs {SECRET} shillings."
QUESTION = f"How long does delivery to {KNOWN} take?"


@dataclass(frozen=True)
class Attempt:
    """One attack: where, how, and what came of it; empty where nothing did."""

    place: str
    kind: str
    leak: str = ""


@dataclass
class Wall:
    """The product with both tenants; `rows` and `ids` are theirs."""

    services: Services
    provider: ProviderServer
    ours: UUID
    theirs: UUID
    our_person: UUID
    our_rows: dict[str, Row] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    markers: frozenset[str] = frozenset()

    def identity(self) -> Identity:
        """Return us: an owner of our tenant, and of nothing else."""
        person = self.services.access.people.get(self.our_person)
        assert person is not None
        return identify(person)

    def token(self) -> str:
        """Sign us in anew, and return the token to send."""
        access = self.services.access
        with self.services.database.administration() as session:
            made = access.sessions.open(self.our_person, "token", ip="", agent="", session=session)
        return access.tokens.issue(made).text

    def seen(self, reply: str, *, sent: str = "") -> str:
        """Name what of theirs stands in a reply and was not in what we sent."""
        reply, sent = reply.lower(), sent.lower()
        return ", ".join(sorted(m for m in self.markers if m in reply and m not in sent))

    def fingerprint(self) -> str:
        """Return a hash of everything that they own, and of their jobs."""
        digest = hashlib.sha256()
        with self.services.database.admin_engine.connect() as connection:
            for table in Base.metadata.sorted_tables:
                if "tenant_id" in table.c:
                    own = text(
                        f"SELECT t::text FROM {table.name} t WHERE tenant_id = :id ORDER BY 1"
                    )
                    for row in connection.scalars(own, {"id": self.theirs}):
                        digest.update(row.encode())
            jobs = text(
                "SELECT j::text FROM jobs.procrastinate_jobs j"
                " WHERE args ->> 'tenant_id' = :id ORDER BY 1"
            )
            for row in connection.scalars(jobs, {"id": str(self.theirs)}):
                digest.update(row.encode())
        return digest.hexdigest()


@contextmanager
def two_shops(home: Path) -> Iterator[Wall]:
    """Start the product with a provider that is played, and fill both tenants."""
    with ProviderServer() as provider:
        settings = Settings(
            _env_file=None,
            home=home,
            auth="sign-in",
            openai_api_key="sk-test-1234567890",
            openai_base_url=provider.base_url,
            embedding_model="text-embedding-3-small",
            provider_max_retries=0,
            questions_per_minute=10_000,
            questions_per_month=1_000_000,
        )
        services = start_services(settings, worker=False, demo=False)
        try:
            yield _build(services, provider)
        finally:
            services.close()


def _build(services: Services, provider: ProviderServer) -> Wall:
    ids: dict[str, UUID] = {}
    people: dict[str, UUID] = {}
    for slug in ("ours", "theirs"):
        ids[slug] = services.tenants.create(slug, slug.title()).tenant_id
        people[slug] = services.access.members.ensure_owner(ids[slug], f"owner@{slug}.example")
    wall = Wall(services, provider, ids["ours"], ids["theirs"], people["ours"])
    services.bots.create(wall.theirs, "zanzibar-bot", f"{SECRET} bot")
    add_text(services.ingest, wall.theirs, TEXT, name=f"{SECRET}.txt")
    add_text(services.ingest, wall.ours, "We ship tea from Rize.", name="tea.txt")
    for tenant_id in (wall.theirs, wall.ours):
        ask(services.answerer, tenant_id, QUESTION)
    wall.our_rows = _complete(services, wall.ours)
    wall.rows = _complete(services, wall.theirs)
    wall.markers = _markers(wall)
    return wall


def _complete(services: Services, tenant_id: UUID) -> dict[str, Row]:
    """Put a row into every table that has none yet; return one row of each."""
    rows: dict[str, Row] = {}
    with services.database.tenant(tenant_id) as session:
        for table in TENANT_TABLES:
            own = select(table).where(table.c.tenant_id == tenant_id)
            found = session.execute(own.order_by(*table.primary_key).limit(1)).mappings().first()
            if found is None:
                session.execute(insert(table), make_row(table, tenant_id, rows))
                found = session.execute(own.limit(1)).mappings().one()
            rows[table.name] = dict(found)
    return rows


def _markers(wall: Wall) -> frozenset[str]:
    """Return what we must never read: the secret, every id of theirs, every made-up value."""
    found = {SECRET, str(wall.theirs), "owner@theirs.example"}
    ours = {str(value) for row in wall.our_rows.values() for value in row.values()}
    with wall.services.database.admin_engine.connect() as connection:
        for table in TENANT_TABLES:
            own = select(table).where(table.c.tenant_id == wall.theirs)
            for row in connection.execute(own).mappings():
                for value in row.values():
                    if isinstance(value, UUID) or (
                        isinstance(value, str) and value.startswith("own ")
                    ):
                        found.add(str(value).lower())
    return frozenset(found - ours - {str(UUID(int=0))})


def named_ids(wall: Wall, rows: dict[str, Row]) -> dict[str, list[Any]]:
    """Return ids by the name that parameters have: of one tenant's rows."""
    is_theirs = rows is wall.rows
    tenant_id = wall.theirs if is_theirs else wall.ours
    bots = [bot.bot_id for bot in wall.services.bots.list(tenant_id)]
    slugs = ["zanzibar-bot"] if is_theirs else []
    sources = [source.source_id for source in wall.services.sources.list(tenant_id)]
    sources = list(dict.fromkeys([*sources, rows["sources"]["source_id"]]))
    conversations = [c.conversation_id for c in wall.services.conversations.list(tenant_id)]
    person = wall.services.access.people.find(
        "owner@theirs.example" if is_theirs else "owner@ours.example"
    )
    assert person is not None
    events = wall.services.audit.find(tenant_id, limit=1)
    pairs = [rows["suggested_pairs"]["pair_id"]]
    return {
        "tenant_id": [tenant_id],
        "bot_id": [*bots, *slugs],
        "bot": [*bots, *slugs],
        "source_id": sources,
        "document_id": sources,
        "chunk_id": [rows["chunks"]["chunk_id"]],
        "passage_id": [rows["chunks"]["chunk_id"]],
        "edit_id": [rows["passage_edits"]["edit_id"]],
        "pair_id": pairs,
        "pair_ids": [pairs],
        "ids": [pairs],
        "conversation_id": conversations,
        "session_id": conversations,
        "message_id": [rows["messages"]["message_id"]],
        "key_id": [rows["api_keys"]["key_id"]],
        "person_id": [person.person_id, rows["members"]["person_id"]],
        "object_id": sources[:1],
        "event_id": [events.events[0].event_id],
        "after": [events.next_after],
        "message_key": [rows["labelled_messages"]["text_hash"]],
        "sign_in_id": [_sign_in(wall, person.person_id)],
        "job_id": [1],
    }


def _sign_in(wall: Wall, person_id: UUID) -> UUID:
    with wall.services.database.administration() as session:
        made = wall.services.access.sessions.open(
            person_id, "token", ip="", agent=f"agent {uuid4()}", session=session
        )
    return made.sign_in_id
