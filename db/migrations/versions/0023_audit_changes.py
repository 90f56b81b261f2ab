"""Who did what to what: written by triggers, in the transaction of the change itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.engine import APPLICATION_ROLE
from db.migrations.policies import let_owner_administer, protect

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# Table: what it is called, what makes up its id and its name, the columns whose change is an event.
_AUDITED = {
    "tenants": ("tenant", "tenant_id", "name", "slug,name,status,suspended_reason"),
    "bots": ("bot", "bot_id", "name", "slug,name,model_settings"),
    "bot_versions": ("bot_version", "bot_id,version", "note", "state,note,restored_from"),
    "sources": (
        "source",
        "source_id",
        "title",
        "title,kind,is_citable,enabled,tags,bot_id,filename",
    ),
    "newer_files": ("newer_file", "source_id", "filename", "filename,media_type,content_hash"),
    "passage_edits": (
        "passage_edit",
        "edit_id",
        "original_heading",
        "edited_text,edited_tldr,is_citable,enabled,state",
    ),
    "suggested_pairs": ("suggested_pair", "pair_id", "question", "question,answer,state"),
    "intent_keywords": ("keyword", "intent,language,keyword", "keyword", "weight,enabled"),
    "intent_routings": (
        "routing",
        "intent",
        "intent",
        "primary_kinds,primary_tokens,secondary_kinds,secondary_tokens",
    ),
    "labelled_messages": ("labelled_message", "text_hash", "intent", "intent,language"),
    "conversations": ("conversation", "conversation_id", "title", "status,title"),
    "members": ("member", "person_id", "email", "role,email,name"),
    "api_keys": ("api_key", "key_id", "name", "name,prefix,scopes,expires_at,revoked_at"),
    "embedding_switches": ("embedding_model", "tenant_id", "model", "model,next_model"),
}
# No events: what a crawl suggests, a customer's conversation that begins, a newer file that has
# taken its place, and the end of a tenant, of which nothing is kept.
_EVENTS = {
    "suggested_pairs": "UPDATE",
    "conversations": "UPDATE OR DELETE",
    "newer_files": "INSERT OR UPDATE",
    "tenants": "INSERT OR UPDATE",
}
_ALL_EVENTS = "INSERT OR UPDATE OR DELETE"
# What is deleted with its parent is no event of its own.
_PARENTS = {"passage_edits": ("sources", "source_id"), "bot_versions": ("bots", "bot_id")}

# The actor is set with the tenant, as base64 of JSON: letters that cannot end a literal. The
# shipped defaults belong to nobody, and of a tenant that is being deleted nothing is to be kept.
_EVENT_FUNCTION = """
CREATE FUNCTION audit_event(owner_id uuid, operation text, kind text, id text, name text,
    was jsonb, is_now jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    setting text := nullif(current_setting('app.actor', true), '');
    actor jsonb := coalesce(convert_from(decode(setting, 'base64'), 'UTF8')::jsonb, '{}');
    old_values jsonb := was;
    new_values jsonb := is_now;
BEGIN
    IF owner_id = '00000000-0000-0000-0000-000000000000' OR (operation = 'DELETE'
        AND NOT EXISTS (SELECT FROM tenants WHERE tenant_id = owner_id AND status <> 'deleting'))
    THEN
        RETURN;
    END IF;
    IF operation = 'UPDATE' THEN
        SELECT jsonb_object_agg(key, value), jsonb_object_agg(key, is_now -> key)
        INTO old_values, new_values
        FROM jsonb_each(was) WHERE value IS DISTINCT FROM is_now -> key;
    END IF;
    INSERT INTO audit_log (tenant_id, event_id, actor_kind, actor_id, actor_name, ip, action,
        object_kind, object_id, object_name, before, after)
    VALUES (owner_id, gen_random_uuid(), coalesce(actor ->> 'kind', 'system'),
        coalesce(actor ->> 'id', ''), coalesce(actor ->> 'name', ''), coalesce(actor ->> 'ip', ''),
        CASE operation WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'changed' ELSE 'deleted' END,
        kind, coalesce(id, ''), left(coalesce(name, ''), 200), old_values, new_values);
END $$
"""
# Columns are named one by one: a whole row as JSON would unpack files and long texts.
_TABLE_FUNCTION = """
CREATE FUNCTION audit_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was jsonb;
    is_now jsonb;
BEGIN
    IF TG_OP <> 'INSERT' THEN was := jsonb_build_object({old_columns}); END IF;
    IF TG_OP <> 'DELETE' THEN is_now := jsonb_build_object({new_columns}); END IF;
    {unless_parent_is_gone}
    PERFORM audit_event(coalesce(NEW.tenant_id, OLD.tenant_id), TG_OP, '{kind}',
        concat_ws('/', {key}), coalesce(NEW.{name}, OLD.{name}), was, is_now);
    RETURN NULL;
END $$
"""
_GIVEN = (
    "tenant_id, event_id, actor_kind, actor_id, actor_name, ip, action, object_kind, object_id,"
    " object_name, before, after"
)
_UNLESS_PARENT_IS_GONE = """IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM {parent} p
        WHERE p.tenant_id = OLD.tenant_id AND p.{column} = OLD.{column}) THEN
        RETURN NULL;
    END IF;"""


def upgrade() -> None:
    _say_why_tenants_stand_still()
    op.create_table(
        "audit_log",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("actor_kind", sa.String(), server_default="", nullable=False),
        sa.Column("actor_id", sa.String(), server_default="", nullable=False),
        sa.Column("actor_name", sa.String(), server_default="", nullable=False),
        sa.Column("ip", sa.String(), server_default="", nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("object_kind", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), server_default="", nullable=False),
        sa.Column("object_name", sa.String(), server_default="", nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", postgresql.JSONB(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.tenant_id"],
            name=op.f("fk_audit_log_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "event_id", name=op.f("pk_audit_log")),
    )
    op.create_index(
        op.f("ix_audit_log_tenant_id_at_event_id"),
        "audit_log",
        ["tenant_id", "at", "event_id"],
        unique=False,
    )
    for column in ("actor_id", "object_kind"):
        op.create_index(
            op.f(f"ix_audit_log_tenant_id_{column}_at"), "audit_log", ["tenant_id", column, "at"]
        )
    protect("audit_log")
    # Rows are added and read, never changed; the clock alone says when.
    op.execute(f"REVOKE INSERT, UPDATE, DELETE ON audit_log FROM {APPLICATION_ROLE}")
    op.execute(f"GRANT INSERT ({_GIVEN}) ON audit_log TO {APPLICATION_ROLE}")
    let_owner_administer("audit_log")
    op.execute(_EVENT_FUNCTION)
    for table in _AUDITED:
        _audit(table)


def _say_why_tenants_stand_still() -> None:
    op.add_column(
        "tenants",
        sa.Column("suspended_reason", sa.String(), server_default="", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_tenants_status"),
        "tenants",
        "status in ('active', 'suspended', 'deleting', 'system')",
    )


def _audit(table: str) -> None:
    kind, key, name, audited = _AUDITED[table]
    columns = audited.split(",")
    parent = _PARENTS.get(table)
    op.execute(
        _TABLE_FUNCTION.format(
            table=table,
            kind=kind,
            name=name,
            key=", ".join(f"coalesce(NEW.{part}, OLD.{part})" for part in key.split(",")),
            old_columns=", ".join(f"'{column}', OLD.{column}" for column in columns),
            new_columns=", ".join(f"'{column}', NEW.{column}" for column in columns),
            unless_parent_is_gone=_UNLESS_PARENT_IS_GONE.format(parent=parent[0], column=parent[1])
            if parent
            else "",
        )
    )
    events = _EVENTS.get(table, _ALL_EVENTS).split(" OR ")
    others = " OR ".join(event for event in events if event != "UPDATE")
    if others:
        op.execute(
            f"CREATE TRIGGER audit_{table} AFTER {others} ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION audit_{table}()"
        )
    # Asked before the function is called, so that a source's progress costs next to nothing.
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("OLD", "NEW"))
    op.execute(
        f"CREATE TRIGGER audit_{table}_change AFTER UPDATE ON {table} FOR EACH ROW"
        f" WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION audit_{table}()"
    )


def downgrade() -> None:
    for table in _AUDITED:
        op.execute(f"DROP FUNCTION audit_{table}() CASCADE")  # with its triggers
    op.execute("DROP FUNCTION audit_event(uuid, text, text, text, text, jsonb, jsonb)")
    op.drop_table("audit_log")
    op.drop_constraint(op.f("ck_tenants_status"), "tenants")
    op.drop_column("tenants", "suspended_reason")
