"""The place that a ticket was handed to reads its clock; who accepted it decides on it (B12)."""

import asyncio
from typing import Any

import httpx
import pytest

from services.sla.orders.acts import Request, raise_by_person
from shared.events.intake import TicketAmended
from shared.events.loop import TicketMoved
from shared.events.words import RequestType, Role, Secrecy
from shared.security import Principal
from tests.harness import Harness, eventually
from tests.services.sla_extensions import Desk, beijing, open_desk, person
from tests.services.sla_orders import SIGN_OVER, open_oversight
from tests.services.sla_tickets import HOUR, MONDAY, UNIT, Sla, open_sla

CITY, COUNTY, OTHER_COUNTY, OTHER_CITY = "512000", "512021", "512022", "511000"
IS_ANY_WAITING = """SELECT EXISTS (SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"""


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    return await open_sla(harness)


@pytest.fixture
async def desk(sla: Sla) -> Desk:
    """A ticket of the city, its unit waiting for more time and for a limit set by law."""
    desk = await open_desk(sla, RequestType.COMPLAINT, jurisdiction=CITY)
    for answer in (await desk.extend(2, at="2026-03-03T09:00"), await desk.set_limit()):
        assert answer.status_code == 200, answer.text
    return desk


async def test_both_places_read_it_and_what_is_asked_of_it(desk: Desk) -> None:
    county = await person(desk.sla, Role.SUPERVISOR, jurisdiction=COUNTY)
    neighbour = await person(desk.sla, Role.SUPERVISOR, jurisdiction=OTHER_COUNTY)
    assert await _reads(desk, county) == (404, 0, 0)
    before = await _deadlines(desk, desk.office)
    await _move(desk.sla, CITY, COUNTY)
    assert await _reads(desk, county) == (200, 1, 1)
    assert await _reads(desk, desk.office) == (200, 1, 1)
    assert await _reads(desk, desk.of_unit) == (200, 1, 1)
    assert await _reads(desk, neighbour) == (404, 0, 0)
    assert await _deadlines(desk, county) == before, "pack and times stay those of the city"

    # As in dispatch, a place in a query finds what was accepted there and what is handled there.
    for who in (county, desk.office, desk.of_unit):
        assert await _count(who, f"/v1/extensions?jurisdiction={COUNTY}") == 1
    assert await _count(desk.office, f"/v1/extensions?jurisdiction={OTHER_COUNTY}") == 0


async def test_handed_back_or_on_it_is_seen_no_longer(desk: Desk) -> None:
    county = await person(desk.sla, Role.SUPERVISOR, jurisdiction=COUNTY)
    neighbour = await person(desk.sla, Role.SUPERVISOR, jurisdiction=OTHER_COUNTY)
    city = await person(desk.sla, Role.SUPERVISOR, jurisdiction=OTHER_CITY)
    for start, end, sees in (
        (CITY, COUNTY, county),
        (COUNTY, OTHER_COUNTY, neighbour),
        (OTHER_COUNTY, CITY, None),
        (CITY, OTHER_CITY, city),
    ):
        await _move(desk.sla, start, end)
        for one in (county, neighbour, city):
            wanted = (200, 1, 1) if one is sees else (404, 0, 0)
            assert await _reads(desk, one) == wanted, (start, end)
        assert await _reads(desk, desk.office) == (200, 1, 1)


async def test_a_sensitive_ticket_is_not_shown_to_all_of_the_place(desk: Desk) -> None:
    await _move(desk.sla, CITY, COUNTY)
    operator = await person(desk.sla, Role.OPERATOR, jurisdiction=COUNTY)
    supervisor = await person(desk.sla, Role.SUPERVISOR, jurisdiction=COUNTY)
    assert await _reads(desk, operator) == (200, 1, 1)
    await desk.sla.hear(TicketAmended(secrecy=Secrecy.SENSITIVE), beijing("2026-03-03T10:00"))
    assert await _reads(desk, operator) == (404, 0, 0)
    assert await _reads(desk, supervisor) == (200, 1, 1)


