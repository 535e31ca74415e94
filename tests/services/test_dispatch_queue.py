"""The operators' queue: emergencies first, then what goes at once, then the oldest (A6)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from services.dispatch.queue.queries import queue_of
from services.dispatch.queue.rules import Key, rank
from shared.events.words import RequestType, Role, Urgency
from shared.pages import write_cursor
from shared.security import Principal
from tests.services.dispatch_desk import WATER, Desk, desk, get, post

__all__ = ["desk"]

MONDAY = datetime(2026, 9, 14, 2, tzinfo=UTC)
SOME_ID = UUID(int=7)
CASES: tuple[dict[str, Any], ...] = (
    {"request_type": RequestType.INQUIRY},
    {"request_type": RequestType.COMPLAINT},
    {"request_type": RequestType.HELP, "is_enforcement": True},
    {"request_type": RequestType.HELP, "urgency": Urgency.SPECIAL},
    {"request_type": RequestType.INQUIRY, "urgency": Urgency.CRITICAL},
    {"request_type": RequestType.SUGGESTION},
    {"request_type": RequestType.REPORT},
)
ORDER = [4, 3, 1, 2, 6, 0, 5]


async def fill(desk: Desk) -> list[str]:
    """A ticket of each kind, a minute apart; their ids in the order of the queue."""
    filed = [
        await desk.file(time=MONDAY + timedelta(minutes=minute), **case)
        for minute, case in enumerate(CASES)
    ]
    return [filed[place] for place in ORDER]


async def test_emergencies_go_first_then_what_goes_at_once_then_the_oldest(desk: Desk) -> None:
    expected = await fill(desk)
    operator = await desk.person(Role.OPERATOR)
    items = (await get(operator, "/v1/tickets?order=urgent"))["items"]
    assert [one["id"] for one in items] == expected
    await post(operator, f"/v1/tickets/{expected[0]}/dispatch", {"unit": WATER, "reason": "x"})
    items = (await get(operator, "/v1/tickets?order=urgent&state=accepted"))["items"]
    assert [one["id"] for one in items] == expected[1:]


async def test_the_queue_is_read_by_pages_in_the_same_order(desk: Desk) -> None:
    expected = await fill(desk)
    operator, after, found = await desk.person(Role.OPERATOR), "", list[str]()
    for _ in range(4):
        page = await get(operator, f"/v1/tickets?order=urgent&limit=2{after}")
        found += [one["id"] for one in page["items"]]
        after = f"&after={page['next']}"
    assert found == expected
    assert page["next"] is None


async def test_a_queue_of_another_state_and_a_foreign_cursor_are_refused(desk: Desk) -> None:
    await fill(desk)
    operator = await desk.person(Role.OPERATOR)
    newest = (await get(operator, "/v1/tickets?limit=1"))["next"]
    for query, field in (
        ("state=signed", "order"),
        (f"unit={WATER}", "order"),
        (f"after={newest}", "after"),
        ("after=WyJ4IiwgIngiLCAieCJd", "after"),
        ("after=WzEsICIyMDI2LTA5LTE0VDAyOjAwOjAwIiwgIngiXQ", "after"),
        (f"after={write_cursor(1, '0001-01-01T00:00:00+08:00', str(SOME_ID))}", "after"),
        (f"after={write_cursor(2**40, '2026-09-14T02:00:00+08:00', str(SOME_ID))}", "after"),
    ):
        answer = await operator.get(f"/v1/tickets?order=urgent&{query}")
        assert answer.status_code == 422, query
        assert answer.json()["errors"][0]["field"] == field
    assert (await operator.get("/v1/tickets?order=oldest")).status_code == 422


async def test_the_queue_is_read_from_its_index(desk: Desk) -> None:
    await fill(desk)
    caller = Principal("x", Role.OPERATOR, "512000")
    after = Key(1, MONDAY, SOME_ID)
    statement = queue_of(caller, jurisdiction=None, after=after, limit=20)
    dialect = postgresql.asyncpg.dialect()  # type: ignore[no-untyped-call]
    sql = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    async with desk.runtime.database.sessions() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        await session.execute(text("SET LOCAL enable_sort = off"))
        plan = "\n".join(await session.scalars(text(f"EXPLAIN {sql}")))
    assert "tickets_queue" in plan
    assert "Sort" not in plan


@given(
    urgency=st.sampled_from(Urgency),
    request_type=st.sampled_from(RequestType),
    is_enforcement=st.booleans(),
)
def test_an_emergency_is_never_behind_what_is_none(
    urgency: Urgency, request_type: RequestType, *, is_enforcement: bool
) -> None:
    place = rank(urgency, request_type, is_enforcement=is_enforcement)
    assert (place < 2) == (urgency is not Urgency.NORMAL)
    key = Key(place, MONDAY, SOME_ID)
    assert Key.read(*key.written()) == key
