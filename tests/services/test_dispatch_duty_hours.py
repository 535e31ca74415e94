"""Emergencies by night go to units that are on duty (B15, ZY 13.4, 35)."""

from datetime import UTC, datetime, timedelta

from shared.events.words import Role, Urgency
from tests.services.dispatch_desk import (
    HOUSING,
    RETURN,
    UNITS,
    WATER,
    Desk,
    desk,
    get,
    post,
    put,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

NIGHT = datetime(2026, 9, 14, 18, 30, tzinfo=UTC)
"""Half past two on Tuesday morning in Ziyang."""
MORNING = NIGHT + timedelta(hours=8)
DISPOSAL = "512000-disposal"


async def set_hours(desk: Desk, unit: str, hours: str) -> None:
    administrator = await desk.person(Role.ADMINISTRATOR)
    await put(administrator, f"/v1/units/{unit}", UNITS[unit] | {"duty_hours": hours})


async def unit_of(desk: Desk, ticket: str) -> str | None:
    supervisor = await desk.person(Role.SUPERVISOR)
    unit: str | None = (await get(supervisor, f"/v1/tickets/{ticket}"))["unit"]
    return unit


async def test_an_emergency_by_night_goes_to_the_next_unit_that_is_on_duty(
    ruled_desk: Desk,
) -> None:
    clock = ruled_desk.harness.clock
    clock.stepped = NIGHT
    await set_hours(ruled_desk, HOUSING, "always")
    found = {}
    for urgency in Urgency:
        ticket = await ruled_desk.file(time=clock.stepped, urgency=urgency)
        found[urgency] = await unit_of(ruled_desk, ticket)
    assert found == {
        Urgency.NORMAL: WATER,
        Urgency.SPECIAL: HOUSING,
        Urgency.CRITICAL: HOUSING,
    }
    clock.step_to(MORNING)
    by_day = await ruled_desk.file(time=MORNING, urgency=Urgency.CRITICAL)
    assert await unit_of(ruled_desk, by_day) == WATER


async def test_where_nobody_is_on_duty_the_emergency_goes_to_the_competent_unit(
    ruled_desk: Desk,
) -> None:
    ruled_desk.harness.clock.stepped = NIGHT
    ticket = await ruled_desk.file(time=NIGHT, urgency=Urgency.CRITICAL)
    assert await unit_of(ruled_desk, ticket) == WATER
    await set_hours(ruled_desk, WATER, "always")
    await set_hours(ruled_desk, HOUSING, "always")
    ticket = await ruled_desk.file(time=NIGHT, urgency=Urgency.CRITICAL)
    assert await unit_of(ruled_desk, ticket) == WATER


async def test_a_return_granted_by_night_finds_a_unit_on_duty(ruled_desk: Desk) -> None:
    administrator = await ruled_desk.person(Role.ADMINISTRATOR)
    disposal = {"name": "资阳市应急管理局", "jurisdiction": "512000", "duty_hours": "always"}
    await put(administrator, f"/v1/units/{DISPOSAL}", disposal)
    rule = {"jurisdiction": "512000", "unit": DISPOSAL, "priority": 900}
    await put(administrator, "/v1/duty-rules/512000-9000", rule)
    ruled_desk.harness.clock.stepped = NIGHT - timedelta(hours=12)
    by_day = ruled_desk.harness.clock.stepped
    ticket = await ruled_desk.file(time=by_day, urgency=Urgency.SPECIAL)
    assert await unit_of(ruled_desk, ticket) == WATER
    ruled_desk.harness.clock.step_to(NIGHT)
    water = await ruled_desk.unit(WATER)
    await post(water, f"/v1/tickets/{ticket}/return", RETURN)
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    granted = {"decision": "granted", "reason": "经核实属实"}
    decided = await post(supervisor, f"/v1/tickets/{ticket}/decide-return", granted)
    assert decided["unit"] == DISPOSAL
    rows = (await get(supervisor, "/v1/units?jurisdiction=512000"))["items"]
    assert {row["code"]: row["duty_hours"] for row in rows}[DISPOSAL] == "always"
