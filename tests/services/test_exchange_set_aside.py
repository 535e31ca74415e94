"""Messages that cannot be used, and those that the other side refuses: visible, and decided."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from shared.events.words import Role
from tests.services.exchange_messages import CITY, acts, line
from tests.services.gateway_exchange import Pair, Platform, open_pair, said, statuses

POISON = {"type": "ticket.signed", "data": {"unit": f"{CITY}-water"}}


@pytest.fixture
async def pair(postgres: str) -> AsyncIterator[Pair]:
    async with open_pair(postgres) as found:
        yield found


async def look(platform: Platform, path: str) -> list[dict[str, Any]]:
    async with platform.client(Role.ADMINISTRATOR) as client:
        answer = await client.get(f"/v1/federation/{path}")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


async def decide(platform: Platform, path: str, **body: str) -> tuple[int, dict[str, Any]]:
    async with platform.client(Role.ADMINISTRATOR) as client:
        answer = await client.post(f"/v1/federation/{path}", json=body)
        return answer.status_code, answer.json()


async def test_a_poisoned_message_is_set_aside_and_its_ticket_waits_behind_it(pair: Pair) -> None:
    city, province = pair
    ticket, other = str(uuid4()), str(uuid4())
    bad = line(ticket, 2, payload=POISON)
    lines = [line(ticket, 1), bad, line(ticket, 3), line(other, 1)]
    answers = await city.post(province, lines)
    assert statuses(answers) == ["accepted", "set_aside", "set_aside", "accepted"]
    assert "signed_by" in answers[1]["problem"]["errors"][0]["message"]
    assert statuses(await city.post(province, [line(ticket, 4)])) == ["set_aside"]
    assert statuses(await city.post(province, [bad])) == ["duplicate"]
    assert await said(province) == {ticket: [(1, 1)], other: [(1, 1)]}
    (item,) = await look(province, "set-aside")
    assert (item["message_id"], item["behind"], item["type"]) == (bad["id"], 2, "ticket.signed")

    status, answer = await decide(province, f"set-aside/{item['id']}/replay")
    assert (status, answer["code"]) == (409, "act_refused")
    assert (await look(province, "set-aside"))[0]["behind"] == 2, "nothing has changed"

    status, answer = await decide(province, f"set-aside/{item['id']}/drop")
    assert status == 200, answer
    assert answer["message_id"] == bad["id"]
    assert await look(province, "set-aside") == []
    # The event that told of the poison has the number between.
    assert (await said(province))[ticket] == [(1, 1), (3, 3), (4, 4)]
    assert statuses(await city.post(province, [line(ticket, 5)])) == ["accepted"]
    assert await province.count("audit WHERE action = 'message.dropped'") == 1
    again, _ = await decide(province, f"set-aside/{item['id']}/drop")
    assert again == 404


async def test_a_message_that_can_be_used_by_now_goes_on_with_those_behind_it(pair: Pair) -> None:
    city, province = pair
    ticket = str(uuid4())
    lines = [line(ticket, number) for number in (1, 2, 3)]
    # A neighbour has nothing to report: what it says waits until it is known what it is.
    await province.runtime.database.pool.execute("UPDATE peers SET kind = 'neighbour'")
    assert statuses(await city.post(province, lines)) == ["set_aside"] * 3
    await province.runtime.database.pool.execute("UPDATE peers SET kind = 'child'")
    (item,) = await look(province, "set-aside")
    status, answer = await decide(province, f"set-aside/{item['id']}/replay")
    assert (status, answer["went_on"]) == (200, 3)
    assert (await said(province))[ticket] == [(2, 1), (3, 2), (4, 3)]


async def test_an_erased_ticket_leaves_no_words_among_what_was_set_aside(pair: Pair) -> None:
    city, province = pair
    ticket = str(uuid4())
    words = POISON | {"data": {"unit": "幸福小区三单元"}}
    erased = {"type": "ticket.erased", "data": {"source_article": "ZY 22"}}
    lines = [line(ticket, 1, payload=words), line(ticket, 2), line(ticket, 3, payload=erased)]
    assert statuses(await city.post(province, lines[:2])) == ["set_aside", "set_aside"]
    assert statuses(await city.post(province, lines[2:])) == ["set_aside"]
    kept = [row["payload"] for row in await province.fetch("SELECT payload FROM set_aside")]
    assert len(kept) == 3
    assert not [payload for payload in kept if "幸福" in payload]
    (item,) = await look(province, "set-aside")
    status, answer = await decide(province, f"set-aside/{item['id']}/replay")
    assert (status, answer["went_on"]) == (200, 3), "there is nothing left that could be wrong"


async def test_what_the_other_side_refuses_waits_for_a_person_and_other_tickets_go_on(
    pair: Pair,
) -> None:
    city, province = pair
    refused, fine = str(uuid4()), str(uuid4())
    # The province knows another message under the first one's place.
    await city.post(province, [line(refused, 1)])
    await city.tell(province, *acts(refused, 3), *acts(fine, 3))
    await city.send_all(province)
    assert await city.count(f"sent WHERE subject = '{fine}'") == 3
    (item,) = await look(city, "refused")
    assert (item["subject"], item["sequence"], item["waiting"]) == (refused, 1, 3)
    assert "sequence_reused" in item["problem"]
    for table in ("received", "received_messages"):
        await province.runtime.database.pool.execute(
            f"DELETE FROM {table} WHERE subject = $1", refused
        )
    status, _ = await decide(city, "refused/retry", peer=province.code, subject=refused)
    assert status == 200
    await city.send_all(province)
    assert (await look(city, "refused"), await city.count("outgoing")) == ([], 0)
    status, _ = await decide(city, "refused/retry", peer=province.code, subject=refused)
    assert status == 404


@pytest.mark.parametrize("path", ["status", "set-aside", "refused", "reconciliations"])
async def test_an_operator_does_not_keep_the_exchange(pair: Pair, path: str) -> None:
    async with pair[0].client(Role.OPERATOR) as client:
        assert (await client.get(f"/v1/federation/{path}")).status_code == 403
