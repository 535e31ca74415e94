"""What the door takes: pace, calls at once, time, headers (F8)."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.app import make_app
from services.gateway.limits import Rates, read_rates
from services.intake.app import make_app as make_intake
from shared.events.words import Role, Service
from shared.overload import TooManyRequests
from shared.security import Principal
from shared.settings import Settings
from tests.harness import Harness, eventually, token
from tests.services.gateway_peers import TICKET, code_of
from tests.services.test_import_command import listening


@dataclass
class Patient:
    """A service that answers when it is let."""

    free: asyncio.Event = field(default_factory=asyncio.Event)
    at_work: int = 0
    answered: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.at_work += 1
        try:
            await self.free.wait()
        finally:
            self.at_work -= 1
        self.answered += 1
        await JSONResponse({"ok": True})(scope, receive, send)


async def door(harness: Harness, behind: ASGIApp, **limits: Any) -> Any:
    settings = harness.settings.model_copy(update=limits)
    runtime = await Harness(settings, harness.clock, harness.stack).runtime(Service.GATEWAY)
    return make_app(runtime, {Service.DISPATCH: behind, Service.INTAKE: behind})


async def client(
    harness: Harness, app: Any, role: Role = Role.OPERATOR, **who: Any
) -> httpx.AsyncClient:
    return await harness.client(app, token(harness.settings, role, **who))


async def test_a_burst_is_told_when_to_come_again_and_others_are_not_held_up(
    harness: Harness,
) -> None:
    behind = Patient()
    behind.free.set()
    app = await door(harness, behind, client_rate_per_second=5, client_burst=5, role_rates="unit=1")
    hasty, other = [await client(harness, app, subject=one) for one in ("HW0107", "HW0108")]
    answers = await asyncio.gather(*(hasty.get(TICKET) for _ in range(20)))
    refused = [one for one in answers if one.status_code == 429]
    assert 1 <= len(refused) <= 15, "five at once, and some more meanwhile"
    assert code_of(refused[0]) == "too_many_requests"
    assert refused[0].headers["Retry-After"] == "1"
    assert (await other.get(TICKET)).status_code == 200
    unit = await client(harness, app, Role.UNIT, unit="512000-01")
    by_role = await asyncio.gather(*(unit.get(TICKET) for _ in range(3)))
    assert [one.status_code for one in by_role] == [200, 200, 429], "a burst of twice its pace"
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await hasty.get(path)).status_code == 200, "health is never limited"
    shown = (await hasty.get("/metrics")).text
    assert 'hotline_calls_refused_total{code="too_many_requests"}' in shown

    async def passes() -> bool:
        return (await hasty.get(TICKET)).status_code == 200

    await eventually(passes, what="a later call")


def test_a_bucket_fills_again_and_forgets_whom_it_has_not_seen_longest() -> None:
    now = [0.0]
    settings = Settings(
        client_rate_per_second=2, client_burst=3, clients_watched_max=2, role_rates="platform=0.1"
    )
    rates = Rates(settings, clock=lambda: now[0])
    one = Principal("one", Role.OPERATOR, "512000")

    def takes(who: Principal = one) -> int:
        count = 0
        with contextlib.suppress(TooManyRequests):
            while True:
                rates.take(who)
                count += 1
        return count

    assert takes() == 3
    now[0] = 1.0
    assert takes() == 2
    now[0] = 100.0
    assert takes() == 3
    platform = Principal("platform:510000", Role.PLATFORM, "510000")
    rates.take(platform)
    with pytest.raises(TooManyRequests) as refused:
        rates.take(platform)
    assert refused.value.seconds == 10
    rates.take(Principal("three", Role.OPERATOR, "512000"))
    assert takes() == 3, "forgotten, so its bucket is full"
    with pytest.raises(ValueError, match="nobody"):
        read_rates("nobody=3")


async def test_an_overload_is_answered_503_while_what_was_let_in_is_finished(
    harness: Harness,
) -> None:
    behind = Patient()
    app = await door(harness, behind, in_flight_max=2, in_flight_queue_max=1)
    caller = await client(harness, app)
    accepted = [asyncio.create_task(caller.get(TICKET)) for _ in range(3)]

    async def is_full() -> bool:
        return behind.at_work == 2

    await eventually(is_full)
    answer = await caller.get(TICKET)
    assert code_of(answer) == "overloaded"
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert (await caller.get("/healthz")).status_code == 200
    feed = await client(harness, app, Role.UNIT, unit="512000-01")
    polled = await feed.get("/v1/feeds/dispatches", params={"wait": 1})
    assert polled.status_code == 200, "a long poll takes no turn of the others"
    behind.free.set()
    assert [one.status_code for one in await asyncio.gather(*accepted)] == [200] * 3
    assert (await caller.get(TICKET)).status_code == 200


async def test_a_turn_that_does_not_come_and_an_answer_that_does_not_begin_are_given_up(
    harness: Harness,
) -> None:
    behind = Patient()
    app = await door(
        harness, behind, in_flight_max=1, in_flight_wait_seconds_max=0.1, answer_seconds_max=0.5
    )
    caller = await client(harness, app)
    first, second = await asyncio.gather(caller.get(TICKET), caller.get(TICKET))
    assert [code_of(first), code_of(second)] == ["answer_too_slow", "overloaded"]
    assert first.headers["Retry-After"] == "5"
    assert (behind.at_work, behind.answered) == (0, 0), "nobody works for nobody"
    behind.free.set()
    assert (await caller.get(TICKET)).status_code == 200


async def test_long_calls_have_a_number_of_their_own(harness: Harness) -> None:
    app = await door(harness, Patient(), long_calls_max=1)
    feed = await client(harness, app, Role.UNIT, unit="512000-01")
    polls = [
        asyncio.create_task(feed.get("/v1/feeds/dispatches", params={"wait": 1})) for _ in range(2)
    ]
    codes = sorted([code_of(one) for one in await asyncio.gather(*polls)])
    assert codes == ["200", "overloaded"]


@pytest.mark.parametrize(
    ("path", "type_"),
    [(f"{TICKET}/sign", "application/json"), ("/v1/attachments", "application/pdf")],
)
async def test_a_slow_sender_is_cut_off(harness: Harness, path: str, type_: str) -> None:
    intake = await harness.runtime(Service.INTAKE)
    app = await door(harness, make_intake(intake), body_seconds_max=0.3)
    bearer = token(harness.settings, Role.OPERATOR)
    async with listening(app) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bearer}\r\n"
            f"Content-Type: {type_}\r\nContent-Length: 100\r\n\r\n%PDF-1.7"
        )
        writer.write(head.encode())
        async with asyncio.timeout(60):
            answer = (await reader.read()).decode()
        writer.close()
    assert answer.startswith("HTTP/1.1 408"), answer
    assert "body_too_slow" in answer


@pytest.mark.parametrize(
    "headers", [{f"x-{number}": "1" for number in range(101)}, {"x-large": "1" * 40_000}]
)
async def test_too_many_or_too_large_headers_are_refused(
    harness: Harness, headers: dict[str, str]
) -> None:
    caller = await client(harness, await door(harness, Patient()))
    answer = await caller.get(TICKET, headers=headers)
    assert (answer.status_code, code_of(answer)) == (431, "headers_too_large")


async def test_a_deeply_nested_body_is_no_failure_of_ours(harness: Harness) -> None:
    app = await door(harness, Patient())
    administrator = await client(harness, app, Role.ADMINISTRATOR)
    body = b'{"name":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    answer = await administrator.put("/v1/peers/512000", content=body)
    assert answer.status_code in (400, 422)
