"""What benches stand on: a PostgreSQL of the run's own, and a Kafka where one can run."""

import asyncio
import atexit
import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from deploy.embedded import start_postgres
from deploy.kafka.broker import Broker
from deploy.kafka.jars import BrokerUnavailable, fetch_jars
from deploy.platform import migrate_all

TEMPLATE = "bench_template"


@dataclass(frozen=True)
class Ground:
    """Where benches run. `kafka` is none where no broker can run, and `kafka_missing` says why."""

    server_url: str
    postgres_version: str
    is_quick: bool
    kafka: Broker | None
    kafka_missing: str
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """A fresh database with all six schemas, dropped again."""
        name = f"bench_{next(self._numbers)}"
        await _execute(self.server_url, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        try:
            yield _at_database(self.server_url, name)
        finally:
            await _execute(self.server_url, f"DROP DATABASE {name} WITH (FORCE)", "CHECKPOINT")


@contextmanager
def own_folder() -> Iterator[Path]:
    """A temporary folder that PostgreSQL may enter, also where it runs as a user of its own."""
    folder = Path(tempfile.mkdtemp(prefix="hotline-bench-"))
    folder.chmod(0o755)
    # Once more at the very end: the server's wheel writes its lock again when the process exits.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def open_ground(*, is_quick: bool, needs_kafka: bool) -> Iterator[Ground]:
    """Start the servers, and end them with the run."""
    with ExitStack() as stack:
        folder = stack.enter_context(own_folder())
        server = start_postgres(folder)
        stack.callback(server.cleanup)
        url = server.get_uri()
        version = asyncio.run(_prepare(url))
        migrate_all(_at_database(url, TEMPLATE))
        kafka, missing = None, "no bench that was asked for needs it"
        if needs_kafka:
            try:
                kafka = Broker(fetch_jars())
                kafka.start(folder / "kafka")
                stack.callback(kafka.stop)
            except BrokerUnavailable as reason:
                kafka, missing = None, str(reason)
        yield Ground(url, version, is_quick, kafka, missing)


async def _prepare(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        assert await connection.fetchval("SHOW fsync") == "on", "figures without fsync are none"
        assert await connection.fetchval("SHOW synchronous_commit") == "on"
        await connection.execute(f"CREATE DATABASE {TEMPLATE}")
        version: str = await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()
    return version


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _at_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)
