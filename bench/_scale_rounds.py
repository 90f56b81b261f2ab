"""Asks questions of tenants through the product's own steps, and times each of these."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from sqlalchemy import text

from bench._recall_data import PublicQuestion
from bench._scale_tenants import Tenants
from bench._turn_figures import Spread, spread
from leanrag import privacy
from leanrag.bootstrap import Services
from leanrag.embeddings import Vectors, embedder_from
from leanrag.passage_index_cache import PassageIndexCache
from leanrag.types import Evidence, Memory

TOP = 10
FLOOR_TOP = 20


@dataclass(slots=True)
class Times:
    """Milliseconds of the steps, one entry a question."""

    route: list[float] = field(default_factory=list)
    embed: list[float] = field(default_factory=list)
    find: list[float] = field(default_factory=list)
    pack: list[float] = field(default_factory=list)

    def retrieve(self) -> Spread:
        """Return the spread of search and packing together."""
        return spread([a + b for a, b in zip(self.find, self.pack, strict=True)])


class Asker:
    """Asks the steps of one product."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._steps = services.answerer._steps
        self._bots: dict[UUID, UUID] = {}

    def ask(self, tenants: Sequence[UUID], questions: Sequence[PublicQuestion]) -> Times:
        """Ask each question of the next tenant in turn."""
        times = Times()
        for number, question in enumerate(questions):
            self.ask_one(tenants[number % len(tenants)], question, times)
        return times

    def ask_one(self, tenant_id: UUID, question: PublicQuestion, times: Times) -> Evidence:
        """Route, embed, find and pack for one question."""
        bot_id = self.bot_of(tenant_id)
        with self._services.database.tenant(tenant_id) as session:
            router = self._steps.routers.read(tenant_id, session=session)
        marks = [time.perf_counter()]
        route = router.route(question.text)
        marks.append(time.perf_counter())
        vector = self._steps.embedder.embed(tenant_id, question.text)
        marks.append(time.perf_counter())
        with self._services.database.tenant(tenant_id) as session:
            evidence = self._steps.retriever.retrieve(
                tenant_id, question.text, route, vector=vector, bot_id=bot_id, session=session
            )
        marks.append(time.perf_counter())
        citable, learn_only = privacy.split(evidence)
        self._steps.budget.assemble(
            persona="",
            question=question.text,
            memory=Memory(),
            citable=citable,
            learn_only=learn_only,
            route=route,
        )
        marks.append(time.perf_counter())
        steps = (times.route, times.embed, times.find, times.pack)
        for step, start, end in zip(steps, marks, marks[1:], strict=False):
            step.append((end - start) * 1000)
        return evidence

    def rank(self, tenant_id: UUID, question: PublicQuestion) -> list[UUID]:
        """Return the ids of the ten best passages by fused score."""
        vector = self._steps.embedder.embed(tenant_id, question.text)
        with self._services.database.tenant(tenant_id) as session:
            ranked = self._steps.retriever.rank(
                tenant_id,
                question.text,
                question.language,
                vector=vector,
                bot_id=self.bot_of(tenant_id),
                session=session,
            )
        return [passage.passage_id for passage in ranked[:TOP]]

    def bot_of(self, tenant_id: UUID) -> UUID:
        """Return the id of the tenant's bot."""
        if tenant_id not in self._bots:
            with self._services.database.tenant(tenant_id) as session:
                self._bots[tenant_id] = session.scalars(text("SELECT bot_id FROM bots")).one()
        return self._bots[tenant_id]


def cache_of(services: Services) -> PassageIndexCache:
    """Return the product's cache of indexes."""
    return next(part for part in services.closing if isinstance(part, PassageIndexCache))


def warm(services: Services, tenants: Sequence[UUID], question: PublicQuestion) -> float:
    """Ask every tenant once and wait for its index; return the seconds of one load on average."""
    asker, started = Asker(services), time.perf_counter()
    cold = Times()
    for tenant_id in tenants:
        asker.ask_one(tenant_id, question, cold)
        cache_of(services).wait()
    asking = sum(sum(step) for step in (cold.route, cold.embed, cold.find, cold.pack)) / 1000
    return (time.perf_counter() - started - asking) / len(tenants)


def recall(
    product: Asker, exact: Asker, tenants: Tenants, questions: Sequence[PublicQuestion]
) -> float:
    """Return the share of the exact scan's first ten that the product's first ten hold."""
    found = everything = 0
    for number, question in enumerate(questions):
        tenant_id = tenants.ids[number % len(tenants.ids)]
        expected = set(exact.rank(tenant_id, question))
        found += len(expected & set(product.rank(tenant_id, question)))
        everything += len(expected)
    return round(found / max(1, everything), 4)


def floor(services: Services, tenant_id: UUID, questions: Sequence[PublicQuestion]) -> Spread:
    """Time numpy's dot product of each question with the tenant's vectors, float32 in memory."""
    query = "SELECT string_agg(halfvec_send(dense), ''::bytea) FROM chunk_embeddings"
    with services.database.tenant(tenant_id) as session:
        packed = session.execute(text(f"{query} WHERE tenant_id = :t"), {"t": tenant_id}).scalar()
    embedder = embedder_from(services.settings)
    measured = []
    vectors: Vectors | None = None
    if packed is None:
        raise RuntimeError("The tenant has no vectors to compare with.")
    for question in questions:
        vector = embedder.embed_question(question.text).vectors[0]
        if vectors is None:
            halves = np.frombuffer(packed, dtype=">f2").reshape(-1, 2 + len(vector))
            vectors = np.ascontiguousarray(halves[:, 2:], dtype=np.float32)
        started = time.perf_counter()
        np.argsort(-(vectors @ vector))[:FLOOR_TOP]
        measured.append((time.perf_counter() - started) * 1000)
    return spread(measured)
