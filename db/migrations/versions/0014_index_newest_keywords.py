"""The newest keyword of a tenant is found at once: every turn asks for it."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        op.f("ix_intent_keywords_tenant_id_updated_at"),
        "intent_keywords",
        ["tenant_id", "updated_at"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_intent_keywords_tenant_id_updated_at"), table_name="intent_keywords")
