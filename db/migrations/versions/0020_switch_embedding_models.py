"""A passage has an embedding of the old and of the new model while a tenant changes it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from db.migrations.policies import protect

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("pk_chunk_embeddings"), "chunk_embeddings", type_="primary")
    op.create_primary_key(
        op.f("pk_chunk_embeddings"), "chunk_embeddings", ["tenant_id", "chunk_id", "model"]
    )
    op.create_table(
        "embedding_switches",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("next_model", sa.String(), server_default="", nullable=False),
        sa.Column("done_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("total_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.String(), server_default="", nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.tenant_id"],
            name=op.f("fk_embedding_switches_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_embedding_switches")),
    )
    protect("embedding_switches")


def downgrade() -> None:
    op.drop_table("embedding_switches")
    op.drop_constraint(op.f("pk_chunk_embeddings"), "chunk_embeddings", type_="primary")
    op.execute("ALTER TABLE chunk_embeddings NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "DELETE FROM chunk_embeddings e USING chunk_embeddings o WHERE o.tenant_id = e.tenant_id"
        " AND o.chunk_id = e.chunk_id AND o.model < e.model"
    )
    op.execute("ALTER TABLE chunk_embeddings FORCE ROW LEVEL SECURITY")
    op.create_primary_key(
        op.f("pk_chunk_embeddings"), "chunk_embeddings", ["tenant_id", "chunk_id"]
    )
