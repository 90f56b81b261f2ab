"""What a model wrote of a passage is kept at once: a job that dies does not pay for it again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from db.migrations.policies import protect

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "written_tldrs",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("tldr", sa.String(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.tenant_id"],
            name=op.f("fk_written_tldrs_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "model", "content_hash", name=op.f("pk_written_tldrs")
        ),
    )
    protect("written_tldrs")


def downgrade() -> None:
    op.drop_table("written_tldrs")
