"""Schemas and their changes: Alembic, one history for each service.

`python -m shared.migrations intake "what changed"` writes a new step from the models.
"""

import asyncio
import importlib
import sys
from pathlib import Path

import sqlalchemy as sa
from alembic import command, context, op
from alembic.config import Config
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from shared.database import role_of
from shared.events.words import Service
from shared.lawbook import add_law_tables
from shared.notices import add_notice_tables
from shared.tables import add_audit_tables, add_shared_tables

ROOT = Path(__file__).parent.parent
PREPARE = """DO $$ DECLARE reader text; BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('migrate', 0));
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} NOLOGIN;
        -- From PostgreSQL 16 on, who is no superuser must grant themselves what they made.
        GRANT {role} TO current_user;
    ELSIF NOT pg_has_role(current_user, '{role}', 'MEMBER') THEN
        GRANT {role} TO current_user;
    END IF;
    FOREACH reader IN ARRAY ARRAY['{role}_reader', '{role}_reader_unit'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', reader);
        END IF;
        IF NOT pg_has_role('{role}', reader, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO {role}', reader);
        END IF;
    END LOOP;
    CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {role};
END $$"""
NOTIFY = """CREATE FUNCTION outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_notify('outbox_' || TG_TABLE_SCHEMA, '');
    RETURN NULL;
END $$"""
NOTIFY_TRIGGER = """CREATE TRIGGER outbox_notify AFTER INSERT ON outbox
FOR EACH STATEMENT EXECUTE FUNCTION outbox_notify()"""

# Only what the sealer fills may differ, and only once.
AUDIT_GUARD = """CREATE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE
    filled CONSTANT text[] := '{number,algorithm,previous,hash}';
BEGIN
    IF TG_TABLE_NAME = 'audit' AND TG_OP = 'UPDATE' THEN
        IF OLD.number IS NULL AND NEW.number IS NOT NULL
            AND to_jsonb(NEW) - filled = to_jsonb(OLD) - filled
        THEN RETURN NEW; END IF;
    END IF;
    RAISE EXCEPTION 'the audit is append-only' USING ERRCODE = 'insufficient_privilege';
END $$"""
# Below a name of words there are no names to choose from: then `words` is null. Its twin is
# `shared.erasure.without_words`.
WITHOUT_WORDS = """CREATE OR REPLACE FUNCTION without_words(
    value jsonb, words text[], code text, mark text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF jsonb_typeof(value) = 'object' THEN
        RETURN (SELECT coalesce(jsonb_object_agg(key, without_words(inner_value, CASE
                WHEN key = ANY(words) THEN NULL
                WHEN key = 'elements' AND jsonb_typeof(inner_value) = 'object' THEN NULL
                ELSE words END, code, mark)), '{}')
            FROM jsonb_each(value) AS e (key, inner_value));
    ELSIF jsonb_typeof(value) = 'array' THEN
        RETURN (SELECT coalesce(
                jsonb_agg(without_words(item, words, code, mark) ORDER BY nth), '[]')
            FROM jsonb_array_elements(value) WITH ORDINALITY AS a (item, nth));
    ELSIF jsonb_typeof(value) = 'string' AND words IS NULL AND value #>> '{}' !~ code THEN
        RETURN to_jsonb(mark);
    END IF;
    RETURN value;
END $$"""
AUDIT_TRIGGERS = (
    """CREATE TRIGGER audit_guard BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_guard()""",
    """CREATE TRIGGER audit_guard_number BEFORE INSERT ON audit
    FOR EACH ROW WHEN (NEW.number IS NOT NULL) EXECUTE FUNCTION audit_guard()""",
    """CREATE TRIGGER audit_guard_whole BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_guard()""",
    """CREATE TRIGGER audit_guard BEFORE UPDATE OR DELETE ON audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION audit_guard()""",
    """CREATE TRIGGER audit_guard_whole BEFORE TRUNCATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION audit_guard()""",
)


def migrate(service: Service, url: str) -> None:
    """Bring a service's schema to its newest step; make the schema and its role if missing."""
    command.upgrade(_config(service, url), "head")


def create_shared_tables() -> None:
    """The first step of each service: outbox, inbox and kept answers."""
    metadata = sa.MetaData()
    add_shared_tables(metadata)
    metadata.create_all(op.get_bind(), checkfirst=False)
    op.execute(NOTIFY)
    op.execute(NOTIFY_TRIGGER)


def create_audit_tables() -> None:
    """The audit, which nobody changes."""
    metadata = sa.MetaData()
    add_audit_tables(metadata)
    metadata.create_all(op.get_bind(), checkfirst=False)
    op.execute(AUDIT_GUARD)
    for trigger in AUDIT_TRIGGERS:
        op.execute(trigger)


def create_without_words() -> None:
    """The function that erases in JSON, in place of the one that a database may have."""
    op.execute(WITHOUT_WORDS)


def create_notice_tables() -> None:
    """The notices that a service sends."""
    metadata = sa.MetaData()
    add_notice_tables(metadata)
    metadata.create_all(op.get_bind(), checkfirst=False)


def create_law_tables() -> None:
    """A service's policies and calendars, and the version of what it keeps."""
    metadata = sa.MetaData()
    add_law_tables(metadata)
    metadata.create_all(op.get_bind(), checkfirst=False)
    op.execute("INSERT INTO law_version (version) VALUES (0)")


def run_environment(service: Service) -> None:
    """What each `migrations/env.py` does."""
    metadata = importlib.import_module(f"services.{service}.models").Base.metadata
    url = context.config.get_main_option("sqlalchemy.url")
    assert url is not None

    def run(connection: Connection) -> None:
        role = role_of(service)
        connection.execute(sa.text(PREPARE.format(role=role, schema=service)))
        connection.execute(sa.text(f"SET ROLE {role}"))
        connection.execute(sa.text(f"SET search_path = {service}"))
        connection.commit()
        context.configure(connection=connection, target_metadata=metadata)
        with context.begin_transaction():
            context.run_migrations()

    async def connect() -> None:
        engine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"), poolclass=sa.NullPool
        )
        async with engine.connect() as connection:
            await connection.run_sync(run)
        await engine.dispose()

    asyncio.run(connect())


def _config(service: Service, url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "services" / service / "migrations"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def _write_step(service: Service, url: str, message: str) -> None:
    config = _config(service, url)
    versions = ROOT / "services" / service / "migrations" / "versions"
    number = len(list(versions.glob("[0-9]*.py"))) + 1
    command.revision(config, message, autogenerate=True, rev_id=f"{number:04d}")


if __name__ == "__main__":
    from shared.settings import read_settings

    _write_step(Service(sys.argv[1]), read_settings(Service(sys.argv[1])).database_url, sys.argv[2])
