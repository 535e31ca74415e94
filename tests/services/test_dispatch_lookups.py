"""What people look up of tickets, over REST."""

from datetime import datetime, timedelta

from shared.events.words import Role, Service
from shared.policy.load import dump_pack, pack_for, restore_pack
from shared.seen import HEADER, write_seen
from shared.worker import make_inbox
from tests.services.dispatch_desk import (
    HOUSING,
    WATER,
    Desk,
    desk,
    get,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]


async def test_lists_are_newest_first_and_each_sees_its_own(ruled_desk: Desk) -> None:
    pipes = [await ruled_desk.file() for _ in range(3)]
    roads = await ruled_desk.file(category="02")
    county = await ruled_desk.file(jurisdiction="512021", category="02")
    water, supervisor = await ruled_desk.unit(WATER), await ruled_desk.person(Role.SUPERVISOR)

    async def ids(client: object, query: str) -> list[str]:
        page = await get(client, f"/v1/tickets?{query}")  # type: ignore[arg-type]
        return [item["id"] for item in page["items"]]

    assert await ids(water, "") == pipes[::-1]
    assert await ids(water, f"unit={HOUSING}") == []
    assert await ids(supervisor, "") == [county, roads, *pipes[::-1]]
    assert await ids(supervisor, "jurisdiction=512021") == [county]
    assert await ids(supervisor, f"unit={HOUSING}&state=dispatched") == [county, roads]
    assert await ids(supervisor, "state=accepted") == []
    anyue = await ruled_desk.person(Role.SUPERVISOR, jurisdiction="512021")
    assert await ids(anyue, "") == [county]


async def test_pages_follow_one_another_without_gap_or_repeat(ruled_desk: Desk) -> None:
    filed = [await ruled_desk.file() for _ in range(5)]
    water = await ruled_desk.unit(WATER)
    seen, cursor = [], ""
    for _ in range(3):
        page = await get(water, f"/v1/tickets?limit=2{cursor}")
        seen += [item["id"] for item in page["items"]]
        assert all(item["deadlines"] for item in page["items"])
        cursor = f"&after={page['next']}"
    assert seen == filed[::-1]
    assert page["next"] is None
    for wrong, field in (("after=x", "after"), ("limit=0", "limit"), ("colour=red", "colour")):
        answer = await water.get(f"/v1/tickets?{wrong}")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_a_call_waits_for_what_its_caller_has_seen(ruled_desk: Desk) -> None:
    settings = ruled_desk.runtime.settings.model_copy(update={"heard_wait_seconds_max": 0.05})
    object.__setattr__(ruled_desk.runtime, "settings", settings)
    ticket = await ruled_desk.file()
    water = await ruled_desk.unit(WATER)
    path = f"/v1/tickets/{ticket}"
    heard = {HEADER: write_seen(ticket, {Service.INTAKE: 1})}
    ahead = {HEADER: write_seen(ticket, {Service.INTAKE: 2})}
    assert (await water.get(path, headers=heard)).status_code == 200
    for answer in (
        await water.get(path, headers=ahead),
        await water.get(f"{path}/timeline", headers=ahead),
        await water.get("/v1/tickets", headers=ahead),
        await water.post(f"{path}/sign", json={}, headers=ahead),
    ):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


async def test_a_published_pack_gives_the_deadlines(desk: Desk) -> None:
    pack = restore_pack(dump_pack(pack_for("512000")) | {"version": "2"})
    ticket = await desk.file(policy=pack.content_hash)
    operator = await desk.person(Role.OPERATOR)
    # A ticket waits for the pack that it was accepted under.
    assert (await operator.get(f"/v1/tickets/{ticket}")).status_code == 404
    await desk.publish(pack)
    inbox = make_inbox(desk.runtime, desk.handlers)
    await inbox.replay(ticket, now=None, accept_gap=False)
    shown = await get(operator, f"/v1/tickets/{ticket}")
    accepted_at = datetime.fromisoformat(shown["accepted_at"])
    due_at = datetime.fromisoformat(shown["deadlines"][0]["due_at"])
    assert due_at - accepted_at == timedelta(hours=2)
