"""What supervision counts: overdue steps, returns, redos and findings, each for its ground (C5)."""

from datetime import timedelta
from typing import Any

import pytest

from shared.events.dispatch import TicketResponded
from shared.events.words import Role, Urgency
from tests.harness import Harness
from tests.services.sla_orders import GANSU, SIGN_OVER, Oversight, open_oversight
from tests.services.sla_tickets import DAY, HOUR, MONDAY, UNIT, created, dispatched

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def oversight(harness: Harness) -> Oversight:
    return await open_oversight(harness)


async def test_redoing_again_and_returning_again_are_grounds_of_article_25(
    oversight: Oversight,
) -> None:
    redone, returned = await oversight.dispatch(), await oversight.dispatch()
    for day in range(2):
        await oversight.redo(redone, MONDAY + 2 * HOUR + day * DAY)
        await oversight.return_in_vain(returned, MONDAY + 2 * HOUR + day * DAY)
    found = {one["ticket_id"]: (one["rule"], one["source"]) for one in await oversight.orders()}
    assert found == {
        str(redone): ("redone_again", "ZY 25.3"),
        str(returned): ("returned_again", "ZY 25.3"),
    }


async def test_improper_returns_of_a_unit_are_counted_over_its_tickets(
    oversight: Oversight,
) -> None:
    await oversight.know("620000-001", GANSU)
    tickets = [await oversight.dispatch(jurisdiction=GANSU) for _ in range(3)]
    for nth, ticket in enumerate(tickets):
        assert await oversight.orders(jurisdiction=GANSU) == []
        await oversight.return_in_vain(ticket, MONDAY + 2 * HOUR + nth * DAY)
    (draft,) = await oversight.orders(jurisdiction=GANSU)
    assert (draft["rule"], draft["source"]) == ("returns_rejected", "GS 二(三)5")
    assert draft["ticket_id"] is None
    shown = await oversight.get(f"/{draft['id']}", jurisdiction=GANSU)
    assert shown["evidence"]["times"] == 3
    assert {one["ticket_id"] for one in shown["evidence"]["incidents"]} == set(map(str, tickets))
    await oversight.return_in_vain(await oversight.dispatch(jurisdiction=GANSU), MONDAY + 4 * DAY)
    assert len(await oversight.orders(jurisdiction=GANSU)) == 1, "one is open"


async def test_steps_of_many_tickets_that_are_overdue_are_counted_for_their_unit(
    oversight: Oversight,
) -> None:
    tickets = [await oversight.dispatch() for _ in range(5)]
    for nth, ticket in enumerate(tickets):
        assert await oversight.orders() == []
        await oversight.sign_late(ticket, at=SIGN_OVER + nth * MINUTE)
    (draft,) = await oversight.orders()
    assert (draft["rule"], draft["kind"], draft["source"]) == (
        "overdue_often",
        "interview",
        "default",
    )
    shown = await oversight.get(f"/{draft['id']}")
    assert "30 日内共 5 次超期" in shown["grounds"]


async def test_an_emergency_without_a_first_response_is_one_failing(
    oversight: Oversight,
) -> None:
    ticket = oversight.sla.ticket
    urgent = created().model_copy(update={"urgency": Urgency.CRITICAL})
    await oversight.sla.hear(urgent, MONDAY)
    await oversight.sla.hear(dispatched(), MONDAY + MINUTE)
    await oversight.miss_signing(ticket, at=MONDAY + 2 * HOUR)
    (reminder,) = await oversight.orders()
    assert reminder["kind"] == "reminder", "the response that counts as signing, once (ZY 13.4)"
    await oversight.sla.hear(TicketResponded(unit=UNIT, text="已到现场"), MONDAY + 3 * HOUR)
    (reminder,) = await oversight.orders()
    assert reminder["state"] == "accepted"


async def test_a_late_return_counts_as_overdue(oversight: Oversight) -> None:
    place: dict[str, Any] = {"jurisdiction": "220000"}
    ticket = await oversight.dispatch(**place)
    await oversight.sign_late(ticket, at=MONDAY + 4 * HOUR)
    await oversight.sign(ticket, MONDAY + 4 * HOUR)
    assert await oversight.orders(**place) == []
    await oversight.return_in_vain(ticket, MONDAY + 29 * HOUR)
    (draft,) = await oversight.orders(**place)
    assert (draft["rule"], draft["kind"]) == ("overdue_again", "order")
    shown = await oversight.get(f"/{draft['id']}", **place)
    assert [one["step"] for one in shown["evidence"]["incidents"]] == ["sign", "return"]


async def test_a_finding_is_drafted_on_the_rung_of_its_ground_once_in_a_window(
    oversight: Oversight,
) -> None:
    await oversight.find("unsolved_long", evidence="12 件诉求超过 90 日未解决")
    (draft,) = await oversight.orders()
    assert (draft["kind"], draft["source"]) == ("government", "ZY 26.1")
    await oversight.find("unsolved_long")
    await oversight.act(draft, "drop", Role.SUPERVISOR, {"reason": "数据有误"})
    oversight.harness.clock.step_to(MONDAY + DAY)
    await oversight.find("unsolved_long")
    assert len(await oversight.orders()) == 1, "dropped today, not drafted again tomorrow"
    oversight.harness.clock.step_to(MONDAY + 31 * DAY)
    await oversight.find("unsolved_long")
    assert len(await oversight.orders()) == 2
    await oversight.find("no_such_rule")
    assert len(await oversight.orders()) == 2
