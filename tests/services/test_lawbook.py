"""A ticket keeps the pack that it was accepted under, in every service that hears of packs (C1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from fastapi import FastAPI

import services.dispatch.app
import services.dispatch.consumer
import services.intake.app
import services.intake.consumer
import services.sla.app
import services.sla.consumer
from shared.events.envelope import Event, Payload
from shared.events.intake import TicketCreated
from shared.events.sla import CalendarPublished, PolicyPublished
from shared.events.words import Role, Service
from shared.inbox import Handlers
from shared.lawbook import LawBook, keep_policies
from shared.policy.load import builtin_packs
from shared.runtime import Runtime
from shared.worker import make_inbox
from tests.harness import Harness, token
from tests.services.law_texts import ziyang_2
from tests.services.sla_tickets import created
from tests.unit.notices import DAI_NEW_YEAR_2026

MONDAY = datetime.fromisoformat("2026-03-02T09:00+08:00")
COMPLAINT = {
    "jurisdiction": "512000",
    "type": "complaint",
    "title": "路灯不亮",
    "content": "路口的路灯三天没有亮。",
    "channel": "phone",
}


@dataclass
class Town:
    """Three services, their events carried by hand."""

    harness: Harness
    runtimes: dict[Service, Runtime]
    apps: dict[Service, FastAPI]
    handlers: dict[Service, Handlers]

    async def client(self, service: Service, role: Role, place: str = "000000") -> Any:
        bearer = token(self.harness.settings, role, jurisdiction=place)
        return await self.harness.client(self.apps[service], bearer)

    async def carry(self, speaker: Service, *listeners: Service) -> list[Event[Payload]]:
        """What a service has said since the last time goes to others."""
        runtime = self.runtimes[speaker]
        events = await self.harness.said(runtime)
        await runtime.database.pool.execute("DELETE FROM outbox")
        for listener in listeners:
            heard = [event for event in events if listener in event.data.heard_by]
            runtime = self.runtimes[listener]
            await self.harness.hear(runtime, self.handlers[listener], *heard)
        return events

    async def publish(self, text: str) -> str:
        """Publish a pack, and let all hear of it; its hash."""
        office = await self.client(Service.SLA, Role.ADMINISTRATOR)
        answer = await office.post("/v1/policies", json={"file": "pack.toml", "text": text})
        assert answer.status_code == 201, answer.text
        await self.carry(Service.SLA, Service.INTAKE, Service.DISPATCH)
        found: str = answer.json()["hash"]
        return found

    async def file(self, **changes: Any) -> str:
        """A complaint, filed and heard of; the ticket's id."""
        operator = await self.client(Service.INTAKE, Role.OPERATOR, "512000")
        answer = await operator.post("/v1/tickets", json=COMPLAINT | changes)
        assert answer.status_code == 201, answer.text
        await self.carry(Service.INTAKE, Service.SLA, Service.DISPATCH)
        ticket: str = answer.json()["id"]
        return ticket

    async def handling(self, service: Service, ticket: str) -> str:
        """When a service says that handling is due, in Beijing time."""
        person = await self.client(service, Role.SUPERVISOR, "512000")
        path = f"/v1/tickets/{ticket}"
        if service is Service.SLA:
            items = (await person.get(f"{path}/deadlines")).json()["items"]
        else:
            items = (await person.get(path)).json()["deadlines"]
        (due_at,) = [item["due_at"] for item in items if item["step"] == "handle"]
        return str(due_at)[:16]


@pytest.fixture
async def town(harness: Harness) -> Town:
    harness.clock.stepped = MONDAY
    modules = {
        Service.INTAKE: (services.intake.app, services.intake.consumer),
        Service.DISPATCH: (services.dispatch.app, services.dispatch.consumer),
        Service.SLA: (services.sla.app, services.sla.consumer),
    }
    runtimes = {service: await harness.runtime(service) for service in modules}
    town = Town(
        harness,
        runtimes,
        {one: modules[one][0].make_app(runtimes[one]) for one in modules},
        {one: modules[one][1].handlers(runtimes[one]) for one in modules},
    )
    intake = await town.client(Service.INTAKE, Role.ADMINISTRATOR)
    assert (await intake.put("/v1/jurisdictions/512000", json={"name": "资阳市"})).is_success
    office = await town.client(Service.DISPATCH, Role.ADMINISTRATOR)
    unit = {"name": "资阳市城管局", "jurisdiction": "512000"}
    assert (await office.put("/v1/units/512000-01", json=unit)).is_success
    rule = {"jurisdiction": "512000", "unit": "512000-01"}
    assert (await office.put("/v1/duty-rules/512000-0", json=rule)).is_success
    return town


async def test_a_ticket_keeps_the_pack_that_it_was_accepted_under(town: Town) -> None:
    old = await town.file()
    await town.carry(Service.DISPATCH, Service.SLA)
    await town.publish(ziyang_2(days=6, since="2026-03-01"))
    new = await town.file()
    await town.carry(Service.DISPATCH, Service.SLA)
    for service in (Service.DISPATCH, Service.SLA):
        assert await town.handling(service, old) == "2026-03-11T17:30", "seven working days"
        assert await town.handling(service, new) == "2026-03-10T17:30", "six"


