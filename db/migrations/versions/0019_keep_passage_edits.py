"""What people change about a passage is kept apart from what its source says."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from db.migrations.policies import protect

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "sources",
        sa.Column("edits_version", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column("chunks", sa.Column("edit_id", sa.Uuid(), nullable=True))
    op.create_table(
        "passage_edits",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("edit_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("original_hash", sa.String(), nullable=False),
        sa.Column("original_heading", sa.String(), server_default="", nullable=False),
        sa.Column("original_text", sa.String(), nullable=False),
        sa.Column("original_tldr", sa.String(), server_default="", nullable=False),
        sa.Column("edited_text", sa.String(), nullable=True),
        sa.Column("edited_tldr", sa.String(), nullable=True),
        sa.Column("is_citable", sa.Boolean(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=True),
        sa.Column("state", sa.String(), server_default="applied", nullable=False),
        sa.Column("newer_hash", sa.String(), server_default="", nullable=False),
        sa.Column("newer_text", sa.String(), server_default="", nullable=False),
        sa.Column("newer_tldr", sa.String(), server_default="", nullable=False),
        sa.Column("edited_by", sa.String(), server_default="", nullable=False),
        sa.Column(
            "edited_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint(
            "state in ('applied', 'changed', 'gone')", name=op.f("ck_passage_edits_state")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "source_id"],
            ["sources.tenant_id", "sources.source_id"],
            name=op.f("fk_passage_edits_tenant_id_source_id_sources"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.tenant_id"],
            name=op.f("fk_passage_edits_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "edit_id", name=op.f("pk_passage_edits")),
    )
    op.create_index(
        op.f("ix_passage_edits_tenant_id_source_id"),
        "passage_edits",
        ["tenant_id", "source_id"],
        unique=False,
    )
    op.create_index(
        "ix_passage_edits_to_review",
        "passage_edits",
        ["tenant_id", "edited_at"],
        unique=False,
        postgresql_where=sa.text("state <> 'applied'"),
    )
    protect("passage_edits")


def downgrade() -> None:
    op.drop_table("passage_edits")
    op.drop_column("chunks", "edit_id")
    op.drop_column("sources", "edits_version")
