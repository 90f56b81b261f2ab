"""What a bot cost stays with the tenant when the bot is deleted."""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_NAME = "fk_usage_events_tenant_id_bot_id_bots"


def upgrade() -> None:
    _refer("SET NULL (bot_id)")  # the row stays the tenant's


def downgrade() -> None:
    _refer("CASCADE")


def _refer(on_delete: str) -> None:
    op.drop_constraint(op.f(_NAME), "usage_events", type_="foreignkey")
    op.create_foreign_key(
        op.f(_NAME),
        "usage_events",
        "bots",
        ["tenant_id", "bot_id"],
        ["tenant_id", "bot_id"],
        ondelete=on_delete,
    )
