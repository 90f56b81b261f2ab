"""Providers' own counts of prompts: margins learned from them, and reports beyond the limit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.policies import protect

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("usage_events", sa.Column("counted_tokens", sa.Integer(), nullable=True))
    op.add_column(
        "usage_events",
        sa.Column("excess_tokens", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.create_index(
        op.f("ix_usage_events_excess"),
        "usage_events",
        ["tenant_id", "model", "occurred_at"],
        unique=False,
        postgresql_where=sa.text("excess_tokens > 0"),
    )
    _create_token_margins()
    protect("token_margins")


def _create_token_margins() -> None:
    op.create_table(
        "token_margins",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("base_url", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("ratios", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.tenant_id"],
            name=op.f("fk_token_margins_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "base_url", "model", "language", name=op.f("pk_token_margins")
        ),
    )


def downgrade() -> None:
    op.drop_table("token_margins")
    op.drop_index(op.f("ix_usage_events_excess"), table_name="usage_events")
    op.drop_column("usage_events", "excess_tokens")
    op.drop_column("usage_events", "counted_tokens")
