"""Sources, files, passages, embeddings and term statistics."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC, SPARSEVEC
from sqlalchemy.dialects import postgresql

from db.migrations.policies import protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_sources()
    _create_source_files()
    _create_chunks()
    _create_embedding_cache()
    _create_lexical_statistics()
    protect("sources")
    protect("source_files")
    protect("chunks")
    protect("embedding_cache")
    protect("lexical_statistics")


def _create_sources() -> None:
    op.create_table(
        "sources",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("bot_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("byte_size", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        _flag("is_citable"),
        _flag("enabled"),
        sa.Column("status", sa.String(), server_default="pending", nullable=False),
        sa.Column("step", sa.String(), server_default="", nullable=False),
        _count("progress"),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column(
            "chunk_settings", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("page_count", sa.Integer(), nullable=True),
        _count("passage_count"),
        _count("token_count"),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        _now("created_at"),
        sa.CheckConstraint(
            "status in ('pending', 'processing', 'processed', 'failed')",
            name=op.f("ck_sources_status"),
        ),
        sa.CheckConstraint("progress between 0 and 100", name=op.f("ck_sources_progress")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "bot_id"],
            ["bots.tenant_id", "bots.bot_id"],
            name=op.f("fk_sources_tenant_id_bot_id_bots"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.tenant_id"],
            name=op.f("fk_sources_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "source_id", name=op.f("pk_sources")),
        sa.UniqueConstraint(
            "tenant_id", "content_hash", name=op.f("uq_sources_tenant_id_content_hash")
        ),
    )
    op.create_index(
        op.f("ix_sources_tenant_id_bot_id"), "sources", ["tenant_id", "bot_id"], unique=False
    )
    op.create_index(
        op.f("ix_sources_tenant_id_created_at"),
        "sources",
        ["tenant_id", "created_at"],
        unique=False,
    )


def _create_source_files() -> None:
    op.create_table(
        "source_files",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "source_id"],
            ["sources.tenant_id", "sources.source_id"],
            name=op.f("fk_source_files_tenant_id_source_id_sources"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.tenant_id"],
            name=op.f("fk_source_files_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "source_id", name=op.f("pk_source_files")),
    )


def _create_chunks() -> None:
    op.create_table(
        "chunks",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("chunk_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("chunk_type", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), server_default="", nullable=False),
        sa.Column("heading_path", sa.String(), server_default="", nullable=False),
        sa.Column("full_text", sa.String(), nullable=False),
        sa.Column("tldr", sa.String(), server_default="", nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("token_count", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("is_citable", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("embedding_model", sa.String(), nullable=False),
        sa.Column("dense", HALFVEC(), nullable=False),
        sa.Column("lexical", SPARSEVEC(dim=1000000000), nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        _now("created_at"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "source_id"],
            ["sources.tenant_id", "sources.source_id"],
            name=op.f("fk_chunks_tenant_id_source_id_sources"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.tenant_id"],
            name=op.f("fk_chunks_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "chunk_id", name=op.f("pk_chunks")),
    )
    op.create_index(
        op.f("ix_chunks_tenant_id_source_id_position"),
        "chunks",
        ["tenant_id", "source_id", "position"],
        unique=False,
    )


def _create_embedding_cache() -> None:
    op.create_table(
        "embedding_cache",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("dense", HALFVEC(), nullable=False),
        _now("created_at"),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.tenant_id"],
            name=op.f("fk_embedding_cache_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "model", "content_hash", name=op.f("pk_embedding_cache")
        ),
    )


def _create_lexical_statistics() -> None:
    op.create_table(
        "lexical_statistics",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("passage_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.tenant_id"],
            name=op.f("fk_lexical_statistics_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_lexical_statistics")),
    )


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text("true"), nullable=False)


def _now(name: str) -> sa.Column[datetime]:
    moment = sa.DateTime(timezone=True)
    return sa.Column(name, moment, server_default=sa.text("now()"), nullable=False)


def downgrade() -> None:
    op.drop_table("lexical_statistics")
    op.drop_table("embedding_cache")
    op.drop_table("chunks")
    op.drop_table("source_files")
    op.drop_table("sources")
