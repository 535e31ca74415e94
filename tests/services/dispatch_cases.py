"""Cases of the coordination group for tests: people who sit on them, and what they hand in."""

from dataclasses import dataclass
from typing import Any

import httpx

from shared.events.words import Role
from tests.services.dispatch_desk import COUNTY, HOUSING, RETURN, WATER, Desk, Json, post

HEAD, FIRST, SECOND, THIRD = "XT0001", "XT0002", "XT0003", "XT0004"
MAYOR = "SZ0001"
REPORT = {
    "facts": "三个小区停水五天，涉及两千余户。",
    "reach": "两千余户，已有四十件工单。",
    "risk": "部分住户计划集中反映。",
    "proposal": "请水务局牵头，住建局配合抢修。",
}
DECISION = {"lead_unit": WATER, "co_units": [HOUSING], "opinion": "由水务局牵头，住建局配合。"}
SIGNED = {"lead_unit": WATER, "co_units": [HOUSING], "opinion": "同意。"}
MEMBERS = [
    {"subject": HEAD, "capacity": "市政府副秘书长", "is_head": True},
    {"subject": FIRST, "capacity": "市政务服务局负责人"},
    {"subject": SECOND, "capacity": "市水务局负责人"},
    {"subject": THIRD, "capacity": "市住建局负责人"},
]


@dataclass
class Group:
    """The coordination group, who prepares its cases, and a city leader."""

    desk: Desk
    supervisor: httpx.AsyncClient
    leader: httpx.AsyncClient
    people: dict[str, httpx.AsyncClient]

    async def open(self, kind: str, *, status: int = 201, **fields: Any) -> Json:
        """A ticket that waits for dispatch goes to the group; the case."""
        ticket = await self.desk.file(**({"category": "0900"} | fields))
        return await self.coordinate(ticket, kind, status=status)

    async def coordinate(self, ticket: str, kind: str, *, status: int = 201) -> Json:
        """A ticket goes to the group."""
        body: Json = {"kind": kind, "reason": "三个单位均认为不属本单位职责"}
        if kind == "major":
            body["report"] = REPORT
        path = f"/v1/tickets/{ticket}/coordinate"
        return await post(self.supervisor, path, body, status=status)

    async def name(self, case: Json, members: Any = MEMBERS, *, status: int = 200) -> Json:
        """Who sits on a case."""
        return await self.act(case, "members", self.supervisor, {"members": members}, status=status)

    async def vote(self, case: Json, subject: str, unit: str, *, status: int = 200) -> Json:
        """What a member is for."""
        return await self.act(
            case, "vote", self.people[subject], {"lead_unit": unit}, status=status
        )

    async def sign(self, case: Json, *, status: int = 200, **changed: Any) -> Json:
        """What the case needs signed, by who signs it."""
        who = self.leader if case["kind"] == "major" else self.people[HEAD]
        return await self.act(case, "sign", who, SIGNED | changed, status=status)

    async def decide(self, case: Json, *, status: int = 200, **changed: Any) -> Json:
        """The decision, as the supervisor writes it down."""
        body = DECISION | changed
        return await self.act(case, "decide", self.supervisor, body, status=status)

    async def act(
        self, case: Json, act: str, who: httpx.AsyncClient, body: Json, *, status: int = 200
    ) -> Json:
        """An act on a case."""
        return await post(who, f"/v1/cases/{case['id']}/{act}", body, status=status)

    async def ready(self, kind: str, **fields: Any) -> Json:
        """A case that lacks nothing but its decision, for the water bureau with housing."""
        case = await self.open(kind, **fields)
        if kind != "major":
            await self.name(case)
        if kind == "no_lead":
            for subject in (HEAD, FIRST, SECOND):
                case = await self.vote(case, subject, WATER)
            return case
        return await self.sign(case)


async def open_group(desk: Desk) -> Group:
    """The group of Ziyang."""
    people = {
        subject: await desk.person(Role.COORDINATION, subject=subject)
        for subject in (HEAD, FIRST, SECOND, THIRD)
    }
    supervisor = await desk.person(Role.SUPERVISOR)
    leader = await desk.person(Role.LEADER, subject=MAYOR)
    return Group(desk, supervisor, leader, people)


__all__ = ["COUNTY", "HOUSING", "RETURN", "WATER", "Group", "open_group"]
