"""Answers that are kept for a while, and given again to the same question.

An entry points to the message that holds the answer: deleting the message or its conversation takes
the entry along. It is found only under the same `basis`, so a change of what answers stand on needs
no clearing: what was kept before it is never looked at again, and goes when it has expired.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import astuple, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from db.models.base import new_id
from leanrag import __version__
from leanrag.customer_secrets import holds_secret
from leanrag.ledger import citations_from_json
from leanrag.question_form import QuestionForm, read_question
from leanrag.same_question import QuestionHashes, SameQuestion, compare_questions, question_hashes
from leanrag.settings import Settings
from leanrag.text.normalize import fold
from leanrag.types import Citation, Language

NEWEST_ENTRIES = 200  # of one basis that a question is compared with
MOST_CANDIDATES = 10  # of them, whose answers are read
EXPIRED_AT_ONCE = 20  # deleted at most when an answer is stored: one comes, twenty may go

# Of `:tenant`: a text that changes with its passages and with who may find or cite them, and that
# never comes back. NULL where nothing was ever indexed.
KNOWLEDGE_VERSION = """
    SELECT concat_ws('.', l.version, l.knowledge_version)
    FROM lexical_statistics l WHERE l.tenant_id = :tenant"""

_FIND = text(
    """
    SELECT kept.entry_id, kept.message_id, kept.question,
           extract(epoch FROM now() - kept.created_at) AS age_seconds,
           m.text, m.citations, m.ledger #>> '{metadata,model_used}' AS model_used
    FROM (
        SELECT entry_id, message_id, question, question_hash, created_at
        FROM response_cache
        WHERE tenant_id = :tenant AND bot_id = :bot AND basis = :basis AND expires_at > now()
          AND language = :language
        ORDER BY expires_at DESC LIMIT :newest
    ) kept
    JOIN messages m ON m.tenant_id = :tenant AND m.message_id = kept.message_id
    WHERE (left(kept.question_hash, 32) = :exact OR right(kept.question_hash, 16) = :near)
      AND m.status = 'complete'
    ORDER BY kept.created_at DESC LIMIT :candidates
    """
)
# Ids are made in the order of time, so the oldest entries are the first of the primary key.
_STORE = text(
    """
    WITH expired AS (
        SELECT entry_id FROM response_cache
        WHERE tenant_id = :tenant AND expires_at <= now() AND entry_id IN (
            SELECT entry_id FROM response_cache
            WHERE tenant_id = :tenant ORDER BY entry_id LIMIT :at_once
        )
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM response_cache
        WHERE tenant_id = :tenant AND entry_id IN (SELECT entry_id FROM expired)
    )
    INSERT INTO response_cache
        (tenant_id, entry_id, bot_id, language, basis, question_hash, question, message_id,
         expires_at)
    SELECT :tenant, :entry, :bot, :language, :basis, :hash, :question, m.message_id,
           now() + make_interval(secs => :max_age)
    FROM messages m
    WHERE m.tenant_id = :tenant AND m.message_id = :message AND m.status = 'complete'
      AND m.role = 'assistant'
    """
)
# Two turns that are given the same answer do not wait for each other: one of them is not counted.
_COUNT_HIT = text(
    """
    UPDATE response_cache SET hits = hits + 1
    WHERE tenant_id = :tenant AND entry_id = (
        SELECT entry_id FROM response_cache
        WHERE tenant_id = :tenant AND entry_id = :entry FOR UPDATE SKIP LOCKED
    )
    """
)
# What shapes no answer: where things live, who comes in, limits, and what is done at indexing,
# which shows in the knowledge's version. A setting that is not named here counts.
_SHAPES_NO_ANSWER = frozenset(
    {
        *("home", "database_url", "database_pool_connections", "database_connect_timeout_seconds"),
        *("auth", "openai_api_key", "fallback_api_key", "provider_connect_timeout_seconds"),
        *("provider_silence_timeout_seconds", "provider_max_retries", "embedding_batch_texts"),
        *("embedding_requests_per_minute", "embedding_tokens_per_minute", "embedding_downloads"),
        *("index_cache_mb", "max_file_bytes", "max_pdf_pages", "chunk_tokens", "worker"),
        *("chunk_overlap_tokens", "extraction_memory_bytes", "extraction_cpu_seconds"),
        *("extraction_wall_seconds", "questions_per_minute", "questions_per_month"),
        *("response_cache_seconds", "crawl_allowed_hosts", "crawl_max_pages", "crawl_max_depth"),
        *("crawl_delay_seconds", "crawl_max_delay_seconds", "crawl_page_bytes"),
        "crawl_page_seconds",
    }
)
_EMAIL = re.compile(r"\S@\w")
# Telephone, order and customer numbers: five digits in a row, or six in groups. "iPhone 13 128 GB"
# has five in groups.
_LONG_NUMBER = re.compile(r"\d{5}|(?:\d[\s().+/-]{0,2}){6}")


@dataclass(frozen=True, slots=True)
class AnswerBasis:
    """All that an answer stands on besides the question and the bot, as this turn sees it.

    `knowledge_version` is KNOWLEDGE_VERSION's, `settings` what `answer_settings` returns, `also`
    the route's second intent.
    """

    knowledge_version: str | None
    prompt_version: int
    tuning_version: str
    settings: str
    model: str
    encoding: str
    language: Language
    intent: str
    also: str | None = None

    def digest(self) -> str:
        """Return the SHA-256 of all parts, 64 hex digits."""
        return _sha256(json.dumps([__version__, *astuple(self)]))


@dataclass(frozen=True, slots=True)
class CacheKey:
    """Where an answer may be kept and found: one bot, one language, one basis (its digest)."""

    bot_id: UUID
    language: Language
    basis: str


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An answer that was given before, to `question`, in the message `message_id`.

    `same` tells how the questions are the same; `model_used` made the answer then.
    """

    entry_id: UUID
    message_id: UUID
    question: str
    text: str
    citations: tuple[Citation, ...]
    same: SameQuestion
    age_seconds: float
    model_used: str


