"""When and what the people of the demo do: pure draws from a `random.Random`, by seed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from deploy.demo.words import GUIDES, REFUSED, REQUESTS, SPOTS, Guide
from shared.calendars import BEIJING, is_working_day, local, national_calendar
from shared.events.words import Channel, RequestType, Satisfaction, Urgency
from shared.policy.load import pack_for

PLACES = {"530000": 40, "512000": 36, "532800": 24}
"""Where requests come from, with weights."""
HOURS = (1, 1, 1, 1, 1, 2, 4, 8, 16, 26, 26, 20, 12, 14, 24, 26, 24, 18, 12, 10, 12, 8, 4, 2)
DAY_OFF_WEIGHT = 0.55
TYPES = {
    RequestType.INQUIRY: 36,
    RequestType.HELP: 30,
    RequestType.COMPLAINT: 22,
    RequestType.REPORT: 7,
    RequestType.SUGGESTION: 5,
}
CHANNELS = {
    Channel.PHONE: 62,
    Channel.WEB: 8,
    Channel.APP: 7,
    Channel.MINI_PROGRAM: 9,
    Channel.WECHAT: 6,
    Channel.MAYOR_MAILBOX: 2,
    Channel.PARTNER: 3,
    Channel.SYSTEM: 3,
}
UNREAD = Channel.WEB
"""What comes so is accepted before anybody has read it."""
HANDLING_HOURS = {
    RequestType.INQUIRY: 5.0,
    RequestType.HELP: 18.0,
    RequestType.SUGGESTION: 24.0,
    RequestType.COMPLAINT: 40.0,
    RequestType.REPORT: 44.0,
}
"""How long a unit takes on average where time allows."""
RATINGS = {
    Satisfaction.VERY_SATISFIED: 30,
    Satisfaction.SATISFIED: 42,
    Satisfaction.BASICALLY_SATISFIED: 14,
    Satisfaction.DISSATISFIED: 10,
    Satisfaction.VERY_DISSATISFIED: 4,
}
REFUSED_SHARE, ANSWERED_SHARE, NO_CATEGORY_SHARE, WRONG_CATEGORY_SHARE = 0.045, 0.5, 0.06, 0.07
URGENT_SHARE, ENFORCEMENT_SHARE, REPEATED_SHARE = 0.04, 0.06, 0.08
LATE_SHARE, NEVER_SHARE = 0.06, 0.02
SURNAMES = "赵钱孙李周吴郑王冯陈"
CALLERS = 400
SHIFTS = ((9 * 60, 12 * 60), (13 * 60 + 30, 17 * 60 + 30))
"""When offices work, in minutes from midnight, Beijing time."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is simulated: `tickets` requests in `days` days from `start`, drawn by `seed`."""

    tickets: int = 600
    days: int = 14
    seed: int = 12345
    start: datetime = datetime(2026, 9, 21, 8, tzinfo=BEIJING)

    @property
    def end(self) -> datetime:
        """When the simulation ends."""
        return self.start + timedelta(days=self.days)


@dataclass(slots=True)
class Case:
    """One request: what will be filed and when, and the dice of all that happens to it."""

    serial: int
    at: datetime
    chance: Random
    place: str
    category: str
    """What it is truly about; the operator may have written another."""
    body: dict[str, Any]
    guide: Guide | None = None
    ground: str | None = None
    """Why it is out of scope, where that is found after it was accepted."""
    is_repeated: bool = False
    id: str = ""
    number: str = ""
    unit: str = ""
    proposals: set[str] = field(default_factory=set)
    """Units that have asked to return it: nobody asks twice."""

    @property
    def request_type(self) -> RequestType:
        """What the caller wants."""
        return RequestType(self.body["type"])


def draw_cases(scale: Scale) -> list[Case]:
    """All requests of a simulation, in the order of their times."""
    chance = Random(scale.seed)  # noqa: S311  dice, not secrets
    days = [scale.start.date() + timedelta(days=place) for place in range(scale.days + 1)]
    slots = [
        (slot, _weight(slot))
        for day in days
        for hour in range(24)
        if scale.start <= (slot := _at(day, hour)) < scale.end
    ]
    hours = chance.choices(*zip(*slots, strict=True), k=scale.tickets)
    return sorted(
        (
            _draw_case(scale.seed, serial, hour + timedelta(seconds=chance.randrange(3600)))
            for serial, hour in enumerate(hours)
        ),
        key=lambda case: case.at,
    )


def pick(chance: Random, weights: dict[Any, int]) -> Any:  # noqa: ANN401  any key
    """One of the keys, by weight."""
    return chance.choices(list(weights), list(weights.values()))[0]


def office_time(at: datetime, chance: Random) -> datetime:
    """`at` where offices work then, else shortly after they next open."""
    moment = local(at)
    while True:
        if is_working_day(national_calendar(), moment.date()):
            minute = moment.hour * 60 + moment.minute
            for opens, closes in SHIFTS:
                if minute < closes:
                    if minute >= opens:
                        return moment
                    opening = _at(moment.date(), 0) + timedelta(minutes=opens)
                    return opening + timedelta(seconds=chance.randrange(60, 2400))
        moment = _at(moment.date() + timedelta(days=1), 0)


