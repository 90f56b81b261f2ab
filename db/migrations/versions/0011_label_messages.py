"""Messages that a person labelled with their intent: what a tenant's router learns from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from db.migrations.policies import protect

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "labelled_messages",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("text_hash", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("intent", sa.String(), nullable=False),
        sa.Column("labelled_by", sa.String(), server_default="", nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.tenant_id"],
            name=op.f("fk_labelled_messages_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "text_hash", name=op.f("pk_labelled_messages")),
    )
    op.create_index(
        op.f("ix_labelled_messages_tenant_id_updated_at"),
        "labelled_messages",
        ["tenant_id", "updated_at"],
        unique=False,
    )
    protect("labelled_messages")


def downgrade() -> None:
    op.drop_table("labelled_messages")
