"""Messages between a city and its province: each once, in order, whatever happens on the way."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.gateway.exchange.sender import NotTaken
from shared.database import is_transient, plain_url
from shared.events.words import Role
from tests.services.exchange_messages import acts, line, shuffled
from tests.services.gateway_exchange import Pair, open_pair, said, statuses


@pytest.fixture
async def pair(postgres: str) -> AsyncIterator[Pair]:
    async with open_pair(postgres) as found:
        yield found


async def test_five_thousand_messages_survive_whatever_happens_on_the_way(pair: Pair) -> None:
    """Answers get lost, both databases drop their connections, and each message counts once."""
    city, province = pair
    dice = random.Random(12345)
    tickets = [str(uuid4()) for _ in range(250)]
    await city.tell(
        province, *shuffled([one for ticket in tickets for one in acts(ticket, 20)], dice)
    )
    province.weather.loses = lambda: dice.random() < 0.3
    is_over = asyncio.Event()
    killer = asyncio.create_task(_kill_connections(pair, dice, is_over))
    try:
        while True:
            try:
                if await city.send(province, limit=dice.choice((60, 250, 900))) == 0:
                    break
            except NotTaken:
                continue
            except Exception as error:
                if not is_transient(error):
                    raise
    finally:
        is_over.set()
        await killer
    assert province.weather.lost > 1
    assert (await city.count("sent"), await province.count("received_messages")) == (5000, 5000)
    heard = await said(province)
    assert heard == {ticket: [(n, n) for n in range(1, 21)] for ticket in tickets}


async def _kill_connections(pair: Pair, dice: random.Random, is_over: asyncio.Event) -> None:
    urls = [plain_url(one.runtime.settings.database_url) for one in pair]
    killers = [await asyncpg.connect(url) for url in urls]
    try:
        while not is_over.is_set():
            await dice.choice(killers).execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()"""
            )
            try:
                async with asyncio.timeout(0.1 + dice.random() / 2):
                    await is_over.wait()
            except TimeoutError:
                continue
    finally:
        for one in killers:
            await one.close()


async def test_repeats_gaps_and_disorder_are_answered_line_by_line(pair: Pair) -> None:
    city, province = pair
    ticket, other = str(uuid4()), str(uuid4())
    first, second, third = (line(ticket, number) for number in (1, 2, 3))
    answers = await city.post(province, [first, third, line(other, 1), second, first, third])
    assert statuses(answers) == [
        *("accepted", "out_of_order", "accepted", "accepted", "duplicate", "accepted"),
    ]
    assert answers[1]["expected"] == 2
    again = await city.post(province, [second, third, line(ticket, 5)])
    assert statuses(again) == ["duplicate", "duplicate", "out_of_order"]
    assert again[2]["expected"] == 4
    assert (await said(province))[ticket] == [(1, 1), (2, 2), (3, 3)]


async def test_what_is_no_message_for_us_is_refused_by_field_and_the_rest_goes_on(
    pair: Pair,
) -> None:
    city, province = pair
    ticket = str(uuid4())
    good = line(ticket, 1)
    lines = [
        line(ticket, 1, **{"from": "513000"}),
        line(ticket, 1, to="520000"),
        line("no-ticket", 1),
        line(ticket, 0),
        line(ticket, 1, kind="gossip"),
        good,
        good | {"payload": {"type": "ticket.signed", "data": {"unit": "x", "signed_by": "y"}}},
        line(ticket, 1),
    ]
    answers = await city.post(province, lines)
    assert statuses(answers) == ["refused"] * 5 + ["accepted", "refused", "refused"]
    wrong = [answer["problem"]["errors"][0] for answer in answers if "problem" in answer]
    assert [(one["field"], one["code"]) for one in wrong] == [
        ("from", "not_the_sender"),
        ("to", "not_here"),
        ("subject", "uuid_parsing"),
        ("sequence", "greater_than_equal"),
        ("kind", "enum"),
        ("id", "id_reused"),
        ("sequence", "sequence_reused"),
    ]
    assert answers[0]["id"] == lines[0]["id"], "the line's own id comes back"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"time": "0001-01-01T00:00:00+14:00"}, "time"),
        ({"time": "9999-12-31T23:59:59-05:00"}, "time"),
        ({"time": "2201-01-01T00:00:00Z"}, "time"),
        ({"kind": "call", "subject": "a\0b", "payload": {"type": "x", "data": {}}}, "subject"),
    ],
)
async def test_what_nothing_can_keep_is_refused_for_its_line_alone(
    pair: Pair, wrong: dict[str, Any], field: str
) -> None:
    city, province = pair
    ticket = str(uuid4())
    lines = [line(ticket, 1), line(str(uuid4()), 1) | wrong, line(ticket, 2)]
    answers = await city.post(province, lines)
    assert statuses(answers) == ["accepted", "refused", "accepted"]
    assert [one["field"] for one in answers[1]["problem"]["errors"]] == [field]


async def test_only_a_platform_that_signed_may_send(pair: Pair) -> None:
    _, province = pair
    for role in (Role.PLATFORM, Role.OPERATOR, Role.SUBCENTER):
        async with province.client(role) as client:
            answer = await client.post("/v1/exchange/messages", json=line(str(uuid4()), 1))
            assert answer.status_code in (401, 403), role
    assert await province.count("received") == 0
