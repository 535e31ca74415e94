"""Sending what units are told: to those of their contacts who are there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from services.dispatch.reminders.rules import is_open
from shared.database import Connection
from shared.events.words import DutyHours
from shared.lawbook import LawBook
from shared.notices import Address, Claimed, NoticeKind, send_notices
from shared.notifiers import open_notifier
from shared.runtime import Runtime
from shared.worker import Task

FIND = """SELECT c.unit, c.kind, c.address, c.duty_hours, u.jurisdiction
FROM unit_contacts c JOIN units u ON u.code = c.unit WHERE c.unit = ANY($1::text[])
ORDER BY c.unit, c.kind, c.address"""
TIME = "SELECT coalesce($1::timestamptz, clock_timestamp())"


def tasks(runtime: Runtime) -> dict[str, Task]:
    """The loop that sends."""
    return {"notices": lambda: send_all(runtime)}


async def send_all(runtime: Runtime) -> None:
    """Send to units, for ever."""
    async with open_notifier(runtime.settings) as notifier:
        await send_notices(runtime, partial(resolve, runtime), notifier)


async def resolve(
    runtime: Runtime, connection: Connection, notices: Sequence[Claimed]
) -> Mapping[UUID, Sequence[Address]]:
    """Where each notice goes by the units' contacts as they are now (B15).

    While a unit is closed those on duty day and night are called, where it names any.
    """
    law_book: LawBook = runtime.law_book
    law = await law_book.read(connection)
    now: datetime = await connection.fetchval(TIME, runtime.clock.stepped)
    codes = {one.to for one in notices if one.kind is NoticeKind.UNIT}
    contacts: dict[str, list[tuple[Address, bool]]] = {}
    for row in await connection.fetch(FIND, list(codes)):
        pack = law.in_force(row["jurisdiction"], now)
        open_now = is_open(now, pack=pack, calendar=law.calendar(row["jurisdiction"]))
        is_there = open_now or row["duty_hours"] == DutyHours.ALWAYS
        address = Address(row["kind"], row["address"])
        contacts.setdefault(row["unit"], []).append((address, is_there))
    reached = {unit: _reached(known) for unit, known in contacts.items()}
    return {one.id: reached.get(one.to, ()) for one in notices if one.kind is NoticeKind.UNIT}


def _reached(known: Sequence[tuple[Address, bool]]) -> Sequence[Address]:
    there = [address for address, is_there in known if is_there]
    return there or [address for address, _ in known]