class ResponseCache:
    """Keeps answers in the database; holds nothing itself. Thread-safe."""

    def __init__(self, max_age_seconds: int) -> None:
        """Keep answers for `max_age_seconds`; 0 switches the cache off."""
        self._max_age_seconds = max_age_seconds

    @property
    def enabled(self) -> bool:
        """Tell whether answers are kept at all."""
        return self._max_age_seconds > 0

    def find(
        self, tenant_id: UUID, key: CacheKey, question: str, *, session: Session
    ) -> CachedAnswer | None:
        """Return the newest answer to the same question, exactly the same first; None without one.

        One statement. Personal questions are not looked up. What else makes a turn personal, its
        memory, is for the caller to know.
        """
        form = self._form(question, key.language)
        if form is None:
            return None
        hashes = question_hashes(form)
        rows = session.execute(
            _FIND,
            {
                **_place(tenant_id, key),
                "exact": hashes.exact,
                "near": hashes.near,
                "newest": NEWEST_ENTRIES,
                "candidates": MOST_CANDIDATES,
            },
        ).all()
        compared = [
            (row, compare_questions(form, read_question(row.question, key.language)))
            for row in rows
        ]
        same = [(row, found) for row, found in compared if found is not None]
        best = min(same, key=lambda pair: pair[1].match != "exact", default=None)
        return None if best is None else _cached_answer(*best)

    def store(
        self,
        tenant_id: UUID,
        key: CacheKey,
        question: str,
        message_id: UUID,
        *,
        session: Session,
    ) -> None:
        """Keep the answer in `message_id`, if it is complete, for the question; drop expired ones.

        One statement, in the transaction that settled the message. Personal questions are not kept.
        An answer that came from the cache must not be stored: it would never expire.
        """
        form = self._form(question, key.language)
        if form is None:
            return
        session.execute(
            _STORE,
            {
                **_place(tenant_id, key),
                "entry": new_id(),
                "hash": _stored(question_hashes(form)),
                "question": question,
                "message": message_id,
                "max_age": self._max_age_seconds,
                "at_once": EXPIRED_AT_ONCE,
            },
        )

    def count_hit(self, tenant_id: UUID, entry_id: UUID, *, session: Session) -> None:
        """Count that an answer was given again, unless another turn is counting it just now."""
        session.execute(_COUNT_HIT, {"tenant": tenant_id, "entry": entry_id})

    def _form(self, question: str, language: Language) -> QuestionForm | None:
        """Return the form of a question that may be kept and found; else None."""
        if not self.enabled or not is_impersonal(question):
            return None
        form = read_question(question, language)
        return form if form.words else None


def is_impersonal(question: str) -> bool:
    """Tell whether a question holds no address, no long number and no secret of the customer.

    Five digits in a row count as a long number, also the price of a car: a doubt is enough.
    """
    folded = fold(question)
    if _EMAIL.search(folded) or _LONG_NUMBER.search(folded):
        return False
    return not holds_secret(question)


def answer_settings(settings: Settings) -> str:
    """Return the SHA-256 of all settings that may shape an answer; keys are never read."""
    shaping = settings.model_dump(exclude=set(_SHAPES_NO_ANSWER), mode="json")
    return _sha256(json.dumps(shaping, sort_keys=True))


def _place(tenant_id: UUID, key: CacheKey) -> dict[str, Any]:
    return {
        "tenant": tenant_id,
        "bot": key.bot_id,
        "language": key.language,
        "basis": key.basis,
    }


def _stored(hashes: QuestionHashes) -> str:
    """Return both hashes in one column: 32 digits, then 16."""
    return hashes.exact + hashes.near


def _cached_answer(row: Row[Any], same: SameQuestion) -> CachedAnswer:
    return CachedAnswer(
        entry_id=row.entry_id,
        message_id=row.message_id,
        question=row.question,
        text=row.text,
        citations=citations_from_json(row.citations),
        same=same,
        age_seconds=max(0.0, float(row.age_seconds)),
        model_used=row.model_used or "",
    )


def _sha256(joined: str) -> str:
    return hashlib.sha256(joined.encode()).hexdigest()
