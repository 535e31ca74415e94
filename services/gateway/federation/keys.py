"""The public keys under which callers are sealed for other platforms, vouched for by these."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple

import aiohttp
from pydantic import ValidationError

from services.gateway.peers.profile import PROFILE_PATH, VALID_MAX, Profile, is_signed
from services.gateway.peers.queries import Known, NoOwnKey, find_key, read_signing_key
from services.gateway.peers.rules import KeyState
from services.gateway.peers.signing import sign_headers
from shared.crypto.provider import Suite
from shared.exchange import Kind
from shared.runtime import Runtime

KEPT_SECONDS = 600.0
FETCH_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=3)


class NoKey(Exception):
    """A platform gave no key to seal with, or none that it vouches for."""


class Vouched(NamedTuple):
    """A key to seal with, and by which of its own keys the platform vouches for it."""

    sealing: dict[str, Any]
    signed_by: str
    until: float
    """On the monotonic clock."""


class KeyBook:
    """The newest key of each peer, kept for `KEPT_SECONDS`: a retired one opens much longer.

    It is taken from nobody but the peer: under a key that is registered for it here, and only for
    as long as that key is good.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._kept: dict[str, Vouched] = {}
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
        kept = self._kept.get(peer)
        if kept is None or time.monotonic() >= kept.until:
            told = await self._fetch(peer, url.rstrip("/") + PROFILE_PATH)
            profile = _read(peer, told)
            known = await self._known(peer, profile.signature.key_id)
            sealing = _vouched(peer, told, profile, known)
            kept = Vouched(sealing, profile.signature.key_id, time.monotonic() + KEPT_SECONDS)
            self._kept[peer] = kept
        else:
            await self._known(peer, kept.signed_by)
        return kept.sealing

    async def _known(self, peer: str, key_id: str) -> Known:
        async with self._runtime.database.pool.acquire() as connection:
            known = await find_key(connection, key_id)
        if known is None or known.peer != peer or known.state is not KeyState.VALID:
            self._kept.pop(peer, None)
            raise NoKey(f"{peer} 的平台说明由密钥 {key_id} 签名，它没有登记为该平台的，或已失效")
        return known

    async def _fetch(self, peer: str, url: str) -> Any:  # noqa: ANN401  any JSON
        assert self._session is not None, "the book is opened"
        try:
            async with self._runtime.database.pool.acquire() as connection:
                own = await read_signing_key(connection, self._runtime.settings)
            headers = sign_headers("GET", url, b"", own)
            async with self._session.get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise NoKey(f"{peer} 没有给出平台说明：HTTP {answer.status}")
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError, ValueError, NoOwnKey) as error:
            raise NoKey(f"{peer} 没有给出平台说明：{error!r}") from error


def _read(peer: str, told: Any) -> Profile:  # noqa: ANN401  any JSON
    try:
        profile = Profile.model_validate(told)
    except ValidationError as error:
        [first, *_] = error.errors(include_url=False, include_input=False)
        place = ".".join(str(part) for part in first["loc"])
        raise NoKey(f"{peer} 的平台说明没有签名，或形式不符：{place} {first['msg']}") from error
    if profile.platform != peer:
        raise NoKey(f"该地址是 {profile.platform} 平台，不是 {peer}")
    return profile


def _vouched(peer: str, told: Mapping[str, Any], profile: Profile, known: Known) -> dict[str, Any]:
    """The key to seal with, as the peer vouches for it now. Raises `NoKey`."""
    if not is_signed(told, profile, known.key):
        raise NoKey(f"{peer} 的平台说明签名不符，可能在途中被改动；不得据此加密")
    if not _holds(profile.valid_until, known.now):
        raise NoKey(f"{peer} 的平台说明已过期，或有效期超过 24 小时：{profile.valid_until}")
    if Kind.FORWARD not in profile.kinds:
        raise NoKey(f"{peer} 的平台说明中没有 forward：该平台不办理转办")
    suites = set(Suite)
    usable = [one for one in profile.sealing_keys if one.suite in suites]
    if not usable:
        raise NoKey(f"{peer} 的平台说明中没有本平台支持的加密公钥")
    return usable[0].model_dump(mode="json")


def _holds(until: datetime, now: datetime) -> bool:
    return now < until <= now + VALID_MAX
