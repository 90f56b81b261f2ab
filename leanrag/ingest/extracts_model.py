"""The TL;DRs of long instructions, written by a model: passage by passage, checked, accounted.

Where the model fails, or what it writes is refused, the passage's own sentences stand.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from db.models import UsageEvent, WrittenTldr
from db.tenancy import Database
from leanrag.errors import LeanRagError
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.extracts import extracted, is_long
from leanrag.ingest.extracts_check import reason_to_refuse
from leanrag.ingest.reading import OpenedSource, ReadSource
from leanrag.llm import ChatModel
from leanrag.model_reply import ModelReply
from leanrag.pricing import cost_usd
from leanrag.provider import address_of
from leanrag.settings import Settings
from leanrag.text.tokens import TokenCounter
from leanrag.tldr_writer import ONLY_A_START, TLDR_RULES, TldrWriter
from leanrag.token_margin import TokenMargins

log = logging.getLogger(__name__)

USAGE_KIND = "tldr"
MAX_FAILURES = 3  # in a row; after them the model is not asked again in this job
_LOOK_SECONDS = 0.5
_OWN_TEXTS = (TLDR_RULES, ONLY_A_START)


def model_extracts(
    model: ChatModel | None,
    counter: TokenCounter,
    margins: TokenMargins,
    database: Database,
    settings: Settings,
) -> ModelExtracts | None:
    """Return what has `model` write TL;DRs, counted in its own encoding; None without a model."""
    if model is None:
        return None
    return ModelExtracts(database, TldrWriter(model, counter), margins, settings)


def _keep(key: tuple[UUID, str, str], text: str, *, session: Session) -> None:
    """Keep what a model wrote; another job may have done so at the same moment."""
    tenant_id, model, content_hash = key
    statement = upsert(WrittenTldr).values(
        tenant_id=tenant_id, model=model, content_hash=content_hash, tldr=text
    )
    session.execute(statement.on_conflict_do_nothing())


@dataclass(slots=True)
class _Job:
    """What one job knows: TL;DRs by their passage's hash, and failures in a row."""

    written: dict[str, str]
    failures: int = 0


class ModelExtracts:
    """Has a model write the TL;DRs of long passages, one call after the other. Thread-safe."""

    def __init__(
        self, database: Database, writer: TldrWriter, margins: TokenMargins, settings: Settings
    ) -> None:
        self._database = database
        self._writer = writer
        self._margins = margins
        self._settings = settings

    def write(self, opened: OpenedSource, read: ReadSource) -> tuple[Chunk, ...]:
        """Return the passages with TL;DRs, long ones with the model's where it wrote a good one.

        The same passage is not asked for twice: a re-processed source finds what was written. A
        provider's failure is no error. Raises ProcessingStopped, ProcessingInterrupted and
        DatabaseUnavailable.
        """
        if not read.has_long_tldrs:
            return extracted(read, opened.progress.advance)
        chunks = extracted(read)
        job = _Job(self._known(opened.tenant_id, filter(is_long, chunks)))
        made = []
        for done, chunk in enumerate(chunks):
            opened.progress.advance(done)
            text = self._text(opened, chunk, job) if is_long(chunk) else ""
            by = self._writer.model_name
            made.append(replace(chunk, tldr=text, tldr_by=by) if text else chunk)
        return tuple(made)

    def _known(self, tenant_id: UUID, chunks: Iterable[Chunk]) -> dict[str, str]:
        """Return by hash what this model wrote before; empty where that was refused."""
        query = select(WrittenTldr.content_hash, WrittenTldr.tldr).where(
            WrittenTldr.tenant_id == tenant_id,
            WrittenTldr.model == self._writer.model_name,
            WrittenTldr.content_hash.in_([chunk.content_hash for chunk in chunks]),
        )
        with self._database.tenant(tenant_id) as session:
            return {row.content_hash: row.tldr for row in session.execute(query)}

    def _text(self, opened: OpenedSource, chunk: Chunk, job: _Job) -> str:
        """Return the model's TL;DR, known or asked for now; empty where there is no good one."""
        known = job.written.get(chunk.content_hash)
        if known is not None or job.failures >= MAX_FAILURES:
            return known or ""
        reply = self._ask(opened, chunk)
        if reply is None:
            return ""
        job.failures = 0 if reply.failure is None else job.failures + 1
        reason = reply.failure or reason_to_refuse(reply.text, chunk, _OWN_TEXTS)
        outcome = "failed" if reply.failure else "refused" if reason else "complete"
        text = "" if reason else reply.text
        self._account(opened, chunk, reply, outcome, text)
        if reason is not None:
            log.warning("A TL;DR of source %s stays extractive: %s", opened.source_id, reason)
        job.written[chunk.content_hash] = text
        return text

    def _ask(self, opened: OpenedSource, chunk: Chunk) -> ModelReply | None:
        """Ask once; where the job is to end meanwhile, end the call and account for it."""
        with self._database.tenant(opened.tenant_id) as session:
            margin = self._margins.read(opened.tenant_id, chunk.language, session=session)
        limit = margin.limit(self._settings.max_prompt_tokens)
        cancelled = threading.Event()
        with ThreadPoolExecutor(1, thread_name_prefix="leanrag-tldr") as pool:
            asked = pool.submit(
                self._writer.write, chunk, max_prompt_tokens=limit, cancelled=cancelled
            )
            try:
                while not wait([asked], _LOOK_SECONDS).done:
                    opened.progress.wait()
            except LeanRagError:
                cancelled.set()
                reply = asked.result()
                if reply is not None:
                    self._account(opened, chunk, reply, "failed")
                raise
            return asked.result()

    def _account(
        self, opened: OpenedSource, chunk: Chunk, reply: ModelReply, outcome: str, text: str = ""
    ) -> None:
        """Store what a call took and gave, at once: whatever becomes of the job, it was paid."""
        tenant_id, usage = opened.tenant_id, reply.usage
        with self._database.tenant(tenant_id) as session:
            session.add(self._usage(opened, reply, outcome))
            if outcome != "failed":
                key = (tenant_id, self._writer.model_name, chunk.content_hash)
                _keep(key, text, session=session)
            if usage.reported:  # last: it locks a row that turns share
                session.flush()
                self._margins.learn(
                    tenant_id,
                    chunk.language,
                    model=reply.model,
                    counted_tokens=reply.counted_tokens,
                    reported_tokens=usage.prompt_tokens,
                    session=session,
                )

    def _usage(self, opened: OpenedSource, reply: ModelReply, outcome: str) -> UsageEvent:
        usage = reply.usage
        cost = cost_usd(
            reply.model,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cached_tokens=usage.cached_tokens,
            base_url=address_of(self._settings, reply.model),
        )
        return UsageEvent(
            tenant_id=opened.tenant_id,
            kind=USAGE_KIND,
            bot_id=opened.view.bot_id,
            model=reply.model,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cached_tokens=usage.cached_tokens,
            counted_tokens=reply.counted_tokens if usage.reported else None,
            excess_tokens=self._margins.excess(usage.prompt_tokens) if usage.reported else 0,
            cost_usd=None if cost is None else Decimal(str(cost)),
            is_reported=usage.reported,
            outcome=outcome,
            latency_ms=reply.latency_ms,
            first_token_ms=reply.first_token_ms,
        )
