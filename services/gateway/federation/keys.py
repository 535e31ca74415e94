"""The public keys under which callers are sealed for other platforms, fetched from their doors."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from services.gateway.peers.queries import NoOwnKey, read_signing_key
from services.gateway.peers.signing import sign_headers
from shared.runtime import Runtime

KEYS_PATH = "/v1/exchange-keys"
KEPT_SECONDS = 600.0
FETCH_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=3)
NAMES = ("key_id", "suite", "public_key")


class NoKey(Exception):
    """A platform gave no key to seal with."""


class KeyBook:
    """The newest key of each peer, kept for `KEPT_SECONDS`: a retired one opens much longer."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._kept: dict[str, tuple[dict[str, Any], float]] = {}
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["KeyBook"]:
        """The book, for as long as it may fetch."""
        async with aiohttp.ClientSession(
            timeout=FETCH_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()
        ) as self._session:
            yield self

    async def key_of(self, peer: str, url: str) -> dict[str, Any]:
        """The key under which a peer opens. Raises `NoKey`."""
        key, until = self._kept.get(peer, ({}, 0.0))
        if time.monotonic() >= until:
            key = await self._fetch(peer, url.rstrip("/") + KEYS_PATH)
            self._kept[peer] = (key, time.monotonic() + KEPT_SECONDS)
        return key

    async def _fetch(self, peer: str, url: str) -> dict[str, Any]:
        assert self._session is not None, "the book is opened"
        try:
            async with self._runtime.database.pool.acquire() as connection:
                own = await read_signing_key(connection, self._runtime.settings)
            headers = sign_headers("GET", url, b"", own)
            async with self._session.get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise NoKey(f"{peer} 没有给出交换公钥：HTTP {answer.status}")
                told = await answer.json()
            if told["platform"] != peer:
                raise NoKey(f"{url} 是 {told['platform']} 平台，不是 {peer}")
            return {name: told["items"][0][name] for name in NAMES}
        except (aiohttp.ClientError, TimeoutError, ValueError, LookupError, NoOwnKey) as error:
            raise NoKey(f"{peer} 没有给出交换公钥：{error!r}") from error
