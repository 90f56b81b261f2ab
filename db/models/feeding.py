"""What feeding keeps of a source beside its passages: newer files, pages, edits, suggestions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, Timestamped, new_id


def _of_source() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "source_id"],
        ["sources.tenant_id", "sources.source_id"],
        ondelete="CASCADE",
    )


class NewerFile(TenantOwned, Timestamped, Base):
    """A newer version of a source's file, until it has been read well and takes its place."""

    __tablename__ = "newer_files"
    __table_args__ = (_of_source(),)

    source_id: Mapped[UUID] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    filename: Mapped[str]
    media_type: Mapped[str]
    content_hash: Mapped[str]


class SitePage(TenantOwned, Base):
    """A page of a crawled website: what it said last, and what a conditional request needs."""

    __tablename__ = "site_pages"
    __table_args__ = (
        _of_source(),
        UniqueConstraint("tenant_id", "source_id", "url"),
        Index(None, "tenant_id", "source_id", "position"),
    )

    page_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    source_id: Mapped[UUID]
    url: Mapped[str]
    position: Mapped[int]
    status: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    same_as: Mapped[str] = mapped_column(server_default="")
    title: Mapped[str] = mapped_column(server_default="")
    content: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str] = mapped_column(server_default="")
    depth: Mapped[int] = mapped_column(server_default=text("0"))
    etag: Mapped[str] = mapped_column(server_default="")
    last_modified: Mapped[str] = mapped_column(server_default="")
    content_hash: Mapped[str] = mapped_column(server_default="")
    links: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    fetched_at: Mapped[datetime]


class SuggestedPairRow(TenantOwned, Timestamped, Base):
    """A question with its answer that a crawled page holds; counts only once a person approves."""

    __tablename__ = "suggested_pairs"
    __table_args__ = (
        _of_source(),
        CheckConstraint("state in ('waiting', 'approved', 'rejected')", name="state"),
        UniqueConstraint("tenant_id", "source_id", "question_key"),
        Index(None, "tenant_id", "state", "created_at"),
    )

    pair_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    source_id: Mapped[UUID]
    url: Mapped[str]
    question_key: Mapped[str]
    question: Mapped[str]
    answer: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="waiting")
    decided_by: Mapped[str] = mapped_column(server_default="")
    decided_at: Mapped[datetime | None]


class PassageEdit(TenantOwned, Base):
    """What a person changed about one passage, kept apart from what the source says.

    `original_*` is the source's own passage when it was edited; None in `edited_text`,
    `edited_tldr`, `is_citable` or `enabled` leaves it as the source has it. Where the source
    changed beneath the edit, `state` is "changed" and `newer_*` is what it says now, or "gone"
    where nothing like the original is left, until a person has looked.
    """

    __tablename__ = "passage_edits"
    __table_args__ = (
        _of_source(),
        CheckConstraint("state in ('applied', 'changed', 'gone')", name="state"),
        Index(None, "tenant_id", "source_id"),
        Index(
            "ix_passage_edits_to_review",
            "tenant_id",
            "edited_at",
            postgresql_where=text("state <> 'applied'"),
        ),
    )

    edit_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    source_id: Mapped[UUID]
    position: Mapped[int]
    page: Mapped[int | None]
    original_hash: Mapped[str]
    original_heading: Mapped[str] = mapped_column(server_default="")
    original_text: Mapped[str]
    original_tldr: Mapped[str] = mapped_column(server_default="")
    edited_text: Mapped[str | None]
    edited_tldr: Mapped[str | None]
    is_citable: Mapped[bool | None]
    enabled: Mapped[bool | None]
    state: Mapped[str] = mapped_column(server_default="applied")
    newer_hash: Mapped[str] = mapped_column(server_default="")
    newer_text: Mapped[str] = mapped_column(server_default="")
    newer_tldr: Mapped[str] = mapped_column(server_default="")
    edited_by: Mapped[str] = mapped_column(server_default="")
    edited_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WrittenTldr(TenantOwned, Timestamped, Base):
    """A TL;DR that a model wrote, kept under the hash of its passage: paid once, whatever comes.

    An empty one was refused, and is not asked for again.
    """

    __tablename__ = "written_tldrs"

    model: Mapped[str] = mapped_column(primary_key=True)
    content_hash: Mapped[str] = mapped_column(primary_key=True)
    tldr: Mapped[str]


class EmbeddingSwitch(TenantOwned, Timestamped, Base):
    """Which model's embeddings a tenant's questions use, and the change to another one.

    `model` is in use; `next_model` is empty unless its embeddings are being made.
    """

    __tablename__ = "embedding_switches"

    model: Mapped[str]
    next_model: Mapped[str] = mapped_column(server_default="")
    done_count: Mapped[int] = mapped_column(server_default=text("0"))
    total_count: Mapped[int] = mapped_column(server_default=text("0"))
    error: Mapped[str] = mapped_column(server_default="")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
