"""A tenant's knowledge has a version that counts up with whatever answers may stand on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Whose knowledge a statement changed. Statements are counted, not rows: storing a document of
# thousands of passages takes a few dozen. A source that only makes progress changes nothing.
_CHANGED = {
    ("chunks", "insert"): "SELECT tenant_id FROM new_rows",
    ("chunks", "update"): "SELECT tenant_id FROM old_rows",
    ("chunks", "delete"): "SELECT tenant_id FROM old_rows",
    ("sources", "delete"): "SELECT tenant_id FROM old_rows",
    ("sources", "update"): """
        SELECT n.tenant_id FROM new_rows n
        JOIN old_rows o ON o.tenant_id = n.tenant_id AND o.source_id = n.source_id
        WHERE (n.enabled, n.is_citable, n.bot_id, n.kind, n.title)
            IS DISTINCT FROM (o.enabled, o.is_citable, o.bot_id, o.kind, o.title)""",
}
_TABLES = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}


def upgrade() -> None:
    op.add_column(
        "lexical_statistics",
        sa.Column("knowledge_version", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    for (table, action), changed in _CHANGED.items():
        _count_changes(table, action, changed)


def _count_changes(table: str, action: str, changed: str) -> None:
    name = f"count_{table}_{action}"
    op.execute(
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE lexical_statistics l SET knowledge_version = l.knowledge_version + 1
            FROM (SELECT DISTINCT tenant_id FROM ({changed}) c) changed
            WHERE l.tenant_id = changed.tenant_id;
            RETURN NULL;
        END $$
        """  # noqa: S608 - constants of this file
    )
    op.execute(
        f"CREATE TRIGGER {name} AFTER {action.upper()} ON {table}"
        f" REFERENCING {_TABLES[action]} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def downgrade() -> None:
    for table, action in _CHANGED:
        name = f"count_{table}_{action}"
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"DROP FUNCTION {name}()")
    op.drop_column("lexical_statistics", "knowledge_version")
