"""Conversations whose customer asked for a person, and summaries that were refused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "conversations",
        sa.Column("handoff_requested_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index(
        op.f("ix_conversations_handoff"),
        "conversations",
        ["tenant_id", "handoff_requested_at"],
        unique=False,
        postgresql_where=sa.text("handoff_requested_at IS NOT NULL"),
    )
    op.add_column("session_memories", sa.Column("refused_because", sa.String(), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM session_memories WHERE refused_because IS NOT NULL")
    op.drop_column("session_memories", "refused_because")
    op.drop_index(op.f("ix_conversations_handoff"), table_name="conversations")
    op.drop_column("conversations", "handoff_requested_at")
