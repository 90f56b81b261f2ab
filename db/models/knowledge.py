"""Sources, their files, their passages, and what ranking needs to know of them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import HALFVEC, SPARSEVEC
from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Numeric,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, Timestamped, new_id

# Term → crc32 mod 10⁹; pgvector's sparsevec holds up to 10⁹ dimensions.
LEXICAL_DIMENSIONS = 1_000_000_000


class Source(TenantOwned, Timestamped, Base):
    """One thing that a tenant knows from: a document, an FAQ list, a product list, a site.

    `step_done` of `step_total` counts the units of the running step: pages, passages, texts.
    `embedded_count` passages had to be embedded when it was last processed, `reused_count` were
    embedded before, `repeated_count` stood more than once in the source. `origin` tells where a
    website begins and how it is crawled. `edits_version` counts what people changed by hand.
    """

    __tablename__ = "sources"
    __table_args__ = (
        UniqueConstraint("tenant_id", "content_hash"),
        CheckConstraint("progress between 0 and 100", name="progress"),
        CheckConstraint(
            "status in ('pending', 'processing', 'processed', 'failed', 'cancelled')",
            name="status",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "bot_id"], ["bots.tenant_id", "bots.bot_id"], ondelete="CASCADE"
        ),
        Index(None, "tenant_id", "created_at"),
        Index(None, "tenant_id", "bot_id"),
    )

    source_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    bot_id: Mapped[UUID | None]
    kind: Mapped[str]
    title: Mapped[str]
    filename: Mapped[str]
    media_type: Mapped[str]
    byte_size: Mapped[int]
    content_hash: Mapped[str]
    is_citable: Mapped[bool] = mapped_column(server_default=text("true"))
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    status: Mapped[str] = mapped_column(server_default="pending")
    step: Mapped[str] = mapped_column(server_default="")
    progress: Mapped[int] = mapped_column(server_default=text("0"))
    step_done: Mapped[int] = mapped_column(server_default=text("0"))
    step_total: Mapped[int] = mapped_column(server_default=text("0"))
    error: Mapped[str | None]
    language: Mapped[str] = mapped_column(server_default="")
    tags: Mapped[list[str]] = mapped_column(ARRAY(String()), server_default=text("'{}'"))
    added_by: Mapped[str] = mapped_column(server_default="")
    origin: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    chunk_settings: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    page_count: Mapped[int | None]
    passage_count: Mapped[int] = mapped_column(server_default=text("0"))
    token_count: Mapped[int] = mapped_column(server_default=text("0"))
    embedded_count: Mapped[int] = mapped_column(server_default=text("0"))
    reused_count: Mapped[int] = mapped_column(server_default=text("0"))
    repeated_count: Mapped[int] = mapped_column(server_default=text("0"))
    embedding_cost_usd: Mapped[Decimal] = mapped_column(Numeric(14, 8), server_default=text("0"))
    edits_version: Mapped[int] = mapped_column(server_default=text("0"))
    # The version of the tenant's term statistics at which these passages last changed.
    indexed_version: Mapped[int] = mapped_column(server_default=text("0"))
    processed_at: Mapped[datetime | None]


class SourceFile(TenantOwned, Base):
    """The bytes of an uploaded source, kept for processing it again."""

    __tablename__ = "source_files"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "source_id"],
            ["sources.tenant_id", "sources.source_id"],
            ondelete="CASCADE",
        ),
    )

    source_id: Mapped[UUID] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class ChunkRow(TenantOwned, Timestamped, Base):
    """A passage: its text, and where it stands. `ChunkTerms` and `ChunkEmbedding` go with it.

    `label` names its place where there are no pages: a time stamp; `url` is the web page's own.
    `edit_id` is the person's edit that it carries.
    """

    __tablename__ = "chunks"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "source_id"],
            ["sources.tenant_id", "sources.source_id"],
            ondelete="CASCADE",
        ),
        # With what lists of passages are counted and filtered by: they leave the texts unread.
        Index(
            None,
            "tenant_id",
            "source_id",
            "position",
            postgresql_include=[
                "chunk_id",
                "chunk_type",
                "language",
                "is_citable",
                "enabled",
                "edit_id",
            ],
        ),
        # Every question asks which passages are switched off, and mostly none is.
        Index(None, "tenant_id", "chunk_id", postgresql_where=text("NOT enabled")),
    )

    chunk_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    source_id: Mapped[UUID]
    chunk_type: Mapped[str]
    position: Mapped[int]
    title: Mapped[str] = mapped_column(server_default="")
    heading_path: Mapped[str] = mapped_column(server_default="")
    full_text: Mapped[str]
    tldr: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str]
    page: Mapped[int | None]
    label: Mapped[str] = mapped_column(server_default="")
    url: Mapped[str] = mapped_column(server_default="")
    token_count: Mapped[int]
    content_hash: Mapped[str]
    is_citable: Mapped[bool] = mapped_column(server_default=text("true"))
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    edit_id: Mapped[UUID | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class ChunkTerms(TenantOwned, Base):
    """A passage's BM25 weights, stored in the row itself (PLAIN) so that a scan reads no TOAST.

    A row of 1,000 terms takes 8,088 bytes of the 8,160 that fit a page. `source_id` is the
    passage's own, repeated so that a scan leaves a source out without reading the passage.
    """

    __tablename__ = "chunk_terms"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "chunk_id"], ["chunks.tenant_id", "chunks.chunk_id"], ondelete="CASCADE"
        ),
    )

    chunk_id: Mapped[UUID] = mapped_column(primary_key=True)
    source_id: Mapped[UUID]
    lexical: Mapped[Any] = mapped_column(SPARSEVEC(LEXICAL_DIMENSIONS))


class ChunkEmbedding(TenantOwned, Base):
    """A passage's embedding and the model that made it, PLAIN like its terms.

    While a tenant changes its model a passage has two, the old in use until the new are complete.
    4,000 dimensions take 8,000 bytes: with them a model's name has room for 76 letters.
    """

    __tablename__ = "chunk_embeddings"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "chunk_id"], ["chunks.tenant_id", "chunks.chunk_id"], ondelete="CASCADE"
        ),
    )

    chunk_id: Mapped[UUID] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[UUID]
    dense: Mapped[Any] = mapped_column(HALFVEC())


class EmbeddingCache(TenantOwned, Timestamped, Base):
    """An embedding, kept for good under the hash of its text and the model that made it."""

    __tablename__ = "embedding_cache"

    model: Mapped[str] = mapped_column(primary_key=True)
    content_hash: Mapped[str] = mapped_column(primary_key=True)
    dense: Mapped[Any] = mapped_column(HALFVEC())


class LexicalStatistics(TenantOwned, Base):
    """Document frequencies of a tenant's terms, as a count-min sketch, and its passage count.

    `version` grows with every change, so that a process may keep the sketch it has read.
    `knowledge_version`: triggers count it up with every change of what answers may stand on, be it
    passages or who may find or cite them; it never takes a value twice.
    """

    __tablename__ = "lexical_statistics"

    passage_count: Mapped[int] = mapped_column(server_default=text("0"))
    version: Mapped[int] = mapped_column(server_default=text("0"))
    knowledge_version: Mapped[int] = mapped_column(server_default=text("0"))
    sketch: Mapped[bytes] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CitationUse(TenantOwned, Timestamped, Base):
    """A citation that an answer made; what a source returns for the tokens it costs."""

    __tablename__ = "citation_uses"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "message_id"],
            ["messages.tenant_id", "messages.message_id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "source_id"],
            ["sources.tenant_id", "sources.source_id"],
            ondelete="CASCADE",
        ),
        Index(None, "tenant_id", "source_id", "created_at"),
    )

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    marker: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[UUID]
    chunk_id: Mapped[UUID]
