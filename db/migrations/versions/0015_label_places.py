"""What names a passage's place where its file has no pages: the time stamp of a subtitle."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chunks", sa.Column("label", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("chunks", "label")
