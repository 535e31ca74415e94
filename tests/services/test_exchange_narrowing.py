"""What a peer cannot take as a whole is narrowed down to the message at fault; the rest goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.exchange.outgoing import Telling, go_on
from services.gateway.exchange.sender import send_to_peers
from tests.harness import eventually
from tests.services.exchange_messages import acts
from tests.services.gateway_exchange import Pair, Platform, open_pair

POISON = "毒"
REFUSED = "outgoing_subjects WHERE problem IS NOT NULL"


class Picky:
    """A peer that takes nothing of a request in which one word stands, or nothing at all."""

    def __init__(self, app: ASGIApp, answer: Response) -> None:
        self.app, self.answer = app, answer
        self.word = POISON.encode()
        self.sizes: list[int] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        messages = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())
        body = b"".join(one.get("body", b"") for one in messages)
        self.sizes.append(body.count(b"\n") + 1)
        if self.word in body:
            await self.answer(scope, receive, send)
            return
        left = iter(messages)

        async def again() -> dict[str, object]:
            return dict(next(left, {"type": "http.disconnect"}))

        await self.app(scope, again, send)


@pytest.fixture
async def pair(postgres: str) -> AsyncIterator[Pair]:
    async with open_pair(postgres) as found:
        yield found


@asynccontextmanager
async def sending(platform: Platform) -> AsyncIterator[None]:
    sender = asyncio.create_task(send_to_peers(platform.runtime))
    try:
        yield
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)


def filed(count: int, *, poisoned: tuple[int, ...]) -> list[Telling]:
    """Two acts of each ticket; the first ones of some hold what the peer cannot take."""
    firsts, seconds = [], []
    for place in range(count):
        first, second = acts(str(uuid4()), 2)
        if place in poisoned:
            first = replace(first, data={**first.data, "signed_by": POISON})
        firsts.append(first)
        seconds.append(second)
    return [*firsts, *seconds]


@pytest.mark.parametrize(
    ("answer", "poisoned"),
    [
        (Response("too large", 413), (17,)),
        (Response("malformed", 422), (0,)),
        (Response("bad", 400), (0, 1, 29)),
        (Response("<html>no JSON</html>", 200), (12, 13)),
        (Response("", 200), (29,)),
    ],
    ids=["too large", "malformed", "bad", "no JSON", "no lines"],
)
async def test_one_message_that_a_peer_cannot_take_stops_its_own_ticket_alone(
    pair: Pair, answer: Response, poisoned: tuple[int, ...]
) -> None:
    city, province = pair
    province.weather.app = picky = Picky(province.weather.app, answer)
    tellings = filed(30, poisoned=poisoned)
    await city.tell(province, *tellings)
    bad = {tellings[place].subject for place in poisoned}
    async with sending(city):

        async def is_narrowed() -> bool:
            return await city.count(REFUSED) == len(bad)

        await eventually(is_narrowed, what="the messages at fault")

        async def others_are_sent() -> bool:
            return await city.count("outgoing") == 2 * len(bad)

        await eventually(others_are_sent, what="all others")
        rows = await city.fetch(f"SELECT subject, problem FROM {REFUSED}")
        assert {row["subject"] for row in rows} == bad
        assert all(row["problem"] for row in rows)
        assert max(picky.sizes) == 60
        picky.word = b"\0"
        async with city.runtime.database.pool.acquire() as connection:
            for subject in bad:
                assert await go_on(connection, province.code, subject)

        async def is_drained() -> bool:
            return await city.count("outgoing") == 0

        await eventually(is_drained, what="what was put right")
    assert await province.count("received_messages") == 60


async def test_a_peer_that_takes_nothing_at_all_makes_nobody_look(pair: Pair) -> None:
    city, province = pair
    province.weather.app = picky = Picky(province.weather.app, Response("no", 422))
    picky.word = b""
    await city.tell(province, *filed(8, poisoned=()))
    async with sending(city):

        async def is_resting() -> bool:
            rows = await city.fetch("SELECT failures FROM exchange_states")
            return bool(rows) and rows[0]["failures"] >= 4

        await eventually(is_resting, what="rest")
        assert await city.count(REFUSED) == 0
        picky.word = b"\0"

        async def is_drained() -> bool:
            return await city.count("outgoing") == 0

        await eventually(is_drained, what="the queue")
    assert await city.count(REFUSED) == 0
    assert await province.count("received_messages") == 16


async def test_a_peer_that_is_down_is_not_asked_in_smaller_pieces(pair: Pair) -> None:
    city, province = pair
    province.weather.app = picky = Picky(province.weather.app, Response("busy", 503))
    picky.word = b""
    await city.tell(province, *filed(8, poisoned=()))
    async with sending(city):

        async def is_open() -> bool:
            return len(picky.sizes) > 2

        await eventually(is_open, what="the breaker")
    # The breaker of this pair opens after two failures: then one message tries the way.
    assert picky.sizes[:3] == [16, 16, 1]
