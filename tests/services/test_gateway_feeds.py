"""The feed of units' systems: what each reads, in which order, and what it never sees."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.gateway.feeds.operations import Item, append, forget
from shared.events.dispatch import (
    TicketClosed,
    TicketReopened,
    TicketReplied,
    TicketReturnDecided,
    TicketReturnRequested,
    UnitChanged,
)
from shared.events.intake import TicketAmended, TicketErased, TicketFollowedUp, TicketRated
from shared.events.kinds import Link
from shared.events.loop import (
    TicketAskedAgain,
    TicketCoUnitsChosen,
    TicketLinked,
    TicketRecalled,
)
from shared.events.sla import TicketDeadlineMoved
from shared.events.words import (
    CloseReason,
    RequestType,
    ReturnDecision,
    ReturnGround,
    Role,
    Satisfaction,
    Service,
    Step,
)
from tests.harness import Harness, token
from tests.services.gateway_feeds import CALLER, HOUSING, ROADS, WATER, Feeds, created, dispatched

FEED = "/v1/feeds/dispatches"


@pytest.fixture
async def feeds(harness: Harness) -> Feeds:
    return Feeds(harness, await harness.runtime(Service.GATEWAY))


def decided(unit: str, decision: ReturnDecision) -> TicketReturnDecided:
    return TicketReturnDecided(unit=unit, decision=decision, reason="核实", decided_by="HW01")


async def read(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get(FEED, params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def events_of(client: httpx.AsyncClient) -> list[str]:
    return [item["event"] for item in (await read(client))["items"]]


async def test_a_unit_reads_its_tickets_with_their_words_and_never_the_caller(feeds: Feeds) -> None:
    ticket = await feeds.dispatch(WATER, about_unit=ROADS)
    page = await read(await feeds.unit(WATER))
    (item,) = page["items"]
    assert (item["event"], item["ticket_id"]) == ("ticket.dispatched", ticket)
    assert item["ticket"]["content"] == "建设路水管破裂，路面积水。"
    assert item["is_yours"] is True
    assert str(CALLER) not in str(page)
    assert ROADS not in str(page), "whom the complaint is about is not told"
    assert (await read(await feeds.unit(ROADS)))["items"] == []


async def test_the_cursor_goes_on_where_the_last_page_ended(feeds: Feeds) -> None:
    water, tickets = await feeds.unit(WATER), [await feeds.dispatch(WATER) for _ in range(5)]
    seen, cursor = list[str](), None
    for _ in range(4):
        page = await read(water, limit=2, **({"after": cursor} if cursor else {}))
        seen += [item["ticket_id"] for item in page["items"]]
        cursor = page["cursor"]
    assert seen == tickets
    assert (await read(water, after=cursor)) == {"items": [], "cursor": cursor}


async def test_what_is_told_of_a_ticket_follows_who_has_it(feeds: Feeds) -> None:
    ticket = await feeds.dispatch(WATER)
    water, roads = await feeds.unit(WATER), await feeds.unit(ROADS)
    ground = TicketReturnRequested(
        unit=WATER,
        ground=ReturnGround.NOT_OUR_DUTY,
        reason="路政",
        legal_basis="公路法",
        proposed_unit=ROADS,
        requested_by="YJ01",
    )
    await feeds.hear(ticket, ground, decided(WATER, ReturnDecision.GRANTED))
    await feeds.hear(ticket, dispatched(ROADS, round_=2), TicketReopened(unit=ROADS, reason="重办"))
    assert await events_of(water) == ["ticket.dispatched", "ticket.return_decided"]
    assert await events_of(roads) == ["ticket.dispatched", "ticket.reopened"]
    (first, _) = (await read(water))["items"]
    assert (first["is_yours"], first["ticket"]) == (False, None), "words only for who has it today"


async def test_a_unit_that_a_ticket_complains_of_reads_no_more_than_that_it_is_gone(
    feeds: Feeds,
) -> None:
    ticket = await feeds.dispatch(WATER, HOUSING)
    await feeds.hear(ticket, TicketAmended(addition="水务局的人态度恶劣"))
    mark = TicketAmended(
        about_unit=WATER, addition="是王科长", reason="投诉水务局", amended_by="HW01"
    )
    await feeds.hear(ticket, mark)
    water, housing, roads = [await feeds.unit(one) for one in (WATER, HOUSING, ROADS)]
    page = await read(water)
    assert [item["event"] for item in page["items"]] == [
        *("ticket.dispatched", "ticket.amended", "ticket.amended"),
    ]
    gone = {"is_yours": False, "data": {}, "ticket": None}
    assert all({name: item[name] for name in gone} == gone for item in page["items"])
    await feeds.hear(ticket, TicketRecalled(unit=WATER), dispatched(ROADS, round_=2))
    assert await read(water, after=page["cursor"]) == {"items": [], "cursor": page["cursor"]}
    # Who handled it with that unit loses it with the recall, and reads no words of it either.
    *before, recalled = (await read(housing))["items"]
    assert (recalled["event"], recalled["data"]) == ("ticket.recalled", {"unit": WATER})
    assert all(item["data"] == {} and item["ticket"] is None for item in before)
    assert (await read(roads))["items"][0]["ticket"]["content"].endswith("补充：是王科长")


async def test_a_rejected_return_leaves_the_ticket_where_it_is(feeds: Feeds) -> None:
    ticket = await feeds.dispatch(WATER)
    await feeds.hear(ticket, decided(WATER, ReturnDecision.REJECTED))
    await feeds.hear(ticket, TicketAskedAgain(unit=WATER, repeat=uuid4(), kind=Link.REPEAT))
    water = await feeds.unit(WATER)
    assert await events_of(water) == [
        *("ticket.dispatched", "ticket.return_decided", "ticket.asked_again"),
    ]


async def test_co_handling_units_read_it_too_until_they_are_no_longer_chosen(feeds: Feeds) -> None:
    ticket = await feeds.dispatch(WATER, ROADS)
    chosen = TicketCoUnitsChosen(
        lead=WATER, co_units=(HOUSING,), reason="改由住建", chosen_by="HW01"
    )
    await feeds.hear(ticket, chosen, TicketClosed(unit=WATER, reason=CloseReason.SATISFIED))
    assert await events_of(await feeds.unit(ROADS)) == [
        *("ticket.dispatched", "ticket.co_units_chosen"),
    ]
    assert await events_of(await feeds.unit(HOUSING)) == [
        *("ticket.co_units_chosen", "ticket.closed"),
    ]


async def test_what_goes_with_another_ticket_leaves_its_unit_and_is_the_others_once_answered(
    feeds: Feeds,
) -> None:
    ticket = await feeds.dispatch(WATER)
    linked = TicketLinked(main=uuid4(), kind=Link.MEMBER, unit=ROADS, linked_by="HW01")
    reply = TicketReplied(
        unit=ROADS,
        reply=1,
        findings="属实",
        basis="公路法",
        result="已修复",
        contact="已电话告知",
        replied_by="YJ02",
    )
    await feeds.hear(ticket, linked, reply, TicketReopened(unit=ROADS, reason="重办"))
    items = (await read(await feeds.unit(WATER)))["items"]
    assert [one["event"] for one in items] == ["ticket.dispatched", "ticket.linked"]
    assert {(one["is_yours"], one["ticket"] is None) for one in items} == {(False, True)}
    replied, redo = (await read(await feeds.unit(ROADS)))["items"]
    assert (replied["event"], redo["event"]) == ("ticket.replied", "ticket.reopened")
    assert redo["ticket"]["content"] == "建设路水管破裂，路面积水。"


async def test_a_unit_hears_of_its_clock_and_of_what_its_caller_said(feeds: Feeds) -> None:
    ticket, at = await feeds.dispatch(WATER), datetime(2026, 10, 20, 9, 30, tzinfo=UTC)
    moved = TicketDeadlineMoved(
        step=Step.HANDLE,
        version=2,
        due_at=at,
        rule="7 working days",
        source_article="ZY 13.2",
        reason="放假安排公布",
    )
    rated = TicketRated(result=Satisfaction.DISSATISFIED, is_solved=False)
    await feeds.hear(ticket, moved, TicketFollowedUp(is_reached=True, is_solved=False), rated)
    items = (await read(await feeds.unit(WATER)))["items"][1:]
    assert [item["event"] for item in items] == [
        *("ticket.deadline_moved", "ticket.followed_up", "ticket.rated"),
    ]
    assert datetime.fromisoformat(items[0]["data"]["due_at"]) == at
    assert items[2]["data"]["result"] == "dissatisfied"


async def test_an_addition_reaches_the_words_that_a_unit_reads(feeds: Feeds) -> None:
    ticket = await feeds.dispatch(WATER)
    await feeds.hear(ticket, TicketAmended(addition="水已漫入车库", request_type=RequestType.HELP))
    item = (await read(await feeds.unit(WATER)))["items"][-1]
    assert item["ticket"]["content"].endswith("补充：水已漫入车库")
    assert item["ticket"]["request_type"] == "help"


async def test_an_erased_ticket_leaves_no_words_and_every_reader_is_told(feeds: Feeds) -> None:
    ticket = await feeds.dispatch(WATER)
    await feeds.hear(ticket, TicketAmended(addition="我住三单元"))
    await feeds.hear(ticket, TicketErased(source_article="ZY 22"))
    page = await read(await feeds.unit(WATER))
    assert [item["event"] for item in page["items"]][-1] == "ticket.erased"
    assert all(item["data"] == {} and item["ticket"] is None for item in page["items"])
    kept = await feeds.runtime.database.pool.fetchval(
        "SELECT count(*) FROM feed WHERE data <> '{}'"
    )
    assert kept == 0


async def test_a_long_poll_answers_when_something_comes_for_this_unit(feeds: Feeds) -> None:
    water = await feeds.unit(WATER)
    waiting = asyncio.create_task(read(water, wait=20))
    await feeds.dispatch(ROADS)
    ticket = await feeds.dispatch(WATER)
    page = await asyncio.wait_for(waiting, 15)
    assert [item["ticket_id"] for item in page["items"]] == [ticket]


async def test_a_long_poll_ends_with_nothing(feeds: Feeds) -> None:
    page = await read(await feeds.unit(WATER), wait=1)
    assert page == {"items": [], "cursor": None}


async def test_no_cursor_passes_an_item_that_commits_later(feeds: Feeds) -> None:
    """Two writers: the second waits for the first, so positions appear in their order."""
    pool, at = feeds.runtime.database.pool, feeds.harness.event(created(), "x").time
    items = [Item(WATER, "ticket.closed", uuid4(), 1, at, {}) for _ in range(2)]
    async with pool.acquire() as first, pool.acquire() as second:
        slow = first.transaction()
        await slow.start()
        await append(first, items[:1])
        later = asyncio.create_task(_append_alone(second, items[1:]))
        water = await feeds.unit(WATER)
        assert (await read(water))["items"] == []
        assert not later.done()
        await slow.commit()
        await later
    seen = [UUID(item["ticket_id"]) for item in (await read(water))["items"]]
    assert seen == [item.ticket_id for item in items]


async def _append_alone(connection: Any, items: list[Item]) -> None:
    async with connection.transaction():
        await append(connection, items)


async def test_old_items_are_forgotten(feeds: Feeds) -> None:
    await feeds.dispatch(WATER)
    pool = feeds.runtime.database.pool
    await pool.execute("UPDATE feed SET kept_at = kept_at - interval '40 days'")
    newer = await feeds.dispatch(WATER)
    assert await forget(pool, days=30, limit=10) == 1
    page = await read(await feeds.unit(WATER))
    assert [item["ticket_id"] for item in page["items"]] == [newer]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"after": "no cursor"}, "bad_cursor"),
        ({"after": "WyJ4Il0"}, "bad_cursor"),
        ({"limit": 0}, "greater_than_equal"),
        ({"wait": 600}, "less_than_equal"),
    ],
)
async def test_a_wrong_question_is_answered_with_its_field(
    feeds: Feeds, query: dict[str, Any], code: str
) -> None:
    answer = await (await feeds.unit(WATER)).get(FEED, params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == code


async def test_only_units_read_the_feed(feeds: Feeds) -> None:
    operator = await feeds.harness.client(feeds.app, token(feeds.harness.settings, Role.OPERATOR))
    assert (await operator.get(FEED)).status_code == 403
    nobody = await feeds.harness.client(feeds.app, "forged")
    assert (await nobody.get(FEED)).status_code == 401


async def test_a_unit_that_is_heard_of_again_is_changed(feeds: Feeds) -> None:
    for has_system in (False, True):
        unit = UnitChanged(code=WATER, name="水务", jurisdiction="512000", has_system=has_system)
        await feeds.hear(WATER, unit)
    rows = await feeds.runtime.database.pool.fetch("SELECT code, has_system FROM feed_units")
    assert [tuple(row) for row in rows] == [(WATER, True)]
