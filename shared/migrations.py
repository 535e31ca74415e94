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
from shared.tables import add_shared_tables

ROOT = Path(__file__).parent.parent
PREPARE = """DO $$ BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('migrate', 0));
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} NOLOGIN;
        -- From PostgreSQL 16 on, who is no superuser must grant themselves what they made.
        GRANT {role} TO current_user;
    ELSIF NOT pg_has_role(current_user, '{role}', 'MEMBER') THEN
        GRANT {role} TO current_user;
    END IF;
    CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {role};
END $$"""
NOTIFY = """CREATE FUNCTION outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_notify('outbox_' || TG_TABLE_SCHEMA, '');
    RETURN NULL;
END $$"""
NOTIFY_TRIGGER = """CREATE TRIGGER outbox_notify AFTER INSERT ON outbox
FOR EACH STATEMENT EXECUTE FUNCTION outbox_notify()"""


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
