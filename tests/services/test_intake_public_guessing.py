"""Guessing query codes: counted, delayed, and no work tells what is true (A9)."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from services.intake.app import make_app
from services.intake.public.limits import Addresses
from services.intake.public.rules import SLOTS, delay_seconds, slot_of
from shared.problems import TooManyTries
from shared.runtime import Runtime
from shared.settings import Settings
from tests.services.intake_callers import Desk, desk, intake, operator

__all__ = ["desk", "intake", "operator"]
FREE = Settings().public_tries_free


PASS = "UPDATE tries SET last_at = last_at - $1::interval, next_at = next_at - $1::interval"


@pytest.fixture
async def patient(desk: Desk) -> Desk:
    """The desk with delays so long that a busy machine does not sit them out: time is real."""
    long = {"public_delay_seconds": 100.0, "public_delay_seconds_max": 900.0}
    settings, known = desk.runtime.settings.model_copy(update=long), desk.runtime
    runtime = Runtime(known.service, settings, known.clock, known.database, known.law_book)
    guest = await desk.harness.client(make_app(runtime), "nobody")
    return replace(desk, runtime=runtime, people=desk.people | {"guest": guest})


async def let_pass(desk: Desk, time: timedelta) -> None:
    """As if so much time had passed since the last try."""
    await desk.runtime.database.pool.execute(PASS, time)


@contextmanager
def statements(desk: Desk) -> Iterator[list[str]]:
    """The statements that run meanwhile."""
    engine = desk.runtime.database.sessions.kw["bind"].sync_engine
    run: list[str] = []

    def note(*args: object) -> None:
        run.append(str(args[2]))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield run
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def test_a_wrong_code_and_an_unknown_number_take_the_same_statements(desk: Desk) -> None:
    ticket = await desk.file()
    guest, headers = desk.people["guest"], {"Query-Code": "12345678"}
    with statements(desk) as wrong:
        assert (await guest.get(ticket.public, headers=headers)).status_code == 404
    with statements(desk) as unknown:
        other = ticket.public[:-7] + "7654321"
        assert (await guest.get(other, headers=headers)).status_code == 404
    assert wrong == unknown
    assert len(wrong) >= 2


async def test_codes_that_are_asked_for_take_the_same_statements_whatever_is_true(
    desk: Desk,
) -> None:
    ticket = await desk.file()
    ran = []
    for number, phone in (
        (ticket.number, "13800001234"),
        (ticket.number, "13900001234"),
        (ticket.number[:-7] + "7654321", "13800001234"),
    ):
        with statements(desk) as run:
            body = {"number": number, "phone": phone}
            await desk.people["guest"].post("/v1/public/query-codes", json=body)
        ran.append([one for one in run if "SAVEPOINT" not in one])
    assert ran[0] == ran[1] == ran[2]


async def test_guesses_must_wait_longer_and_longer_even_with_the_right_code(patient: Desk) -> None:
    desk = patient
    ticket = await desk.file()
    for _ in range(FREE):
        assert (await desk.caller(ticket, "", code="1")).status_code == 404
    waits = []
    for _ in range(4):
        assert (await desk.caller(ticket, "", code="1")).status_code == 404
        refused = await desk.caller(ticket, "")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_tries")
        waits.append(int(refused.headers["Retry-After"]))
        await let_pass(desk, timedelta(seconds=waits[-1]))
    assert all(0 <= due - wait < 60 for due, wait in zip((100, 200, 400, 800), waits, strict=True))
    assert (await desk.caller(ticket, "")).status_code == 200
    other = await desk.file()
    assert (await desk.caller(other, "")).status_code == 200


async def test_guesses_side_by_side_and_at_another_process_are_counted_together(
    patient: Desk,
) -> None:
    desk = patient
    ticket = await desk.file()
    second = await desk.harness.client(make_app(desk.runtime), "nobody")
    guesses = [
        one.get(ticket.public, headers={"Query-Code": f"{nth:08}"})
        for nth in range(10)
        for one in (desk.people["guest"], second)
    ]
    statuses = [answer.status_code for answer in await asyncio.gather(*guesses)]
    assert statuses.count(404) == FREE + 1
    assert statuses.count(429) == len(guesses) - FREE - 1


async def test_who_brings_the_right_code_never_waits(desk: Desk) -> None:
    ticket = await desk.file()
    for _ in range(3 * FREE):
        assert (await desk.caller(ticket, "")).status_code == 200


async def test_guesses_are_forgotten_after_a_while(desk: Desk) -> None:
    ticket = await desk.file()
    for _ in range(FREE + 1):
        await desk.caller(ticket, "", code="1")
    await let_pass(desk, timedelta(hours=2))
    for _ in range(FREE):
        assert (await desk.caller(ticket, "", code="1")).status_code == 404


def test_an_address_waits_when_it_guesses_many_numbers_and_memory_stays_bounded() -> None:
    settings = Settings(public_address_tries_free=3, public_addresses_max=10)
    now = 0.0
    addresses = Addresses(settings, clock=lambda: now)
    for _ in range(4):
        addresses.take_try("a")
    with pytest.raises(TooManyTries) as refused:
        addresses.take_try("a")
    assert refused.value.response().headers["Retry-After"] == "2"
    addresses.take_try("b")
    now = 2.0
    addresses.take_try("a")
    now += settings.public_forget_seconds + 5
    for _ in range(3):
        addresses.take_try("a")
    for nth in range(100):
        addresses.take_try(str(nth))
    assert len(addresses) == 10


def test_a_right_code_gives_an_address_its_try_back() -> None:
    addresses = Addresses(Settings(public_address_tries_free=1), clock=lambda: 0.0)
    for _ in range(50):
        addresses.take_try("a")
        addresses.give_back("a")


@given(st.integers(0, 10_000), st.integers(0, 50))
def test_a_delay_never_shrinks_and_never_passes_its_limit(tries: int, free: int) -> None:
    delays = [
        delay_seconds(count, free=free, first=2.0, longest=900.0) for count in (tries, tries + 1)
    ]
    assert delays == sorted(delays)
    assert (delays[0] == 0) == (tries <= free)
    assert delays[1] <= 900


@given(st.text(max_size=40))
def test_every_number_has_its_slot(number: str) -> None:
    assert 0 <= slot_of(number, b"key") < SLOTS
    assert slot_of(number, b"key") == slot_of(number, b"key")
