"""What a bot says leaves `bots` for versions that are drafted, published and kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.policies import protect

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_CARRY_OVER = """
    INSERT INTO bot_versions
        (tenant_id, bot_id, version, state, persona, greeting, routing, created_at, published_at)
    SELECT b.tenant_id, b.bot_id, 1, 'published', b.persona, b.greeting,
           jsonb_build_object(
               'keywords', coalesce(
                   (SELECT jsonb_agg(to_jsonb(k) - 'tenant_id' - 'updated_at')
                    FROM intent_keywords k WHERE k.tenant_id = b.tenant_id), '[]'),
               'routings', coalesce(
                   (SELECT jsonb_agg(to_jsonb(r) - 'tenant_id' - 'updated_at')
                    FROM intent_routings r WHERE r.tenant_id = b.tenant_id), '[]')),
           b.created_at, now()
    FROM bots b"""
_CARRY_BACK = """
    UPDATE bots b SET persona = v.persona, greeting = v.greeting FROM bot_versions v
    WHERE v.tenant_id = b.tenant_id AND v.bot_id = b.bot_id AND v.state = 'published'"""


def upgrade() -> None:
    _create_bot_versions()
    _unforce("bots")
    op.execute(_CARRY_OVER)
    op.drop_column("bots", "persona")
    op.drop_column("bots", "greeting")
    op.add_column(
        "bots",
        sa.Column("draft_saves", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    _force("bots")
    protect("bot_versions")


def _create_bot_versions() -> None:
    op.create_table(
        "bot_versions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("bot_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        *(_text(name) for name in ("persona", "instructions")),
        *(_json(name) for name in ("greeting", "fallback", "routing")),
        sa.Column("edit", sa.Integer(), server_default=sa.text("0"), nullable=False),
        *(_text(name) for name in ("note", "edited_by")),
        sa.Column("based_on", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("restored_from", sa.Integer()),
        *(_time(name) for name in ("updated_at", "created_at")),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "state in ('draft', 'published', 'retired')", name=op.f("ck_bot_versions_state")
        ),
        sa.CheckConstraint(
            "(version = 0) = (state = 'draft') AND version >= 0",
            name=op.f("ck_bot_versions_version"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "bot_id"],
            ["bots.tenant_id", "bots.bot_id"],
            name=op.f("fk_bot_versions_tenant_id_bot_id_bots"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.tenant_id"],
            name=op.f("fk_bot_versions_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "bot_id", "version", name=op.f("pk_bot_versions")),
    )
    op.create_index(
        op.f("ix_bot_versions_published"),
        "bot_versions",
        ["tenant_id", "bot_id"],
        unique=True,
        postgresql_where=sa.text("state = 'published'"),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), server_default="", nullable=False)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _unforce(table: str) -> None:
    """Let an owner who is no superuser see the rows of all tenants while they are carried over."""
    op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")


def _force(table: str) -> None:
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_column("bots", "draft_saves")
    op.add_column("bots", _text("persona"))
    op.add_column("bots", _json("greeting"))
    for table in ("bots", "bot_versions"):
        _unforce(table)
    op.execute(_CARRY_BACK)
    _force("bots")
    op.drop_table("bot_versions")
