"""Laws that hold for every pack, step, season and calendar."""

from datetime import date, datetime, timedelta
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.calendars import (
    BEIJING,
    Calendar,
    ExplicitDay,
    Overlay,
    national_calendar,
    with_overlays,
)
from shared.events.words import RequestType, Urgency
from shared.policy.deadlines import (
    Matter,
    Moments,
    deadlines,
    extended,
    extension_ask_by,
    limit_deadline,
    warn_at,
)
from shared.policy.load import builtin_packs, dump_pack
from shared.policy.model import Pack
from shared.policy.values import Length

FIRST = datetime(2024, 1, 1, tzinfo=BEIJING)
CALENDAR = national_calendar()
SEASONS = [
    {"from": "05-01", "to": "09-30", "spans": [["08:30", "12:00"], ["15:00", "18:30"]]},
    {"from": "12-15", "to": "02-28", "spans": [["10:00", "16:00"]]},
]

seconds = st.integers(min_value=0, max_value=1000 * 86_400)
starts = seconds.map(lambda n: FIRST + timedelta(seconds=n))
# What a province passes on waits for 10:00 of the next day, be it accepted just after midnight.
matters = st.builds(
    Matter, st.sampled_from(RequestType), st.sampled_from(Urgency), st.booleans(), st.just(False)
)
lengths = st.builds(
    Length,
    amount=st.integers(min_value=1, max_value=60),
    unit=st.sampled_from(["minutes", "hours", "working_days", "calendar_days", "months"]),
)


@cache
def packs() -> list[Pack]:
    """The six, and each again with seasons, with working hours, and with days to midnight."""
    found = list(builtin_packs().values())
    for pack in builtin_packs().values():
        data = dump_pack(pack)
        data["working_hours"]["seasons"] = SEASONS
        found.append(Pack.model_validate(data))
        data["counting"]["hours"] = {"value": "working", "source": "default"}
        found.append(Pack.model_validate(data))
        data["counting"]["day_ends"] = {"value": "midnight", "source": "default"}
        found.append(Pack.model_validate(data))
    return found


@cache
def without(day: date) -> Calendar:
    return with_overlays(CALENDAR, Overlay((ExplicitDay(day, False, "地方假日"),)))


every_pack = st.deferred(lambda: st.sampled_from(packs()))


@settings(max_examples=400, deadline=None)
@given(every_pack, matters, starts, starts)
def test_who_is_accepted_later_is_due_no_earlier(
    pack: Pack, matter: Matter, one: datetime, other: datetime
) -> None:
    first, second = sorted((one, other))
    earlier = deadlines(pack, CALENDAR, matter, Moments(first))
    later = deadlines(pack, CALENDAR, matter, Moments(second))
    for step, deadline in earlier.items():
        assert deadline.starts_at < deadline.due_at <= later[step].due_at
        assert deadline.starts_at < warn_at(pack, deadline) < deadline.due_at


@settings(max_examples=400, deadline=None)
@given(every_pack, matters, starts, st.integers(min_value=0, max_value=40))
def test_a_day_off_never_brings_a_deadline_forward(
    pack: Pack, matter: Matter, accepted: datetime, offset: int
) -> None:
    fewer = without(accepted.date() + timedelta(days=offset))
    before = deadlines(pack, CALENDAR, matter, Moments(accepted))
    after = deadlines(pack, fewer, matter, Moments(accepted))
    for step, deadline in before.items():
        assert after[step].due_at >= deadline.due_at


@settings(max_examples=400, deadline=None)
@given(every_pack, starts, st.integers(min_value=1, max_value=30))
def test_an_extension_never_shortens(pack: Pack, due_at: datetime, days: int) -> None:
    moved = extended(pack, CALENDAR, due_at, days)
    assert moved.due_at > due_at
    assert extended(pack, CALENDAR, due_at, days + 1).due_at > moved.due_at
    fewer = without(due_at.date() + timedelta(days=days))
    assert extended(pack, fewer, due_at, days).due_at >= moved.due_at


@settings(max_examples=400, deadline=None)
@given(every_pack, matters, starts, starts)
def test_the_last_moment_to_ask_comes_in_the_order_of_the_deadlines(
    pack: Pack, matter: Matter, one: datetime, other: datetime
) -> None:
    first, second = sorted((one, other))
    dues = [
        next(iter(reversed(deadlines(pack, CALENDAR, matter, Moments(at)).values()))).due_at
        for at in (first, second)
    ]
    asks = [extension_ask_by(pack, CALENDAR, due_at) for due_at in dues]
    assert asks[0] <= asks[1]
    assert asks[0] <= dues[0]


@settings(max_examples=400, deadline=None)
@given(every_pack, lengths, starts, starts)
def test_a_limit_set_by_law_is_monotone_too(
    pack: Pack, length: Length, one: datetime, other: datetime
) -> None:
    first, second = sorted((one, other))
    dues = [
        limit_deadline(pack, CALENDAR, length, start, since="dispatch").due_at
        for start in (first, second)
    ]
    assert first < dues[0] <= dues[1]
    longer = length.model_copy(update={"amount": length.amount + 1})
    assert limit_deadline(pack, CALENDAR, longer, first, since="dispatch").due_at >= dues[0]
