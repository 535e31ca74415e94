"""Erasing at intake: by night when its time is over, and because a caller asks (F6, F9)."""

import asyncio
from datetime import timedelta
from uuid import UUID

import orjson
from typer.testing import CliRunner

from deploy.cli import app
from services.intake.attachments.store import open_store
from services.intake.erasures.worker import erase_batch
from shared.erasure import MARK
from shared.events.dispatch import TicketWithdrawn
from shared.events.intake import TicketErased
from shared.events.words import Role
from tests.services.intake_callers import (
    MONDAY,
    Desk,
    Filed,
    closed,
    desk,
    intake,
    operator,
    post,
    replied,
)

__all__ = ["desk", "intake", "operator"]
PHONE = {"phone": "138 0000 1234", "purpose": "来电核对"}


async def ended(desk: Desk) -> Filed:
    """A request that is over."""
    ticket = await desk.replied()
    await desk.hear(ticket, closed())
    return ticket


async def night(desk: Desk, *, days: float) -> int:
    """A night, so many days after `MONDAY`; how many tickets were erased."""
    desk.harness.clock.stepped = MONDAY + timedelta(days=days)
    return await erase_batch(desk.runtime, open_store(desk.runtime.settings))


async def test_what_is_over_its_time_is_erased_by_night_and_its_caller_with_the_last(
    desk: Desk,
) -> None:
    first, running = await ended(desk), await desk.file()
    desk.harness.clock.stepped = MONDAY + timedelta(days=10)
    second = await ended(desk)
    assert await night(desk, days=1094) == 0
    assert await night(desk, days=1096) == 1
    [said] = await desk.said(first, TicketErased)
    assert (said.number, said.is_requested) == (first.number, False)
    found = await post(desk.operator, "/v1/callers/history", **PHONE)
    assert {one["id"] for one in found["items"]} == {running.id, second.id}
    await desk.hear(running, TicketWithdrawn(reason="不再需要", decided_by="HW0001"))
    assert await night(desk, days=1096 + 10) == 1
    assert await night(desk, days=1096 + 1096) == 1
    assert (await post(desk.operator, "/v1/callers/history", **PHONE))["caller_id"] is None
    row = await desk.runtime.database.pool.fetchrow(
        "SELECT identity, title, caller_id, state FROM tickets WHERE id = $1", UUID(first.id)
    )
    assert tuple(row) == (None, MARK, None, "closed")
    assert await night(desk, days=9_000) == 0
    actions = await desk.runtime.database.pool.fetch(
        "SELECT by, purpose FROM audit WHERE action = 'ticket.erased'"
    )
    assert [tuple(one) for one in actions] == [("retention", None)] * 3


async def test_one_that_runs_again_is_not_erased(desk: Desk) -> None:
    ticket = await ended(desk)
    await desk.hear(ticket, replied(2))
    assert await night(desk, days=9_000) == 0


async def test_the_security_administrator_alone_erases_what_has_ended(desk: Desk) -> None:
    ticket, running = await ended(desk), await desk.file()
    body = {"reason": "诉求人书面申请，电话 13800001234"}
    for role in (Role.ADMINISTRATOR, Role.AUDITOR, Role.SUPERVISOR):
        other = await desk.person(role)
        assert (await other.post(f"{ticket.path}/erase", json=body)).status_code == 403
    security = await desk.person(Role.SECURITY)
    elsewhere = await desk.person(Role.SECURITY, jurisdiction="532800")
    assert (await elsewhere.post(f"{ticket.path}/erase", json=body)).status_code == 404
    refused = await security.post(f"{running.path}/erase", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "act_refused")
    assert (await security.post(f"{ticket.path}/erase", json={})).status_code == 422
    assert (await post(security, f"{ticket.path}/erase", **body))["is_new"] is True
    assert (await post(security, f"{ticket.path}/erase", **body))["is_new"] is False
    [said] = await desk.said(ticket, TicketErased)
    assert said.is_requested
    [row] = await desk.runtime.database.pool.fetch(
        "SELECT by, purpose, detail FROM audit WHERE action = 'ticket.erased'"
    )
    assert tuple(row) == (
        "test-security-",
        "诉求人书面申请，电话 〔手机号〕",
        '{"why": "requested"}',
    )


async def test_another_platform_erases_what_it_forwarded_and_nothing_else(desk: Desk) -> None:
    ours = await ended(desk)
    other = await desk.person(Role.PLATFORM, subject="platform:530000", jurisdiction="000000")
    refused = await other.post(f"{ours.path}/erase", json={"reason": "来源平台已删除"})
    assert refused.status_code == 404


async def test_a_request_that_came_twice_from_its_platform_is_erased_whole(desk: Desk) -> None:
    """A return that was rejected brings it again, as another ticket."""
    platform = await desk.person(Role.PLATFORM, subject="platform:510000", jurisdiction="000000")
    first, second = await ended(desk), await ended(desk)
    origin = {"platform": "510000", "ticket_id": str(UUID(int=9)), "number": "1"}
    for ticket, times in ((first, ""), (second, ":2")):
        await desk.runtime.database.pool.execute(
            "UPDATE tickets SET origin = $2::jsonb, external_id = $3 WHERE id = $1",
            UUID(ticket.id),
            orjson.dumps(origin).decode(),
            f"510000:{UUID(int=9)}{times}",
        )
    body = {"reason": "来源平台已删除"}
    assert (await post(platform, f"{second.path}/erase", **body))["is_new"] is True
    for ticket in (first, second):
        assert len(await desk.said(ticket, TicketErased)) == 1


async def test_the_command_erases_by_number(desk: Desk) -> None:
    ticket = await ended(desk)

    async def run(number: str) -> tuple[int, str]:
        words = ["erase", number, "--reason", "诉求人书面申请"]
        given = {
            "DATABASE_URL": desk.runtime.settings.database_url,
            "ATTACHMENT_STORE": desk.runtime.settings.attachment_store,
        }
        done = await asyncio.to_thread(CliRunner().invoke, app, words, env=given)
        return done.exit_code, done.output

    assert await run(ticket.number) == (0, "已删除；其他环节随后删除各自的副本。\n")
    assert await run(ticket.id) == (0, "此前已经删除。\n")
    assert (await run("512000-260101-0000009"))[0] == 2
    running = await desk.file()
    code, printed = await run(running.number)
    assert (code, "办结后" in printed) == (1, True)
