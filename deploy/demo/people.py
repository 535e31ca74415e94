"""What the people of the demo do next: callers, operators, units, follow-up seats, supervisors.

Each act goes through the gateway and returns the acts that come of it, with their times.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from deploy.demo import habits
from deploy.demo.desk import Desk
from deploy.demo.habits import Case
from deploy.demo.words import ANSWER, GUIDES, HAND_OVER, REPLY, REQUESTS
from deploy.trial import unit_code
from shared.clock import Clock
from shared.events.words import (
    Act,
    ReturnDecision,
    ReturnGround,
    Role,
    Satisfaction,
    State,
    Step,
    Urgency,
)

Plan = tuple[datetime, Callable[[], Awaitable["list[Plan]"]]]
"""When something is done, and what; it returns what comes of it."""

GROUNDLESS_SHARE, GRANTED_ON_SHARE, UNREACHED_SHARE = 0.03, 0.7, 0.12
REVIEWED_SHARE, SENT_AGAIN_SHARE, DISPATCH_LATE_SHARE = 0.6, 0.02, 0.05
FOLLOW_UPS_MAX = 3
EMERGENCY = "emergency_110"
"""The ground of what is no refusal at all but a matter of 110."""
UNHURRIED = timedelta(hours=2)
DISSATISFIED = (Satisfaction.DISSATISFIED, Satisfaction.VERY_DISSATISFIED)


@dataclass(frozen=True, slots=True)
class People:
    """Everybody, at one desk, by one clock."""

    desk: Desk
    clock: Clock

    @property
    def now(self) -> datetime:
        """The time at hand."""
        assert self.clock.stepped is not None
        return self.clock.stepped

    async def publish_guides(self) -> None:
        """The editors of each place publish their guides."""
        for place in habits.PLACES:
            for guide in GUIDES:
                unit = unit_code(place, guide.category)
                await self.desk.publish(place, unit, title=guide.title, body=guide.body)

    async def file(self, case: Case) -> list[Plan]:
        """An operator writes down what a caller says, and answers at once where an article can."""
        body = dict(case.body)
        is_unread = case.body["channel"] == habits.UNREAD
        article = None if is_unread else await self._find_article(case)
        if article is not None:
            body["answered_by"] = article
        key = f"file-{case.serial}" if case.is_repeated else None
        filed = await self.desk.file(case.place, body, key=key)
        case.id, case.number = filed["id"], filed["number"]
        if filed["state"] != State.ACCEPTED:
            return []
        if is_unread:
            read_at = self.now + timedelta(minutes=case.chance.uniform(4, 40))
            return [(read_at, partial(self.read, case))]
        return [(self.now, partial(self.look, case))]

    async def read(self, case: Case) -> list[Plan]:
        """An operator reads what was accepted unread, and ends it where no unit is needed."""
        article = await self._find_article(case)
        if case.ground == EMERGENCY:
            handed = HAND_OVER | {"unit": police_of(case.place)}
            await self._act(case, Role.OPERATOR, Act.HAND_OVER, handed)
        elif case.ground is not None:
            refused = {"ground": case.ground, "reason": "经审阅，不属于受理范围"}
            await self._act(case, Role.OPERATOR, Act.REFUSE, refused)
        elif article is not None:
            await self._act(case, Role.OPERATOR, Act.ANSWER, ANSWER | {"article": article})
        else:
            return await self.look(case)
        return []

    async def look(self, case: Case) -> list[Plan]:
        """See where a ticket is: at a unit, or at the hotline, where a person must dispatch it."""
        seen = await self.desk.get(Role.OPERATOR, case.place, f"/v1/tickets/{case.id}")
        if seen["state"] == State.DISPATCHED:
            return self._comes_to_unit(case, seen)
        minutes = case.chance.uniform(4, 40)
        if case.chance.random() < DISPATCH_LATE_SHARE:
            minutes += 24 * 60
        return [(self.now + timedelta(minutes=minutes), partial(self.dispatch, case))]

    async def dispatch(self, case: Case) -> list[Plan]:
        """An operator sends a ticket to the competent unit by hand, unless a suggestion did."""
        seen = await self.desk.get(Role.OPERATOR, case.place, f"/v1/tickets/{case.id}")
        if seen["state"] == State.DISPATCHED:
            return self._comes_to_unit(case, seen)
        body = {"unit": self._competent(case), "reason": "经人工研判，属该单位职责"}
        done = await self._act(case, Role.OPERATOR, Act.DISPATCH, body)
        return self._comes_to_unit(case, done)

    async def sign(self, case: Case) -> list[Plan]:
        """The unit signs."""
        done = await self._act(case, Role.UNIT, Act.SIGN, {})
        return self._will_reply(case, _due(done, Step.HANDLE))

    async def return_(self, case: Case) -> list[Plan]:
        """The unit says that the ticket is another's."""
        case.proposals.add(case.unit)
        is_wrong = case.unit != self._competent(case)
        proposed = self._competent(case) if is_wrong else self._other(case)
        body = {
            "ground": ReturnGround.NOT_OUR_DUTY,
            "reason": "该事项不属于本单位职责，建议改派",
            "legal_basis": "本单位职能配置规定",
            "proposed_unit": proposed,
        }
        await self._act(case, Role.UNIT, Act.RETURN, body)
        decided_at = habits.staffed_time(
            self.now + timedelta(minutes=case.chance.uniform(15, 150)),
            case.chance,
            opens=8,
            closes=20,
        )
        return [(decided_at, partial(self.decide_return, case, proposed, is_wrong))]

    async def decide_return(self, case: Case, proposed: str, is_wrong: bool) -> list[Plan]:
        """A supervisor grants what is right, with or without naming the next unit."""
        body: dict[str, Any] = {"decision": ReturnDecision.REJECTED, "reason": "属于你单位职责"}
        if is_wrong:
            body = {"decision": ReturnDecision.GRANTED, "reason": "理由成立，同意退单"}
            if case.chance.random() < GRANTED_ON_SHARE:
                body["unit"] = proposed
        done = await self._act(case, Role.SUPERVISOR, Act.DECIDE_RETURN, body)
        if done["state"] == State.DISPATCHED:
            return self._comes_to_unit(case, done)
        if done["state"] == State.SIGNED:
            return self._will_reply(case, _due(done, Step.HANDLE))
        return [(self.now, partial(self.look, case))]

    async def reply(self, case: Case) -> list[Plan]:
        """The unit replies."""
        await self._act(case, Role.UNIT, Act.REPLY, REPLY)
        return [(self._call_time(case), partial(self.follow_up, case, 1))]

    async def follow_up(self, case: Case, attempt: int) -> list[Plan]:
        """A follow-up seat calls; who is reached says how satisfied they are."""
        if case.chance.random() < UNREACHED_SHARE:
            body: dict[str, Any] = {"is_reached": False, "note": "无人接听"}
            await self._act(case, Role.FOLLOW_UP, Act.FOLLOW_UP, body)
            if attempt == FOLLOW_UPS_MAX:
                return []
            return [(self._call_time(case), partial(self.follow_up, case, attempt + 1))]
        result = habits.pick(case.chance, habits.RATINGS)
        is_solved = result not in DISSATISFIED
        asked = {"is_reached": True, "is_solved": is_solved, "note": "已回访"}
        await self._act(case, Role.FOLLOW_UP, Act.FOLLOW_UP, asked)
        rated = {"result": result, "hotline": Satisfaction.SATISFIED, "is_solved": is_solved}
        await self._act(case, Role.FOLLOW_UP, Act.RATE, rated)
        if is_solved or case.chance.random() >= REVIEWED_SHARE:
            return []
        reviewed_at = habits.office_time(
            self.now + timedelta(hours=case.chance.uniform(2, 24)), case.chance
        )
        return [(reviewed_at, partial(self.review, case, rated))]

    async def review(self, case: Case, rated: dict[str, Any]) -> list[Plan]:
        """A supervisor finds that a reply conforms to law, regulation and policy (ZY 14.1)."""
        await self._act(case, Role.SUPERVISOR, Act.RATE, rated | {"conforms": True})
        return []

    async def _find_article(self, case: Case) -> str | None:
        """The published article that answers a case, if one does."""
        if case.guide is None:
            return None
        query = case.guide.question.title
        found = await self.desk.get(Role.OPERATOR, case.place, "/v1/articles", q=query)
        return found["items"][0]["id"] if found["items"] else None

    async def _act(self, case: Case, role: Role, act: Act, body: dict[str, Any]) -> dict[str, Any]:
        whose = case.unit if role is Role.UNIT else case.place
        is_sent_again = case.chance.random() < SENT_AGAIN_SHARE
        key = f"{case.id}-{act}-{self.now.isoformat()}" if is_sent_again else None
        return await self.desk.act((role, whose), case.id, act, body, key=key)

    def _comes_to_unit(self, case: Case, seen: dict[str, Any]) -> list[Plan]:
        case.unit = seen["unit"]
        # After a return the time to sign runs no more.
        due_at = _due(seen, Step.SIGN) or self.now + UNHURRIED
        at = habits.sign_time(case.chance, at=self.now, due_at=due_at)
        if at is None:
            return []
        at = max(at, self.now)
        if case.unit not in case.proposals and self._is_returned(case):
            return [(min(at, due_at), partial(self.return_, case))]
        return [(at, partial(self.sign, case))]

    def _is_returned(self, case: Case) -> bool:
        is_wrong = case.unit != self._competent(case)
        return is_wrong or case.chance.random() < GROUNDLESS_SHARE

    def _will_reply(self, case: Case, due_at: datetime | None) -> list[Plan]:
        assert due_at is not None, "what was signed must be handled in time"
        at = habits.reply_time(
            case.chance,
            case.request_type,
            at=self.now,
            due_at=due_at,
            is_urgent=case.body.get("urgency", Urgency.NORMAL) != Urgency.NORMAL,
        )
        return [] if at is None else [(max(at, self.now), partial(self.reply, case))]

    def _call_time(self, case: Case) -> datetime:
        later = self.now + timedelta(hours=case.chance.uniform(1, 26))
        return habits.staffed_time(later, case.chance, opens=9, closes=20)

    def _competent(self, case: Case) -> str:
        return unit_code(case.place, case.category)

    def _other(self, case: Case) -> str:
        others = [code for code in REQUESTS if code != case.category]
        return unit_code(case.place, case.chance.choice(others))


def police_of(place: str) -> str:
    """The unit that stands for 110 at a place."""
    return f"{place}-110"


def _due(seen: dict[str, Any], step: Step) -> datetime | None:
    """When a step is due, as the gateway says it; none where its time does not run."""
    for one in seen["deadlines"]:
        if one["step"] == step:
            return datetime.fromisoformat(one["due_at"])
    return None
