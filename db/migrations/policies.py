"""Row-level security, written once: what a migration calls for every tenant-owned table."""

from __future__ import annotations

from alembic import op

from db.engine import APPLICATION_ROLE

# nullif: the setting is '' (not NULL) on a connection whose transaction has ended.
_TENANT = "(SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"
_GLOBAL = "'00000000-0000-0000-0000-000000000000'::uuid"


def create_role() -> None:
    """Create the application's role, which policies bind, and let the migrating user become it."""
    op.execute(
        f"""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APPLICATION_ROLE}') THEN
                CREATE ROLE {APPLICATION_ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE
                    NOINHERIT NOBYPASSRLS;
            END IF;
        EXCEPTION WHEN duplicate_object THEN NULL; -- another database of this server was first
        END $$
        """
    )
    op.execute(
        f"""
        DO $$ BEGIN
            -- From 16 on, whoever creates a role administers it but may not become it yet.
            IF NOT pg_has_role(current_user, '{APPLICATION_ROLE}',
                    CASE WHEN current_setting('server_version_num')::int >= 160000
                        THEN 'SET' ELSE 'MEMBER' END) THEN
                EXECUTE format('GRANT {APPLICATION_ROLE} TO %I', current_user);
            END IF;
        END $$
        """
    )
    op.execute(f"GRANT USAGE ON SCHEMA public TO {APPLICATION_ROLE}")
    op.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")


def protect(table: str) -> None:
    """Force row-level security on a table: its rows are the set tenant's alone."""
    _enable(table)
    op.execute(
        f"CREATE POLICY tenant_rows ON {table} TO {APPLICATION_ROLE}"
        f" USING (tenant_id = {_TENANT}) WITH CHECK (tenant_id = {_TENANT})"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {APPLICATION_ROLE}")


def protect_with_defaults(table: str) -> None:
    """Like `protect`, and every tenant also reads the global rows, which none may write."""
    _enable(table)
    op.execute(
        f"CREATE POLICY tenant_reads ON {table} FOR SELECT TO {APPLICATION_ROLE}"
        f" USING (tenant_id = {_TENANT} OR tenant_id = {_GLOBAL})"
    )
    for action, clause in (("INSERT", "WITH CHECK"), ("UPDATE", "USING"), ("DELETE", "USING")):
        op.execute(
            f"CREATE POLICY tenant_{action.lower()}s ON {table} FOR {action} TO {APPLICATION_ROLE}"
            f" {clause} (tenant_id = {_TENANT} AND tenant_id <> {_GLOBAL})"
        )
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {APPLICATION_ROLE}")
    let_owner_administer(table)


def protect_tenants() -> None:
    """A tenant reads its own row of `tenants`; only the tables' owner writes there."""
    _enable("tenants")
    op.execute(
        f"CREATE POLICY own_row ON tenants FOR SELECT TO {APPLICATION_ROLE}"
        f" USING (tenant_id = {_TENANT})"
    )
    op.execute(f"GRANT SELECT ON tenants TO {APPLICATION_ROLE}")
    let_owner_administer("tenants")


def let_owner_administer(table: str) -> None:
    """Let the migrating user work on a table's rows although the policies are forced on it."""
    op.execute(
        f"CREATE POLICY administration ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)"
    )


def _enable(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
