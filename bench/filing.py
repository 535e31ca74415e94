"""Filing: intake with all its checks beside the plainest server that keeps the same promise."""

import asyncio
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg

from bench.load import drive, post
from shared.database import plain_url
from shared.events.words import Role
from shared.security import Principal, issue_token
from shared.settings import Settings

CONNECTIONS = 32
ROUNDS = 3
KINDS = ("plain", "grouped", "orm", "intake", "unsealed", "one-process", "two-processes")
PLAIN = frozenset({"plain", "grouped", "orm"})
SECONDS = 4.0
WARM_UP_SECONDS = 1.5
CONTENT = "幸福小区从昨晚起停水，至今没有恢复，物业说要等管道公司，请尽快处理并答复。" * 3


async def run(url: str) -> list[dict[str, Any]]:
    """The rates, and each against its limit; the median of some rounds, taken in turn."""
    await prepare(url)
    rates: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for kind in KINDS:
            rates.setdefault(kind, []).append(await _measure(kind, url))
    rate = {kind: statistics.median(found) for kind, found in rates.items()}
    pairs = [
        ("filing / plain asyncpg", "intake", "plain", 1.0),
        ("filing / grouped into one statement", "intake", "grouped", 0.6),
        ("filing / SQLAlchemy ORM", "intake", "orm", 3.0),
        ("filing / the same without encryption", "intake", "unsealed", 0.8),
        ("gateway in one process / intake", "one-process", "intake", 0.8),
        ("gateway between processes / intake", "two-processes", "intake", 0.4),
    ]
    return [
        {
            "name": name,
            "unit": "requests/s",
            "ours": rate[ours],
            "limit": rate[limit],
            "ratio": rate[ours] / rate[limit],
            "target": target,
        }
        for name, ours, limit, target in pairs
    ]


async def prepare(url: str) -> None:
    connection = await asyncpg.connect(plain_url(url))
    try:
        await connection.execute(
            """INSERT INTO intake.jurisdictions VALUES ('512000', '资阳市') ON CONFLICT DO NOTHING;
            INSERT INTO intake.categories VALUES ('01', '城乡建设') ON CONFLICT DO NOTHING"""
        )
    finally:
        await connection.close()


async def _measure(kind: str, url: str) -> float:
    kinds = {"two-processes": ("gateway", "intake")}.get(kind, (kind,))
    with servers(kinds, url) as port:
        return await drive(
            port,
            _requests(),
            connections=CONNECTIONS,
            warm_up_seconds=WARM_UP_SECONDS,
            seconds=SECONDS,
        )


def _requests() -> Callable[[], bytes]:
    principal = Principal("bench", Role.OPERATOR, "512000")
    token = issue_token(principal, Settings().token_secret, lifetime=timedelta(hours=1))
    serial, run_id = itertools.count(), uuid4().hex

    def make_request() -> bytes:
        number = next(serial)
        body = {
            "jurisdiction": "512000",
            "type": "help",
            "title": "小区停水",
            "content": CONTENT,
            "channel": "web",
            "channel_ref": f"{run_id}-{number}",
            "category": "01",
            "caller": {"name": "测试", "phone": f"138{number % 10**8:08d}"},
        }
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"{run_id}-{number}"}
        return post("/v1/tickets", json.dumps(body, ensure_ascii=False).encode(), headers)

    return make_request


@contextmanager
def servers(kinds: tuple[str, ...], url: str) -> Iterator[int]:
    """Servers of these kinds on ports that follow each other; yields the first port."""
    first = _free_ports(len(kinds))
    environment = {**os.environ, "BENCH_DATABASE_URL": url}
    running = [
        subprocess.Popen(
            [sys.executable, "-m", _module(kind), kind, str(first + place)],
            env=environment,
        )
        for place, kind in enumerate(kinds)
    ]
    try:
        for place in range(len(kinds)):
            _wait_for(first + place)
        yield first
    finally:
        for server in running:
            server.terminate()
        for server in running:
            server.wait(timeout=20)


def _module(kind: str) -> str:
    return "bench.plain_servers" if kind in PLAIN else "bench.servers"


def _free_ports(count: int) -> int:
    for first in range(18_000, 19_000, 7):
        try:
            for place in range(count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", first + place))
        except OSError:
            continue
        return first
    raise AssertionError("no free port")


def _wait_for(port: int) -> None:
    for _ in range(1200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on {port}")


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(os.environ["BENCH_DATABASE_URL"])), indent=1))