def staffed_time(at: datetime, chance: Random, *, opens: int, closes: int) -> datetime:
    """`at` where the hotline's day seats are staffed then, else shortly after they next are."""
    moment = local(at)
    if opens <= moment.hour < closes:
        return moment
    day = moment.date() + timedelta(days=moment.hour >= closes)
    return _at(day, opens) + timedelta(seconds=chance.randrange(60, 3600))


def sign_time(chance: Random, *, at: datetime, due_at: datetime) -> datetime | None:
    """When a unit signs what it got at `at`: in time, late, or (none) not in this life."""
    dice = chance.random()
    if dice < NEVER_SHARE:
        return None
    if dice < NEVER_SHARE + LATE_SHARE:
        return due_at + timedelta(minutes=chance.uniform(20, 300))
    span = due_at - at
    early = at + span * chance.uniform(0.04, 0.7)
    # A duty room signs within hours, day and night; longer times are office time.
    if span > timedelta(hours=3):
        early = office_time(early, chance)
    return min(early, due_at - span * 0.02)


def reply_time(
    chance: Random, kind: RequestType, *, at: datetime, due_at: datetime, is_urgent: bool
) -> datetime | None:
    """When a unit replies to what it has had since `at`: in time, late, or (none) never."""
    dice = chance.random()
    if dice < NEVER_SHARE:
        return None
    if dice < NEVER_SHARE + LATE_SHARE:
        return due_at + timedelta(hours=chance.uniform(1, 20))
    hours = HANDLING_HOURS[kind] * (0.2 if is_urgent else 1.0)
    moment = office_time(at + timedelta(hours=chance.gammavariate(2.0, hours / 2)), chance)
    latest = due_at - timedelta(minutes=chance.uniform(10, 90))
    # A time that was nearly over when the unit signed: at once.
    return max(at + timedelta(minutes=1), min(moment, latest)) if latest > at else due_at


def _draw_case(seed: int, serial: int, at: datetime) -> Case:
    chance = Random(f"{seed}/{serial}")  # noqa: S311  dice, not secrets
    jurisdiction = pick(chance, PLACES)
    kind = pick(chance, TYPES)
    channel = pick(chance, CHANNELS)
    category = chance.choice(list(REQUESTS))
    guide, ground = None, None
    division, spot = chance.choice(SPOTS[jurisdiction])
    text = REQUESTS[category][kind]
    body: dict[str, Any] = {"jurisdiction": jurisdiction, "type": kind, "channel": channel}
    if chance.random() < REFUSED_SHARE:
        ground = chance.choice(_grounds(jurisdiction))
        text = REFUSED[ground]
        if channel != UNREAD:
            body["refusal"], ground = ground, None
    elif kind is RequestType.INQUIRY and chance.random() < ANSWERED_SHARE:
        guide = chance.choice(GUIDES)
        text, category = guide.question, guide.category
    caller = chance.randrange(CALLERS)
    body |= {
        "title": text.title,
        "content": text.content.format(spot=spot),
        "caller": {"name": f"{SURNAMES[caller % 10]}某", "phone": f"1380000{caller:04d}"},
        "place": {"address": spot, "division": division},
    }
    body |= _marks(chance, category, kind)
    if channel in (Channel.PARTNER, Channel.SYSTEM):
        body["external_id"] = f"demo-{seed}-{serial}"
    elif channel is not Channel.PHONE:
        body["channel_ref"] = f"{channel}-{seed}-{serial}"
    return Case(
        serial=serial,
        at=at,
        chance=chance,
        place=jurisdiction,
        category=category,
        body=body,
        guide=guide,
        ground=ground,
        is_repeated=chance.random() < REPEATED_SHARE,
    )


def _marks(chance: Random, category: str, kind: RequestType) -> dict[str, Any]:
    """Category as the operator wrote it, urgency, enforcement."""
    marks: dict[str, Any] = {}
    dice = chance.random()
    if dice >= NO_CATEGORY_SHARE:
        is_wrong = dice < NO_CATEGORY_SHARE + WRONG_CATEGORY_SHARE
        others = [code for code in REQUESTS if code != category]
        marks["category"] = chance.choice(others) if is_wrong else category
    if kind is RequestType.HELP and chance.random() < 3 * URGENT_SHARE:
        marks["urgency"] = pick(chance, {Urgency.SPECIAL: 3, Urgency.CRITICAL: 1})
    if kind in (RequestType.COMPLAINT, RequestType.REPORT):
        marks["is_enforcement"] = chance.random() < 3 * ENFORCEMENT_SHARE
    return marks


def _grounds(jurisdiction: str) -> Sequence[str]:
    known = {ground.code for ground in pack_for(jurisdiction).scope}
    return [code for code in REFUSED if code in known]


def _weight(slot: datetime) -> float:
    is_working = is_working_day(national_calendar(), slot.date())
    return HOURS[slot.hour] * (1.0 if is_working else DAY_OFF_WEIGHT)


def _at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=BEIJING)
