"""What a notice changes: no day that works otherwise than before may be left out (C6)."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.calendars.rules import change_of, span_of
from shared.calendars import (
    FIRST_DAY,
    LAST_DAY,
    ExplicitDay,
    Overlay,
    day_at,
    day_index,
    is_working_day,
    national_calendar,
    with_overlays,
)
from shared.policy.calendar_files import CalendarFile

EVERY_DAY = [day_at(index) for index in range(day_index(FIRST_DAY), day_index(LAST_DAY) + 1)]
# The last days of a year may be named by the notice of the next.
named = st.dictionaries(
    st.dates(date(2025, 12, 20), date(2028, 1, 5)), st.booleans(), max_size=30
).map(lambda found: tuple(ExplicitDay(day, works) for day, works in found.items()))
overlays = st.builds(Overlay, named, st.frozensets(st.sampled_from([2026, 2027, 2028]), max_size=2))


@settings(max_examples=25, deadline=None)
@given(st.lists(overlays, max_size=2), overlays)
def test_a_change_names_every_day_that_works_otherwise(
    earlier: list[Overlay], overlay: Overlay
) -> None:
    before = with_overlays(national_calendar(), *earlier)
    after = with_overlays(national_calendar(), *earlier, overlay)
    change = change_of(CalendarFile("通知", None, overlay), before, after)
    others = [
        day for day in EVERY_DAY if is_working_day(before, day) is not is_working_day(after, day)
    ]
    assert list(change.days) == others
    assert (span_of(change) is None) == (not others and not change.years)
