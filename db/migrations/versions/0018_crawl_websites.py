"""Websites: the pages of a source, and the questions they hold for a person to approve."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.policies import protect

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chunks", sa.Column("url", sa.String(), server_default="", nullable=False))
    _create_site_pages()
    _create_suggested_pairs()


def _create_site_pages() -> None:
    op.create_table(
        "site_pages",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("page_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), server_default="", nullable=False),
        sa.Column("same_as", sa.String(), server_default="", nullable=False),
        sa.Column("title", sa.String(), server_default="", nullable=False),
        sa.Column("content", sa.String(), server_default="", nullable=False),
        sa.Column("language", sa.String(), server_default="", nullable=False),
        sa.Column("depth", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("etag", sa.String(), server_default="", nullable=False),
        sa.Column("last_modified", sa.String(), server_default="", nullable=False),
        sa.Column("content_hash", sa.String(), server_default="", nullable=False),
        sa.Column("links", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "source_id"],
            ["sources.tenant_id", "sources.source_id"],
            name=op.f("fk_site_pages_tenant_id_source_id_sources"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.tenant_id"],
            name=op.f("fk_site_pages_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "page_id", name=op.f("pk_site_pages")),
        sa.UniqueConstraint(
            "tenant_id", "source_id", "url", name=op.f("uq_site_pages_tenant_id_source_id_url")
        ),
    )
    op.create_index(
        op.f("ix_site_pages_tenant_id_source_id_position"),
        "site_pages",
        ["tenant_id", "source_id", "position"],
        unique=False,
    )
    protect("site_pages")


def _create_suggested_pairs() -> None:
    op.create_table(
        "suggested_pairs",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("pair_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("question_key", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="waiting", nullable=False),
        sa.Column("decided_by", sa.String(), server_default="", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state in ('waiting', 'approved', 'rejected')", name=op.f("ck_suggested_pairs_state")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "source_id"],
            ["sources.tenant_id", "sources.source_id"],
            name=op.f("fk_suggested_pairs_tenant_id_source_id_sources"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.tenant_id"],
            name=op.f("fk_suggested_pairs_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "pair_id", name=op.f("pk_suggested_pairs")),
        sa.UniqueConstraint(
            "tenant_id",
            "source_id",
            "question_key",
            name=op.f("uq_suggested_pairs_tenant_id_source_id_question_key"),
        ),
    )
    op.create_index(
        op.f("ix_suggested_pairs_tenant_id_state_created_at"),
        "suggested_pairs",
        ["tenant_id", "state", "created_at"],
        unique=False,
    )
    protect("suggested_pairs")


def downgrade() -> None:
    op.drop_table("suggested_pairs")
    op.drop_table("site_pages")
    op.drop_column("chunks", "url")
