"""Every act on a ticket crosses a wish to withdraw, a correction, a mark: both orders."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import httpx

from services.dispatch.rules import MACHINE, RECALLABLE
from shared.events.intake import Origin, TicketAmended, TicketWithdrawalRequested
from shared.events.knowledge import ArticlePublished
from shared.events.words import Act, RequestType, Role, Urgency
from tests.services.dispatch_desk import (
    HOUSING,
    REPLY,
    RETURN,
    WATER,
    Desk,
    Json,
    desk,
    get,
    put,
)

__all__ = ["desk"]

MONDAY = datetime(2026, 9, 14, 2, tzinfo=UTC)
NOTHING: Mapping[str, Any] = MappingProxyType({})
TOWNSHIP = "512021100"
WISH = TicketWithdrawalRequested(reason="已自行解决")
CORRECTED = TicketAmended(request_type=RequestType.INQUIRY, reason="实为咨询")
MARK = TicketAmended(about_unit=WATER, reason="投诉该单位", amended_by="HW0107")
DRAFT = {name: text for name, text in REPLY.items() if name != "checked_by"}
INTERIM = {
    "progress": "已立案",
    "next_step": "取证",
    "promised_at": "2026-12-31T17:30:00+08:00",
}
ARTICLE = str(UUID(int=9))
GUIDE = ArticlePublished(jurisdiction="512000", unit=WATER, title="指南", body="如下。", version=1)
ORIGIN = Origin(platform="510100", ticket_id=UUID(int=5), number="510100-260914-0000005")


class Done(NamedTuple):
    """Who does an act, and what they hand in."""

    act: Act
    by: str
    body: Mapping[str, Any] = NOTHING


class Pair(NamedTuple):
    """What was done before an act that crosses; whether a wish to withdraw is met before, after."""

    before: Sequence[str]
    is_met: tuple[bool, bool] = (True, True)
    fields: Mapping[str, Any] = NOTHING


ACTS: dict[str, Done] = {
    "dispatch": Done(Act.DISPATCH, "office", {"unit": WATER, "reason": "属其职责"}),
    "move": Done(Act.MOVE, "office", {"to_jurisdiction": TOWNSHIP, "reason": "由乡镇办理"}),
    "link": Done(Act.LINK, "office", {"reason": "同一停水"}),
    "split": Done(Act.SPLIT, "office", {"reason": "另有原因"}),
    "sign": Done(Act.SIGN, "water"),
    "respond": Done(Act.RESPOND, "water", {"text": "已到场"}),
    "progress": Done(Act.PROGRESS, "water", {"text": "已更换", "next_step": "试压"}),
    "return": Done(Act.RETURN, "water", RETURN),
    "grant": Done(
        Act.DECIDE_RETURN, "office", {"decision": "granted", "reason": "属实", "unit": HOUSING}
    ),
    "reject": Done(Act.DECIDE_RETURN, "office", {"decision": "rejected", "reason": "属其职责"}),
    "decline": Done(
        Act.DECIDE_RETURN,
        "office",
        {"decision": "granted", "reason": "已立案", "ground": "litigation"},
    ),
    "interim": Done(Act.INTERIM_CLOSE, "water", INTERIM),
    "draft": Done(Act.REPLY, "water", DRAFT),
    "reply": Done(Act.REPLY, "water", REPLY),
    "check": Done(Act.CHECK_REPLY, "reader", {"passed": True}),
    "fail": Done(Act.CHECK_REPLY, "reader", {"passed": False, "reason": "要素不齐"}),
    "co-units": Done(
        Act.CHOOSE_CO_UNITS, "office", {"co_units": [HOUSING], "reason": "涉及其职责"}
    ),
    "co-sign": Done(Act.CO_SIGN, "housing"),
    "co-reply": Done(
        Act.CO_REPLY, "housing", {"findings": "属实", "basis": "条例", "result": "已恢复"}
    ),
    "coordinate": Done(Act.COORDINATE, "office", {"kind": "no_lead", "reason": "职责不清"}),
    "drop": Done(Act.DROP_CASE, "office", {"reason": "已商定"}),
    "terminate": Done(
        Act.TERMINATE, "water", {"opinion": "已办", "script": "不予退费", "explanation": "已解释"}
    ),
    "redo": Done(Act.REDO, "office", {"reason": "结果不实"}),
    "not so": Done(Act.REDO, "office", {"reason": "未立案"}),
    "send-back": Done(Act.SEND_BACK, "office", RETURN),
    "refuse": Done(Act.REFUSE, "office", {"ground": "litigation", "reason": "已立案"}),
    "answer": Done(Act.ANSWER, "office", {"article": ARTICLE, "text": "可在社区办理。"}),
    "hand-over": Done(
        Act.HAND_OVER, "office", {"line": "110", "way": "transfer", "note": "已核对地址"}
    ),
}
SIGNED = ("dispatch", "sign")
EMERGENCY = {"urgency": Urgency.CRITICAL}
PAIRS: dict[str, Pair] = {
    "dispatch": Pair(()),
    "move": Pair(()),
    "link": Pair(()),
    "split": Pair(("link",)),
    "sign": Pair(("dispatch",)),
    "respond": Pair(("dispatch",), (False, False), EMERGENCY),
    "progress": Pair(SIGNED, (False, False), EMERGENCY),
    "return": Pair(("dispatch",)),
    "grant": Pair(("dispatch", "return")),
    "reject": Pair(("dispatch", "return")),
    "decline": Pair(("dispatch", "return"), (True, False)),
    "interim": Pair(SIGNED),
    "draft": Pair(SIGNED),
    "reply": Pair(SIGNED, (True, False)),
    "check": Pair((*SIGNED, "draft"), (True, False)),
    "fail": Pair((*SIGNED, "draft")),
    "co-units": Pair(SIGNED),
    "co-sign": Pair((*SIGNED, "co-units")),
    "co-reply": Pair((*SIGNED, "co-units")),
    "coordinate": Pair(SIGNED),
    "drop": Pair((*SIGNED, "coordinate")),
    "terminate": Pair(SIGNED, (True, False)),
    "redo": Pair((*SIGNED, "reply"), (False, True)),
    "not so": Pair((*SIGNED, "interim")),
    "send-back": Pair(("dispatch",), (True, False), {"origin": ORIGIN}),
    **dict.fromkeys(("refuse", "answer", "hand-over"), Pair(("dispatch",), (True, False))),
}
OF_OTHERS = {
    # Intake's own acts, what no person does, and what a case needs votes for.
    *(Act.WITHDRAW, Act.RATE, Act.FOLLOW_UP, Act.SCREEN, Act.DECIDE_SCREENING),
    *(Act.CLOSE, Act.DECIDE_CASE, Act.AMEND),
}


class Crossing:
    """Dispatch, the people who act, and tickets that others need."""

    def __init__(self, desk: Desk, people: dict[str, httpx.AsyncClient]) -> None:
        self.desk, self.people = desk, people
        self.main = self.earlier = ""

    async def file(self, pair: Pair) -> str:
        """A ticket as it stands before the act that crosses."""
        ticket = await self.desk.file(time=MONDAY, **pair.fields)
        for name in pair.before:
            answer = await self.act(ticket, name)
            assert answer.is_success, f"{name}: {answer.text}"
        return ticket

    async def act(self, ticket: str, name: str) -> httpx.Response:
        """Somebody does an act."""
        act, by, body = ACTS[name]
        more: dict[Act, Json] = {
            Act.LINK: {"main": self.main},
            Act.TERMINATE: {"earlier": [self.earlier]},
        }
        path = f"/v1/tickets/{ticket}/{act}"
        if act is Act.DROP_CASE:
            cases = await get(self.people["office"], f"/v1/cases?ticket_id={ticket}")
            path = f"/v1/cases/{cases['items'][0]['id']}/drop"
        return await self.people[by].post(path, json={**body, **more.get(act, {})})

    async def shown(self, ticket: str) -> Json:
        """The ticket as the office sees it; what was said of it has no gap."""
        await self.desk.said_types(ticket)
        return await get(self.people["office"], f"/v1/tickets/{ticket}")

    async def events(self, ticket: str) -> list[str]:
        """The names of the lines of its timeline."""
        return [line["event"] for line in await self.desk.timeline(ticket)]


async def opened(desk: Desk) -> Crossing:
    desk.harness.clock.stepped = MONDAY
    administrator = await desk.person(Role.ADMINISTRATOR)
    await desk.tell(ARTICLE, GUIDE)
    township = {"name": "某镇", "jurisdiction": TOWNSHIP}
    await put(administrator, f"/v1/units/{TOWNSHIP}", township)
    people: dict[str, Any] = {
        "office": await desk.person(Role.SUPERVISOR),
        "water": await desk.unit(WATER),
        "housing": await desk.unit(HOUSING),
        "reader": await desk.person(Role.UNIT, unit=WATER, subject="YJ0299"),
    }
    crossing = Crossing(desk, people)
    crossing.main = await desk.file(time=MONDAY)
    crossing.earlier = await crossing.file(Pair((*SIGNED, "reply")))
    return crossing


def test_every_act_of_the_table_crosses() -> None:
    assert {ACTS[name].act for name in PAIRS} == {rule.act for rule in MACHINE} - OF_OTHERS


async def test_a_wish_to_withdraw_meets_every_act_in_both_orders(desk: Desk) -> None:
    crossing = await opened(desk)
    for name, pair in PAIRS.items():
        wish_first, act_first = pair.is_met
        ticket = await crossing.file(pair)
        await desk.tell(ticket, WISH)
        is_withdrawn = (await crossing.shown(ticket))["state"] == "withdrawn"
        assert is_withdrawn == wish_first, f"a wish before {name}"
        answer = await crossing.act(ticket, name)
        assert answer.status_code in ((409,) if is_withdrawn else (200, 201)), (
            f"{name} after a wish: {answer.text}"
        )
        ticket = await crossing.file(pair)
        assert (await crossing.act(ticket, name)).is_success, name
        before = (await crossing.shown(ticket))["state"]
        await desk.tell(ticket, WISH)
        shown = await crossing.shown(ticket)
        assert shown["state"] == ("withdrawn" if act_first else before), f"a wish after {name}"
        said = "ticket.withdrawn" if act_first else "ticket.withdrawal_declined"
        assert (await crossing.events(ticket))[-2:] == [WISH.type, said], name
        assert not (act_first and shown["deadlines"]), f"a clock runs on after {name}"
    await nothing_parked(desk)


async def test_a_correction_of_the_type_meets_every_act_in_both_orders(desk: Desk) -> None:
    crossing = await opened(desk)
    for name, pair in PAIRS.items():
        found = list[Json]()
        for is_act_first in (True, False):
            ticket = await crossing.file(pair)
            if is_act_first:
                assert (await crossing.act(ticket, name)).is_success, name
            await desk.tell(ticket, CORRECTED)
            if not is_act_first:
                answer = await crossing.act(ticket, name)
                assert answer.is_success, f"{name} after a correction: {answer.text}"
            assert CORRECTED.type in await crossing.events(ticket), name
            shown = await crossing.shown(ticket)
            wanted = ("state", "request_type", "unit", "co_units", "deadlines")
            found.append({field: shown[field] for field in wanted})
        assert found[0] == found[1], f"{name} and a correction"
        assert found[0]["request_type"] == "inquiry"
    await nothing_parked(desk)


async def test_a_mark_of_the_unit_complained_of_meets_every_act_in_both_orders(
    desk: Desk,
) -> None:
    crossing = await opened(desk)
    for name, pair in PAIRS.items():
        for is_act_first in (True, False):
            ticket = await crossing.file(pair)
            if is_act_first:
                assert (await crossing.act(ticket, name)).is_success, name
            await desk.tell(ticket, MARK)
            if not is_act_first:
                answer = await crossing.act(ticket, name)
                assert answer.is_success or answer.is_client_error, f"{name}: {answer.text}"
            shown = await crossing.shown(ticket)
            if shown["state"] in RECALLABLE:
                assert WATER not in (shown["unit"], *shown["co_units"]), name
            seen = await crossing.people["water"].get(f"/v1/tickets/{ticket}")
            assert seen.status_code == 404, f"{name}, first: {is_act_first}"
    await nothing_parked(desk)


async def nothing_parked(desk: Desk) -> None:
    assert await desk.runtime.database.pool.fetchval("SELECT count(*) FROM parked") == 0
