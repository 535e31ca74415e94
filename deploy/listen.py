"""Answering HTTP."""

import asyncio
import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp


async def listen(app: ASGIApp, *, host: str, port: int) -> None:
    """Answer HTTP until a signal comes, then let the running calls end and return."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan="off",
        access_log=False,
        proxy_headers=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
        server_header=False,
    )
    # One turn lets tasks that were made before load theirs.
    await asyncio.sleep(0)
    keep_loaded()
    with _outliving_signals():
        await uvicorn.Server(config).serve()


def keep_loaded() -> None:
    """Never look again for garbage among what was loaded to begin with.

    A look through all of it, again and again, cost a process that serves a seventh of its work.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def _outliving_signals() -> Iterator[None]:
    """uvicorn raises the signal that ended it once more: what our callers hold must close first."""
    kept = {
        number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
