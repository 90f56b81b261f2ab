"""The durable job queue: procrastinate's own tables, in a schema of their own."""

from __future__ import annotations

from alembic import op
from procrastinate import PsycopgConnector
from procrastinate.schema import SchemaManager

from db.engine import APPLICATION_ROLE, JOBS_SCHEMA

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema = SchemaManager(PsycopgConnector()).get_schema()
    op.execute(f"CREATE SCHEMA IF NOT EXISTS {JOBS_SCHEMA}")
    # A raw cursor: the script's "%" signs must not be read as parameters.
    cursor = op.get_bind().connection.cursor()
    cursor.execute(f"SET LOCAL search_path TO {JOBS_SCHEMA}")
    cursor.execute(schema)
    cursor.execute("SET LOCAL search_path TO public")
    cursor.close()
    op.execute(f"GRANT USAGE ON SCHEMA {JOBS_SCHEMA} TO {APPLICATION_ROLE}")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE"
        f" ON ALL TABLES IN SCHEMA {JOBS_SCHEMA} TO {APPLICATION_ROLE}"
    )
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {JOBS_SCHEMA} TO {APPLICATION_ROLE}")
    op.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {JOBS_SCHEMA} TO {APPLICATION_ROLE}")


def downgrade() -> None:
    op.execute(f"DROP SCHEMA {JOBS_SCHEMA} CASCADE")
