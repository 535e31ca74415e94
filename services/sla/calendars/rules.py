"""What a new calendar changes, and what that makes of a deadline. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from services.sla.policies.rules import midnight
from services.sla.rules import Adjustment, Start, recount
from shared.calendars import Calendar, day_at, day_index, is_provisional, is_working_day
from shared.events.words import Step
from shared.policy.calendar_files import CalendarFile
from shared.policy.deadlines import Matter
from shared.policy.law import Law


class Change(NamedTuple):
    """The days that work otherwise than before, and the years that were not published before."""

    days: tuple[date, ...]
    years: tuple[int, ...]


class Span(NamedTuple):
    """The moments between which a change lies; an open deadline outside of them keeps its time."""

    begins_at: datetime
    ends_at: datetime


class Open(NamedTuple):
    """A deadline that is open, with all that its time follows from."""

    ticket_id: UUID
    step: Step
    version: int
    due_at: datetime
    provisional: bool
    starts_at: datetime
    adjustments: Sequence[Adjustment]
    jurisdiction: str
    matter: Matter
    policy: str
    law_limit: Mapping[str, Any] | None
    has_promise: bool = False
    """Whether the unit's own shorter time stands beside it (C9)."""

    @property
    def is_dispatchs(self) -> bool:
        """Whether dispatch can count it by itself: nothing but pack and calendar made it."""
        return not self.adjustments and (self.law_limit is None or self.step is not Step.HANDLE)


class Moved(NamedTuple):
    """An open deadline and what its time is now."""

    before: Open
    now: Start


def change_of(file: CalendarFile, before: Calendar, after: Calendar) -> Change:
    """What a file changes in the calendar of its own place.

    A year is told whole: what an earlier file said of a day that this one leaves out falls away.
    """
    years = sorted(file.overlay.published_years)
    touched = {one.day for one in file.overlay.days}.union(*map(_days_of, years))
    return Change(
        tuple(
            day
            for day in sorted(touched)
            if is_working_day(before, day) is not is_working_day(after, day)
        ),
        tuple(
            year
            for year in years
            if any(is_provisional(before, date(year, month, 1)) for month in (1, 12))
        ),
    )


def span_of(change: Change) -> Span | None:
    """Between which moments the change lies; none where nothing changes."""
    days = [
        *change.days,
        *(date(year, 1, 1) for year in change.years),
        *(date(year, 12, 31) for year in change.years),
    ]
    if not days:
        return None
    return Span(midnight(min(days)), midnight(max(days)) + timedelta(days=1))


def recounted(law: Law, deadline: Open) -> Moved | None:
    """The deadline under the law as it is now; none where nothing of it is otherwise.

    A pack that is not known here, or that has no such time, leaves it as it is.
    """
    pack = law.pack(deadline.policy)
    if pack is None:
        return None
    now = recount(
        pack,
        law.calendar(deadline.jurisdiction),
        deadline.matter,
        deadline.step,
        starts_at=deadline.starts_at,
        adjustments=deadline.adjustments,
        law_limit=deadline.law_limit,
    )
    if now is None or (now.due_at, now.provisional) == (deadline.due_at, deadline.provisional):
        return None
    return Moved(deadline, now)


def _days_of(year: int) -> list[date]:
    first, last = day_index(date(year, 1, 1)), day_index(date(year, 12, 31))
    return [day_at(index) for index in range(first, last + 1)]
