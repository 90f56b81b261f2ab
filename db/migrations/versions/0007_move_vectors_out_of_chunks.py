"""Vectors leave `chunks` for tables that a scan reads without TOAST."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC, SPARSEVEC

from db.migrations.policies import protect

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_OLD_COLUMNS = ("embedding_model", "dense", "lexical")


def upgrade() -> None:
    _create_chunk_terms()
    _create_chunk_embeddings()
    _unforce("chunks")
    op.execute(
        "INSERT INTO chunk_terms (tenant_id, chunk_id, source_id, lexical)"
        " SELECT tenant_id, chunk_id, source_id, lexical FROM chunks ORDER BY tenant_id, chunk_id"
    )
    op.execute(
        "INSERT INTO chunk_embeddings (tenant_id, chunk_id, source_id, model, dense)"
        " SELECT tenant_id, chunk_id, source_id, embedding_model, dense FROM chunks"
        " ORDER BY tenant_id, chunk_id"
    )
    for column in _OLD_COLUMNS:
        op.drop_column("chunks", column)
    _rewrite("chunks")
    _force("chunks")
    protect("chunk_terms")
    protect("chunk_embeddings")
    op.create_index(
        op.f("ix_chunks_tenant_id_chunk_id"),
        "chunks",
        ["tenant_id", "chunk_id"],
        postgresql_where=sa.text("NOT enabled"),
    )
    op.add_column(
        "sources",
        sa.Column("indexed_version", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )


def _create_chunk_terms() -> None:
    op.create_table(
        "chunk_terms",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("chunk_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("lexical", SPARSEVEC(dim=1000000000), nullable=False),
        *_keys("chunk_terms"),
    )
    op.execute("ALTER TABLE chunk_terms ALTER COLUMN lexical SET STORAGE PLAIN")


def _create_chunk_embeddings() -> None:
    op.create_table(
        "chunk_embeddings",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("chunk_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("dense", HALFVEC(), nullable=False),
        *_keys("chunk_embeddings"),
    )
    # The name as well: it would be moved out of a wide row, and every scan reads it.
    for column in ("dense", "model"):
        op.execute(f"ALTER TABLE chunk_embeddings ALTER COLUMN {column} SET STORAGE PLAIN")


def _keys(table: str) -> tuple[sa.Constraint, ...]:
    return (
        sa.ForeignKeyConstraint(
            ["tenant_id", "chunk_id"],
            ["chunks.tenant_id", "chunks.chunk_id"],
            name=f"fk_{table}_tenant_id_chunk_id_chunks",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.tenant_id"],
            name=f"fk_{table}_tenant_id_tenants",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "chunk_id", name=f"pk_{table}"),
    )


def _unforce(table: str) -> None:
    """Let an owner who is no superuser see the rows of all tenants while they are carried over."""
    op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")


def _force(table: str) -> None:
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _rewrite(table: str) -> None:
    """Give back the space of dropped columns, and put each tenant's rows side by side."""
    op.execute(f"CLUSTER {table} USING pk_{table}")
    op.execute(f"ALTER TABLE {table} SET WITHOUT CLUSTER")


def downgrade() -> None:
    op.drop_column("sources", "indexed_version")
    op.drop_index(op.f("ix_chunks_tenant_id_chunk_id"), "chunks")
    op.add_column("chunks", sa.Column("embedding_model", sa.String()))
    op.add_column("chunks", sa.Column("dense", HALFVEC()))
    op.add_column("chunks", sa.Column("lexical", SPARSEVEC(dim=1000000000)))
    for table in ("chunks", "chunk_terms", "chunk_embeddings"):
        _unforce(table)
    op.execute(
        "UPDATE chunks c SET lexical = t.lexical, dense = e.dense, embedding_model = e.model"
        " FROM chunk_terms t JOIN chunk_embeddings e USING (tenant_id, chunk_id)"
        " WHERE t.tenant_id = c.tenant_id AND t.chunk_id = c.chunk_id"
    )
    _force("chunks")
    for column in _OLD_COLUMNS:
        op.alter_column("chunks", column, nullable=False)
    op.drop_table("chunk_embeddings")
    op.drop_table("chunk_terms")
