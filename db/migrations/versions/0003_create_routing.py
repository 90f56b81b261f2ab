"""Intent keywords and routings, with global defaults."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.policies import protect_with_defaults

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "INSERT INTO tenants (tenant_id, slug, name, status)"
        " VALUES ('00000000-0000-0000-0000-000000000000', 'global', 'Defaults', 'system')"
    )
    op.create_table(
        "intent_keywords",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("intent", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("keyword", sa.String(), nullable=False),
        sa.Column("weight", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("weight between 1 and 3", name=op.f("ck_intent_keywords_weight")),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.tenant_id"],
            name=op.f("fk_intent_keywords_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "intent", "language", "keyword", name=op.f("pk_intent_keywords")
        ),
    )
    op.create_table(
        "intent_routings",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("intent", sa.String(), nullable=False),
        sa.Column("primary_kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("primary_tokens", sa.Integer(), nullable=False),
        sa.Column("secondary_kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("secondary_tokens", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "primary_tokens between 0 and 1500", name=op.f("ck_intent_routings_primary_tokens")
        ),
        sa.CheckConstraint(
            "secondary_tokens between 0 and 1500", name=op.f("ck_intent_routings_secondary_tokens")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.tenant_id"],
            name=op.f("fk_intent_routings_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "intent", name=op.f("pk_intent_routings")),
    )
    protect_with_defaults("intent_keywords")
    protect_with_defaults("intent_routings")


def downgrade() -> None:
    op.drop_table("intent_routings")
    op.drop_table("intent_keywords")
    op.execute("DELETE FROM tenants WHERE slug = 'global'")