async def test_a_version_holds_from_its_day_on_at_intake(town: Town) -> None:
    newer = await town.publish(ziyang_2(since="2026-03-03"))
    person = await town.client(Service.DISPATCH, Role.SUPERVISOR, "512000")
    today = await town.file()
    town.harness.clock.step_to(MONDAY + timedelta(hours=15))
    tomorrow = await town.file()
    hashes = [
        (await person.get(f"/v1/tickets/{ticket}")).json()["policy"] for ticket in (today, tomorrow)
    ]
    assert hashes == [builtin_packs()["512000"].content_hash, newer]


async def test_what_names_a_pack_not_heard_of_waits_for_it(town: Town) -> None:
    office = await town.client(Service.SLA, Role.ADMINISTRATOR)
    body = {"file": "pack.toml", "text": ziyang_2()}
    policy = (await office.post("/v1/policies", json=body)).json()["hash"]
    dispatch = town.runtimes[Service.DISPATCH]
    ticket = str(uuid4())
    event = town.harness.event(created(policy=policy), ticket, time=MONDAY)
    await town.harness.hear(dispatch, town.handlers[Service.DISPATCH], event)
    person = await town.client(Service.DISPATCH, Role.SUPERVISOR, "512000")
    assert (await person.get(f"/v1/tickets/{ticket}")).status_code == 404
    assert await dispatch.database.pool.fetchval("SELECT reason FROM parked") == "waiting"
    await town.carry(Service.SLA, Service.DISPATCH)
    inbox = make_inbox(dispatch, town.handlers[Service.DISPATCH])
    await inbox.replay(ticket, now=MONDAY, accept_gap=False)
    shown = (await person.get(f"/v1/tickets/{ticket}")).json()
    assert shown["policy"] == policy


async def test_a_local_holiday_moves_what_dispatch_shows(town: Town) -> None:
    notice = DAI_NEW_YEAR_2026.replace('"532800"', '"512000"').replace("2026-04", "2026-03")
    notice = notice.replace("2026-03-13", "2026-03-05").replace("2026-03-16", "2026-03-05")
    notice = notice.replace("2026-03-18", "2026-03-14")
    ticket = await town.file()
    await town.carry(Service.DISPATCH, Service.SLA)
    office = await town.client(Service.SLA, Role.ADMINISTRATOR)
    answer = await office.post("/v1/calendars", json={"file": "notice.toml", "text": notice})
    assert answer.json()["moved"] == 1, answer.text
    said = await town.carry(Service.SLA, Service.INTAKE, Service.DISPATCH)
    assert [event.data.type for event in said][-1] == CalendarPublished.type
    for service in (Service.DISPATCH, Service.SLA):
        assert await town.handling(service, ticket) == "2026-03-12T17:30"


async def test_what_a_rolled_back_transaction_read_is_forgotten(harness: Harness) -> None:
    runtime = await harness.runtime(Service.INTAKE)
    book, day = LawBook(), MONDAY
    for number, keeps in ((1, False), (2, True)):
        async with runtime.database.pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await keep_policies(connection, [_published("512000", str(number))])
            law = await book.read(connection)
            assert law.in_force("512000", day).version == str(number)
            await (transaction.commit() if keeps else transaction.rollback())
    async with runtime.database.pool.acquire() as connection:
        law = await book.read(connection)
    assert [pack.version for pack in law.versions["512000"]] == ["2"]


async def test_a_pack_that_cannot_be_read_does_not_stop_the_rest(harness: Harness) -> None:
    runtime = await harness.runtime(Service.INTAKE)
    strange = _published("512000", "3", colour="red")
    async with runtime.database.pool.acquire() as connection:
        await keep_policies(connection, [strange, _published("530000", "4")])
        law = await LawBook().read(connection)
    assert law.in_force("512000", MONDAY).version == "1"
    assert law.in_force("530000", MONDAY).version == "4"
    assert law.pack(strange.data.hash) is None


def _published(code: str, version: str, **more: Any) -> Event[PolicyPublished]:
    dumped = builtin_packs()[code].model_dump(mode="json", by_alias=True)
    data = PolicyPublished(
        jurisdiction=code,
        version=version,
        effective_from=MONDAY - timedelta(days=9),
        hash=uuid4().hex,
        pack=orjson.dumps(dumped | {"version": version} | more).decode(),
    )
    return Event("/530000/sla", code, int(version), MONDAY, data)


async def test_the_hash_in_the_ticket_is_the_published_one(town: Town) -> None:
    policy = await town.publish(ziyang_2(since="2026-03-01"))
    operator: httpx.AsyncClient = await town.client(Service.INTAKE, Role.OPERATOR, "512000")
    assert (await operator.post("/v1/tickets", json=COMPLAINT)).status_code == 201
    (event,) = await town.harness.said(town.runtimes[Service.INTAKE])
    assert isinstance(event.data, TicketCreated)
    assert event.data.policy == policy
