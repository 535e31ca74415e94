"""Answering HTTP."""

import uvicorn
from starlette.types import ASGIApp


async def listen(app: ASGIApp, *, host: str, port: int) -> None:
    """Answer HTTP until a signal comes, then let the running calls end."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan="off",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
        server_header=False,
    )
    await uvicorn.Server(config).serve()
