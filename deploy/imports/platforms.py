"""Where an import goes: a gateway that runs, or a platform opened in this process meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass

import httpx

from deploy import local
from deploy.imports.sending import Unreachable
from deploy.platform import Platform, migrate_all, open_platform
from deploy.trial import load_trial, trial_token
from shared.clock import Clock
from shared.events.words import Role, Service
from shared.settings import Settings, read_settings

LOCAL_URL = "http://127.0.0.1:8000"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
TIMEOUT = httpx.Timeout(60, connect=5)
PROBE_SECONDS_MAX = 2.0
STALL_SECONDS_MAX = 60.0
POLL_SECONDS = 0.2
FILED = "SELECT count(*) FROM tickets WHERE state <> 'verifying'"
"""What is being verified is not accepted yet: dispatch has not heard of it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A platform at hand. `settle` waits for what must be done before it may close.

    It returns how many tickets and messages were still on their way when it gave up, 0 when none.
    """

    client: httpx.AsyncClient
    settle: Callable[[], Awaitable[int]]


Opener = Callable[[], AbstractAsyncContextManager[Target]]


@contextmanager
def choose_platform(
    url: str | None,
    token: str | None,
    jurisdiction: str,
    *,
    notice: Callable[[str], None],
    role: Role = Role.OPERATOR,
) -> Iterator[Opener]:
    """The gateway at `url`; else one on this machine; else a platform of our own, for now.

    `notice` is told of the last. Raises `Unreachable` for a bad address, or where a database is
    named and no gateway runs on it: only services with the real secrets may write there.
    """
    chosen = url or (LOCAL_URL if _answers(LOCAL_URL) else None)
    if chosen is not None:
        place, bearer = _parse(chosen), token or _trial_token(jurisdiction, role)
        yield lambda: _remote(place, bearer)
        return
    if read_settings(Service.GATEWAY).database_url:
        raise Unreachable(
            "已设置 DATABASE_URL，但没有正在运行的网关。请启动各服务，或用 --url 指明网关。"
        )
    notice("没有正在运行的网关，本次导入在本进程内打开平台。")
    with local.local_settings(local.data_dir()) as settings:
        migrate_all(settings.database_url)
        yield lambda: in_process(settings, jurisdiction, role=role)


@asynccontextmanager
async def _remote(url: httpx.URL, bearer: str) -> AsyncIterator[Target]:
    async with httpx.AsyncClient(
        base_url=url,
        headers=_bearing(bearer),
        timeout=TIMEOUT,
        trust_env=url.host not in LOOPBACK,
    ) as client:
        yield Target(client, _nothing_waits)


@asynccontextmanager
async def in_process(
    settings: Settings, jurisdiction: str, *, role: Role = Role.OPERATOR
) -> AsyncIterator[Target]:
    """A platform in this process, with the trial directory where it has none."""
    async with open_platform(settings, Clock()) as platform:
        transport = httpx.ASGITransport(app=platform.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://hotline") as client:
            await load_trial(client, settings)
            bearer = trial_token(settings, role, jurisdiction=jurisdiction)
            client.headers.update(_bearing(bearer))
            yield Target(client, lambda: _settle(platform))


async def _nothing_waits() -> int:
    return 0


async def _settle(platform: Platform) -> int:
    """Wait until dispatch has taken in every ticket and all has been said; bounded by a stall."""
    least, progress_at = await _on_the_way(platform), time.monotonic()
    while least and time.monotonic() - progress_at < STALL_SECONDS_MAX:
        await asyncio.sleep(POLL_SECONDS)
        waiting = await _on_the_way(platform)
        if waiting < least:
            least, progress_at = waiting, time.monotonic()
    return least


async def _on_the_way(platform: Platform) -> int:
    """Tickets that dispatch has not taken in, and events that no service has sent yet."""
    pools = {service: runtime.database.pool for service, runtime in platform.runtimes.items()}
    unsent = 0
    for pool in pools.values():
        unsent += await pool.fetchval("SELECT count(*) FROM outbox")
    filed = await pools[Service.INTAKE].fetchval(FILED)
    taken = await pools[Service.DISPATCH].fetchval("SELECT count(*) FROM tickets")
    return int(unsent + max(filed - taken, 0))


def _parse(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Unreachable(f"--url {url} 不是网址（{error}）。") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise Unreachable(f"--url {url} 不是网址，例如 {LOCAL_URL}。")
    return parsed


def _answers(url: str) -> bool:
    """Whether a gateway of ours answers there."""
    try:
        answer = httpx.get(f"{url}/healthz", timeout=PROBE_SECONDS_MAX, trust_env=False)
        return answer.is_success and answer.json() == {"status": "ok"}
    except (httpx.TransportError, ValueError):
        return False


def _trial_token(jurisdiction: str, role: Role) -> str:
    settings = read_settings(Service.GATEWAY)
    folder = local.data_dir()
    if not settings.database_url and (folder / "secrets.json").exists():
        settings = settings.model_copy(update=local.local_secrets(folder))
    return trial_token(settings, role, jurisdiction=jurisdiction)


def _bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
