"""A reply is read before it leaves, and holds nobody's number (B7, ZY 13, 14.2, 22)."""

import csv
import random
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.events.dispatch import TicketReplied
from shared.events.loop import TicketReplyDrafted, TicketReplySentBack
from shared.events.sla import TicketExtensionDecided
from shared.events.words import Role
from shared.policy.load import pack_for
from shared.policy.model import Pack
from shared.policy.parts import ReplyLaw
from shared.security import Principal, issue_token
from tests.services.dispatch_desk import (
    REPLY,
    WATER,
    Desk,
    desk,
    get,
    post,
    put,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

REPLIED = Path(__file__).parents[3] / "shared/data/messages_replied.csv"
SAMPLE = 300
UNCHECKED = {name: text for name, text in REPLY.items() if name != "checked_by"}
INTERIM = {
    "progress": "已立案",
    "next_step": "取证",
    "promised_at": "2099-12-31T17:30:00+08:00",
}


async def signed(desk: Desk, **fields: Any) -> tuple[str, str]:
    """A ticket that the water bureau has signed; its id and its path."""
    ticket = await desk.file(**fields)
    path = f"/v1/tickets/{ticket}"
    await post(await desk.unit(WATER), f"{path}/sign", {})
    return ticket, path


async def reader(desk: Desk, subject: str = "YJ0201") -> Any:
    """Another person of the water bureau."""
    return await desk.person(Role.UNIT, unit=WATER, subject=subject)


def with_reply(law: dict[str, Any]) -> Pack:
    """Ziyang's pack with another law of replies."""
    pack = pack_for("512000")
    return pack.model_copy(update={"reply": ReplyLaw.model_validate(law), "version": "2099-1"})


async def test_a_reply_without_a_second_reader_waits_for_one(ruled_desk: Desk) -> None:
    ticket, path = await signed(ruled_desk)
    water, second = await ruled_desk.unit(WATER), await reader(ruled_desk)
    drafted = await post(water, f"{path}/reply", UNCHECKED | {"more": {"visit": "已走访"}})
    assert drafted["state"] == "checking"
    detail = (await ruled_desk.timeline(ticket))[-1]["detail"]
    assert detail == UNCHECKED | {"more": {"visit": "已走访"}}, "where an erasure finds it"
    assert {one["step"] for one in drafted["deadlines"]} == {"handle"}
    shown = await get(second, path)
    assert shown["draft"]["elements"] == UNCHECKED | {"visit": "已走访"}
    assert "check-reply" in shown["allowed"]
    assert "check-reply" not in (await get(water, path))["allowed"]

    own = await post(water, f"{path}/check-reply", {"passed": True}, status=409)
    assert (own["code"], "ZY 13" in own["detail"]) == ("act_refused", True)
    await post(second, f"{path}/reply", REPLY, status=409)
    passed = await post(second, f"{path}/check-reply", {"passed": True})
    assert (passed["state"], passed["deadlines"]) == ("replied", [])
    shown = await get(water, path)
    (reply,) = shown["replies"]
    assert (reply["replied_by"], reply["checked_by"]) == (f"test-unit-{WATER}", "YJ0201")
    assert (shown["draft"], reply["result"]) == (None, REPLY["result"])
    said = [event.data for event in await ruled_desk.said(ticket)]
    assert [type(data) for data in said[-2:]] == [TicketReplyDrafted, TicketReplied]
    last = said[-1]
    assert isinstance(last, TicketReplied)
    assert (last.checked_by, last.contact) == ("YJ0201", REPLY["contact"])


@pytest.mark.parametrize("is_interim", [False, True])
async def test_a_reply_that_is_sent_back_returns_to_where_it_was_written(
    ruled_desk: Desk, is_interim: bool
) -> None:
    ticket, path = await signed(ruled_desk)
    water, second = await ruled_desk.unit(WATER), await reader(ruled_desk)
    if is_interim:
        await post(water, f"{path}/interim-close", INTERIM)
    await post(water, f"{path}/reply", UNCHECKED)
    bare = await post(second, f"{path}/check-reply", {"passed": False}, status=422)
    assert [error["field"] for error in bare["errors"]] == ["reason"]
    back = {"passed": False, "reason": "依据引用有误"}
    answer = await post(second, f"{path}/check-reply", back)
    assert answer["state"] == ("interim_closed" if is_interim else "signed")
    said = (await ruled_desk.said(ticket))[-1].data
    assert isinstance(said, TicketReplySentBack)
    assert (said.reason, said.to_interim) == ("依据引用有误", is_interim)
    await post(second, f"{path}/check-reply", back, status=409)
    assert (await post(water, f"{path}/reply", REPLY))["state"] == "replied"
    names = [entry["event_name"] for entry in await ruled_desk.timeline(ticket)]
    assert names[-3:] == ["起草答复", "答复退回修改", "答复"]


async def test_who_wrote_it_is_no_second_reader_however_they_are_written(
    ruled_desk: Desk,
) -> None:
    _, path = await signed(ruled_desk)
    person = await reader(ruled_desk, "yj0100")
    refused = await post(person, f"{path}/reply", REPLY | {"checked_by": "YJ0100"}, status=422)
    (error,) = refused["errors"]
    assert (error["field"], error["code"]) == ("checked_by", "same_person")
    assert "ZY 13" in error["message"]
    await post(person, f"{path}/reply", UNCHECKED)
    same = await reader(ruled_desk, "YJ0100")
    await post(same, f"{path}/check-reply", {"passed": True}, status=409)
    other_unit = await ruled_desk.unit("512000-housing")
    await post(other_unit, f"{path}/check-reply", {"passed": True}, status=404)


async def test_a_person_names_no_second_reader_who_did_not_read_it(ruled_desk: Desk) -> None:
    """A colleague logs in and reads; a unit's own system says who has read there."""
    _, path = await signed(ruled_desk)
    people = []
    for number in ("YJ0100", "YJ0201"):
        known = Principal(number, Role.UNIT, "512000", WATER, is_person=True)
        secret = ruled_desk.harness.settings.token_secret
        bearer = issue_token(known, secret, lifetime=timedelta(minutes=5))
        people.append(await ruled_desk.harness.client(ruled_desk.app, bearer))
    writer, second = people
    refused = await post(writer, f"{path}/reply", REPLY, status=422)
    (error,) = refused["errors"]
    assert (error["field"], error["code"]) == ("checked_by", "own_act")
    assert "check-reply" in error["message"]
    assert (await post(writer, f"{path}/reply", UNCHECKED))["state"] == "checking"
    assert (await post(second, f"{path}/check-reply", {"passed": True}))["state"] == "replied"


async def test_another_platforms_reply_was_read_by_the_law_of_its_place(ruled_desk: Desk) -> None:
    ticket, path = await signed(ruled_desk)
    there = await ruled_desk.person(Role.UNIT, unit=WATER, subject="platform:510000")
    assert (await post(there, f"{path}/reply", {"result": "已办"}))["state"] == "replied"
    said = (await ruled_desk.said(ticket))[-1].data
    assert isinstance(said, TicketReplied)
    assert (said.replied_by, said.checked_by) == ("platform:510000", None)


async def test_an_extension_that_is_granted_meanwhile_moves_the_handling(
    ruled_desk: Desk,
) -> None:
    ticket, path = await signed(ruled_desk)
    water = await ruled_desk.unit(WATER)
    await post(water, f"{path}/reply", UNCHECKED)
    granted = TicketExtensionDecided(
        is_granted=True,
        unit=WATER,
        working_days=2,
        reason="情况属实",
        due_at=datetime.fromisoformat("2099-01-05T17:30:00+08:00"),
        rule="延期",
        source_article="ZY 13.3",
    )
    await ruled_desk.tell(ticket, granted)
    (handle,) = (await get(water, path))["deadlines"]
    assert handle["due_at"].startswith("2099-01-05T17:30")


async def test_each_element_that_is_missing_is_named_with_its_article(ruled_desk: Desk) -> None:
    _, path = await signed(ruled_desk)
    water = await ruled_desk.unit(WATER)
    refused = await post(water, f"{path}/reply", {"result": "已办"}, status=422)
    assert {error["field"] for error in refused["errors"]} == {"findings", "basis", "contact"}
    assert {error["code"] for error in refused["errors"]} == {"missing_element"}
    assert "何时、以何种方式联系诉求人" in refused["errors"][-1]["message"]
    blank = await post(water, f"{path}/reply", REPLY | {"basis": "  "}, status=422)
    assert [error["field"] for error in blank["errors"]] == ["basis"]


async def test_another_pack_asks_for_other_elements_and_for_no_second_reader(
    ruled_desk: Desk,
) -> None:
    pack = with_reply(
        {
            "reviewed": {"value": False, "source": "default"},
            "required": [
                {"code": "result", "text": "办理结果", "source": "default"},
                {"code": "visit", "text": "现场走访情况", "source": "ZY 14.2"},
            ],
        }
    )
    await ruled_desk.publish(pack)
    ticket, path = await signed(ruled_desk, policy=pack.content_hash)
    water = await ruled_desk.unit(WATER)
    refused = await post(water, f"{path}/reply", {"result": "已办"}, status=422)
    (error,) = refused["errors"]
    assert (error["field"], "（ZY 14.2）" in error["message"]) == ("more.visit", True)
    body = {"result": "已办", "more": {"visit": "9月30日走访三户"}}
    assert (await post(water, f"{path}/reply", body))["state"] == "replied"
    said = (await ruled_desk.said(ticket))[-1].data
    assert isinstance(said, TicketReplied)
    assert (said.more, said.checked_by, said.basis) == ({"visit": "9月30日走访三户"}, None, "")
    (reply,) = (await get(water, path))["replies"]
    assert reply["more"] == {"visit": "9月30日走访三户"}


@pytest.mark.parametrize(
    ("field", "text", "masked"),
    [
        ("contact", "9月30日致电 138-1234-5678 告知", "138****678"),
        ("findings", "诉求人（电话１３８１２３４５６７８）所述属实", "１３８****６７８"),
        ("result", "已为11010519491231002X办理", "110****02X"),
        ("basis", "诉求人电话幺三八一二三四五六七八", "幺三八****六七八"),
    ],
)
async def test_a_reply_with_somebodys_number_is_refused_with_its_place(
    ruled_desk: Desk, field: str, text: str, masked: str
) -> None:
    ticket, path = await signed(ruled_desk)
    water = await ruled_desk.unit(WATER)
    refused = await post(water, f"{path}/reply", REPLY | {field: text}, status=422)
    (error,) = refused["errors"]
    assert (error["field"], error["code"]) == (field, "personal_data")
    assert masked in error["message"]
    assert "13812345678" not in str(refused)
    assert "ticket.replied" not in await ruled_desk.said_types(ticket)


async def test_the_units_own_numbers_may_stand_in_a_reply(ruled_desk: Desk) -> None:
    _, path = await signed(ruled_desk)
    water = await ruled_desk.unit(WATER)
    body = REPLY | {"contact": "可拨打值班手机 139 0000 0001 或 0832-6112345 咨询"}
    await post(water, f"{path}/reply", body, status=422)
    contacts = {"items": [{"kind": "phone", "address": "13900000001"}]}
    await put(water, f"/v1/units/{WATER}/contacts", contacts)
    await post(water, f"{path}/reply", body)


async def test_a_co_reply_with_somebodys_number_is_refused_too(ruled_desk: Desk) -> None:
    _, path = await signed(ruled_desk)
    choice = {"co_units": ["512000-housing"], "reason": "道路"}
    await post(await ruled_desk.person(Role.OPERATOR), f"{path}/co-units", choice)
    housing = await ruled_desk.unit("512000-housing")
    body = {"findings": "属实", "basis": "条例", "result": "已联系13812345678"}
    refused = await post(housing, f"{path}/co-reply", body, status=422)
    assert [(one["field"], one["code"]) for one in refused["errors"]] == [
        ("result", "personal_data")
    ]


async def test_real_replies_go_through(ruled_desk: Desk) -> None:
    if not REPLIED.exists():
        pytest.skip("needs shared/data/messages_replied.csv beside the project")
    with REPLIED.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    water, outcomes = await ruled_desk.unit(WATER), Counter[str]()
    for row in random.Random(4).sample(rows, SAMPLE):
        _, path = await signed(ruled_desk, title=row["title"][:200], content=row["detail"][:9000])
        body = REPLY | {"result": row["reply"][:10_000]}
        answer = await water.post(f"{path}/reply", json=body)
        told = answer.json()
        why = [one["code"] for one in told.get("errors", [])] or [told.get("code", "replied")]
        outcomes.update(why[:1])
    print(outcomes)
    assert outcomes["replied"] >= SAMPLE * 0.97
