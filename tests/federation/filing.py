"""What comes in at each platform, share by share, and what of it was acknowledged."""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from shared.events.words import Role
from tests.federation.processes import Ours
from tests.federation.world import (
    CITIES,
    FIRST,
    FOREIGN,
    HOME,
    OF_FOREIGN,
    PROVINCE,
    SECOND,
    TO_FIRST,
    TO_FOREIGN,
    TO_SECOND,
    World,
)

LINES = 1_000
ATTEMPTS_MAX = 600
LOOK_SECONDS = 0.3


@dataclass(frozen=True)
class Scale:
    """How much happens, and how long things may take."""

    up: int
    """Tickets of both cities that are nobody's but theirs."""
    across: int
    """Tickets that cross, in all four ways."""
    queued_min: int
    """The province comes back when so many messages wait for it or in it."""
    kills: int
    """How often each process is killed."""
    seconds_max: float
    seed: int = 5


@dataclass
class Ledger:
    """What was acknowledged."""

    scale: Scale
    filed: dict[str, list[str]] = field(default_factory=lambda: {code: [] for code in CITIES})
    across: dict[str, str] = field(default_factory=dict)
    """Tickets of our cities that must cross, each with its category."""
    of_foreign: list[str] = field(default_factory=list)
    foreign_up: list[str] = field(default_factory=list)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: dict[str, float] = field(default_factory=dict)
    queued: int = 0
    """How many messages waited when the province came back."""
    sent: int = 0
    """How many had been sent until then."""


async def file_share(world: World, ledger: Ledger, place: int) -> None:
    """A third of everything, of each kind and in both cities at once."""
    scale = ledger.scale
    quarter = scale.across // 4
    wanted = {
        (FIRST, "01"): scale.up // 2,
        (SECOND, "01"): scale.up - scale.up // 2,
        (FIRST, TO_SECOND): quarter,
        (SECOND, TO_FIRST): quarter,
        (FIRST, TO_FOREIGN): quarter,
    }
    async with asyncio.TaskGroup() as group:
        for (code, category), count in wanted.items():
            share = _third(count, place)
            group.create_task(_file(world.ours[code], ledger, category, share))
        share = _third(scale.across - 3 * quarter, place)
        group.create_task(_tell_of_foreign(world, ledger, share))


def _third(count: int, place: int) -> int:
    return count * (place + 1) // 3 - count * place // 3


async def _file(city: Ours, ledger: Ledger, category: str, count: int) -> None:
    async with city.client(Role.OPERATOR) as operator:
        for start in range(0, count, LINES):
            lines = [_request(city.code, category) for _ in range(min(LINES, count - start))]
            body = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
            found = await _insist_bulk(operator, body)
            ledger.filed[city.code] += found
            if category in HOME:
                ledger.across |= dict.fromkeys(found, category)


def _request(place: str, category: str) -> dict[str, Any]:
    return {
        "jurisdiction": place,
        "type": "help",
        "title": "路面破损",
        "content": f"第{uuid4().int % 10**9}号路段路面破损，请尽快修复。",
        "channel": "web",
        "channel_ref": uuid4().hex,
        "category": category,
        "caller": {"name": "岩温", "phone": f"13{uuid4().int % 10**9:09d}"},
    }


async def _insist_bulk(client: httpx.AsyncClient, body: bytes) -> list[str]:
    """File lines until they are acknowledged, always under the same key."""
    headers = {"Idempotency-Key": uuid4().hex, "Content-Type": "application/x-ndjson"}
    last = ""
    for _ in range(ATTEMPTS_MAX):
        with suppress(httpx.HTTPError):
            answer = await client.post("/v1/tickets/bulk", content=body, headers=headers)
            last = f"{answer.status_code} {answer.text[:300]}"
            if answer.is_success:
                lines = [json.loads(one) for one in answer.text.split("\n") if one]
                assert {one["status"] for one in lines} == {201}, last
                return [one["id"] for one in lines]
            assert answer.status_code >= 500, last
        await asyncio.sleep(LOOK_SECONDS)
    raise AssertionError(f"lines were never acknowledged: {last}")


async def _tell_of_foreign(world: World, ledger: Ledger, count: int) -> None:
    """The foreign city forwards tickets of its own, and reports others."""
    now = datetime.now(UTC).isoformat()
    told, forwarded, reported = [], [], []
    for number in range(count):
        ticket, other = str(uuid4()), str(uuid4())
        forwarded.append(ticket)
        reported.append(other)
        words = {
            "number": f"WS-{number}",
            "jurisdiction": FIRST,
            "request_type": "help",
            "title": "路灯不亮",
            "content": "交界路段路灯不亮，请修复。",
        }
        forward = words | {"category": OF_FOREIGN, "accepted_at": now, "forwarded_at": now}
        created = words | {"jurisdiction": FOREIGN, "channel": "phone", "policy": "none"}
        signed = {"unit": "U1", "signed_by": "WP001"}
        for subject, kind, of, data in (
            (ticket, "forward", "ticket.forward", forward),
            (other, "ticket", "ticket.created", created),
            (other, "act", "ticket.signed", signed),
        ):
            message = {"peer": PROVINCE, "subject": subject, "kind": kind, "time": now}
            told.append(message | {"payload": {"type": of, "data": data}})
    # Told before the first kill of a share, and once: its small door knows no key.
    if told:
        await world.foreign.ask("POST", "/foreign/tell", told)
    ledger.of_foreign += forwarded
    ledger.foreign_up += reported