async def test_who_accepted_it_decides(desk: Desk) -> None:
    await _move(desk.sla, CITY, COUNTY)
    county = await person(desk.sla, Role.SUPERVISOR, jurisdiction=COUNTY)
    refused = {"decision": "refused", "reason": "可按期办结"}
    for act, body in (
        ("decide-extension", refused),
        ("decide-limit", {"is_confirmed": False, "reason": "无此规定"}),
        ("pause", {"ground": "appraisal", "reason": "等待鉴定"}),
    ):
        assert (await desk.act(county, act, body)).status_code == 404
    assert (await desk.act(desk.office, "decide-extension", refused)).status_code == 200
    assert (await desk.decide_limit(is_confirmed=False)).status_code == 200
    assert (await desk.set_limit()).status_code == 200
    assert await _reads(desk, county) == (200, 1, 2), "what was entered after the move, too"


async def test_both_places_read_orders_of_the_ticket_and_the_city_acts(harness: Harness) -> None:
    oversight = await open_oversight(harness)
    ticket = await oversight.dispatch()
    await oversight.miss_signing(ticket, at=SIGN_OVER)
    await _move(oversight.sla, CITY, COUNTY, ticket=ticket)
    for body in ({"ticket_id": str(ticket)}, {}):
        asked = {"unit": UNIT, "ground": "perfunctory", "evidence": "三次电话联系均推诿。"} | body
        raised = await oversight.post("", Role.SUPERVISOR, asked)
        assert raised.status_code == 201, raised.text
        refused = await oversight.post("", Role.SUPERVISOR, asked, jurisdiction=COUNTY)
        assert refused.status_code == 404, "who accepted it supervises"
    assert len(await oversight.orders()) == 3
    reminder, draft = await oversight.orders(jurisdiction=COUNTY)
    assert (reminder["kind"], reminder["ticket_id"], draft["ticket_id"]) == (
        "reminder",
        *(str(ticket), str(ticket)),
    )
    shown = await oversight.get(f"/{draft['id']}", jurisdiction=COUNTY)
    assert shown["state"] == "draft"
    for role, act in ((Role.SUPERVISOR, "drop"), (Role.COORDINATION, "sign")):
        body = {"reason": "不予签发"} if act == "drop" else {}
        path = f"/{draft['id']}/{act}"
        assert (await oversight.post(path, role, body, jurisdiction=COUNTY)).status_code == 404
    await oversight.act(draft, "sign", Role.COORDINATION)

    assert await oversight.orders(jurisdiction=OTHER_COUNTY) == []
    await _move(oversight.sla, COUNTY, CITY, ticket=ticket)
    assert await oversight.orders(jurisdiction=COUNTY) == []
    gone = await (await oversight.client(Role.SUPERVISOR, jurisdiction=COUNTY)).get(
        f"/v1/orders/{draft['id']}"
    )
    assert gone.status_code == 404
    assert len(await oversight.orders()) == 3


async def test_an_order_that_is_drafted_while_the_ticket_moves_goes_along(
    harness: Harness,
) -> None:
    oversight = await open_oversight(harness)
    ticket, runtime = await oversight.dispatch(), oversight.sla.runtime
    request = Request(UNIT, "perfunctory", ticket, "三次电话联系均推诿。")
    caller = Principal("HW0107", Role.SUPERVISOR, CITY)
    async with runtime.database.sessions() as session, session.begin():
        await raise_by_person(session, runtime, caller=caller, request=request)
        moving = asyncio.create_task(_move(oversight.sla, CITY, COUNTY, ticket=ticket))

        async def waits() -> bool:
            return moving.done() or bool(await runtime.database.pool.fetchval(IS_ANY_WAITING))

        await eventually(waits)
    await moving
    assert len(await oversight.orders(jurisdiction=COUNTY)) == 1


async def _move(sla: Sla, start: str, end: str, **ticket: Any) -> None:
    moved = TicketMoved(
        from_jurisdiction=start, to_jurisdiction=end, reason="属地办理", moved_by="HW0107"
    )
    await sla.hear(moved, MONDAY + 2 * HOUR, **ticket)


async def _reads(desk: Desk, who: httpx.AsyncClient) -> tuple[int, int, int]:
    """The answer to reading the deadlines; how many extensions and limits are listed."""
    answer = await who.get(f"/v1/tickets/{desk.sla.ticket}/deadlines")
    asked = [await _count(who, f"/v1/{name}") for name in ("extensions", "limits")]
    return answer.status_code, asked[0], asked[1]


async def _deadlines(desk: Desk, who: httpx.AsyncClient) -> Any:
    answer = await who.get(f"/v1/tickets/{desk.sla.ticket}/deadlines")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def _count(who: httpx.AsyncClient, path: str) -> int:
    answer = await who.get(path)
    assert answer.status_code == 200, answer.text
    return len(answer.json()["items"])
