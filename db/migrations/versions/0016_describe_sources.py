"""What an operator wants to know of a source: language, tags, who added it, what it cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_OLD_STATES = ("pending", "processing", "processed", "failed")
_STATES = (*_OLD_STATES, "cancelled")


def upgrade() -> None:
    op.drop_constraint(op.f("ck_sources_status"), "sources", type_="check")
    op.create_check_constraint(op.f("ck_sources_status"), "sources", _status(_STATES))
    op.add_column(
        "sources", sa.Column("step_done", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column(
        "sources",
        sa.Column("step_total", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column("sources", sa.Column("language", sa.String(), server_default="", nullable=False))
    op.add_column(
        "sources",
        sa.Column("tags", sa.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("sources", sa.Column("added_by", sa.String(), server_default="", nullable=False))
    op.add_column(
        "sources",
        sa.Column("origin", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column(
        "sources",
        sa.Column("embedded_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "sources",
        sa.Column("reused_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "sources",
        sa.Column("repeated_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "sources",
        sa.Column(
            "embedding_cost_usd",
            sa.Numeric(precision=14, scale=8),
            server_default=sa.text("0"),
            nullable=False,
        ),
    )


def _status(states: tuple[str, ...]) -> str:
    return "status in (" + ", ".join(f"'{state}'" for state in states) + ")"


def downgrade() -> None:
    op.execute("UPDATE sources SET status = 'failed' WHERE status = 'cancelled'")
    op.drop_column("sources", "embedding_cost_usd")
    op.drop_column("sources", "repeated_count")
    op.drop_column("sources", "reused_count")
    op.drop_column("sources", "embedded_count")
    op.drop_column("sources", "origin")
    op.drop_column("sources", "added_by")
    op.drop_column("sources", "tags")
    op.drop_column("sources", "language")
    op.drop_column("sources", "step_total")
    op.drop_column("sources", "step_done")
    op.drop_constraint(op.f("ck_sources_status"), "sources", type_="check")
    op.create_check_constraint(op.f("ck_sources_status"), "sources", _status(_OLD_STATES))
