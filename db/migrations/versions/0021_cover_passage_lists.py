"""A list of passages is counted and paged from its index alone, without their texts."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_COLUMNS = ["tenant_id", "source_id", "position"]


def upgrade() -> None:
    name = op.f("ix_chunks_tenant_id_source_id_position")
    op.drop_index(name, table_name="chunks")
    op.create_index(
        name,
        "chunks",
        _COLUMNS,
        unique=False,
        postgresql_include=[
            "chunk_id",
            "chunk_type",
            "language",
            "is_citable",
            "enabled",
            "edit_id",
        ],
    )


def downgrade() -> None:
    name = op.f("ix_chunks_tenant_id_source_id_position")
    op.drop_index(name, table_name="chunks")
    op.create_index(name, "chunks", _COLUMNS, unique=False)
