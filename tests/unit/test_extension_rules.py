"""The law of extensions as properties: nothing shortens, sums hold, limits are limits (C4)."""

from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.sla.extensions.rules import (
    Application,
    Reason,
    Refusal,
    Standing,
    days_max,
    refusal_of,
    refusal_of_grant,
    times_max,
)
from services.sla.handling.rules import granted_days, with_extension, without_extensions
from services.sla.promises.rules import Promised, PromiseUnit, promised_at, refusal_of_promise
from services.sla.rules import Adjustment, recount
from shared.calendars import BEIJING, national_calendar
from shared.events.words import RequestType, Step
from shared.policy.deadlines import Matter, extension_ask_by, extension_rule
from shared.policy.load import builtin_packs, pack_for
from shared.policy.model import Pack
from shared.policy.values import Span

CALENDAR = national_calendar()
XISHUANGBANNA = pack_for("532800")

packs = st.sampled_from(sorted(builtin_packs().values(), key=lambda pack: pack.code))
types = st.sampled_from(RequestType)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 1)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=BEIJING)
)
extensions = st.lists(st.integers(1, 30), max_size=4)


@given(packs, types, moments, extensions)
def test_an_extension_never_shortens(
    pack: Pack, request: RequestType, starts_at: datetime, days: list[int]
) -> None:
    adjustments: list[Adjustment] = []
    due_at = _due(pack, request, starts_at, adjustments)
    for one in days:
        adjustments = with_extension(adjustments, one)
        moved = _due(pack, request, starts_at, adjustments)
        assert moved > due_at
        due_at = moved
    assert granted_days(adjustments) == tuple(days)
    assert without_extensions(adjustments) == []


@given(packs, types, moments, st.integers(1, 20), st.integers(1, 20))
def test_two_extensions_are_as_long_as_one_of_both(
    pack: Pack, request: RequestType, starts_at: datetime, first: int, second: int
) -> None:
    one = _due(pack, request, starts_at, [["extend", first + second]])
    assert _due(pack, request, starts_at, [["extend", first], ["extend", second]]) == one


@given(packs, types, st.lists(st.integers(1, 60), max_size=5), st.booleans())
def test_what_is_counted_in_all_never_passes_its_sum(
    pack: Pack, request: RequestType, asked: list[int], is_exceptional: bool
) -> None:
    """XS 三(五): 咨询类最长不得超过3个工作日，求助、意见建议类最长不得超过5个工作日."""
    granted = _granted(pack, request, asked, is_exceptional=is_exceptional)
    rule = extension_rule(pack, request)
    assert len(granted) <= times_max(pack, request, is_exceptional=is_exceptional)
    if rule.days.counts == "in_all":
        handling: Span = getattr(pack.handle, request)
        assert handling.amount + sum(granted) <= rule.days.value
    elif rule.days.firm or not is_exceptional:
        assert all(days <= rule.days.value for days in granted)


@pytest.mark.parametrize(
    ("request_type", "in_all"),
    [(RequestType.INQUIRY, 3), (RequestType.HELP, 5), (RequestType.SUGGESTION, 5)],
)
@pytest.mark.parametrize("is_exceptional", [True, False])
def test_xishuangbanna_counts_the_handling_time_in(
    request_type: RequestType, in_all: int, is_exceptional: bool
) -> None:
    handling: Span = getattr(XISHUANGBANNA.handle, request_type)
    most = days_max(XISHUANGBANNA, request_type, [], is_exceptional=is_exceptional)
    assert handling.amount + most == in_all


@given(packs, types, moments, st.integers(1, 60), st.booleans())
def test_what_may_be_asked_for_may_be_granted_and_fewer_days_too(
    pack: Pack, request: RequestType, starts_at: datetime, days: int, is_exceptional: bool
) -> None:
    standing = _standing(request, _due(pack, request, starts_at, []))
    application = Application(days, is_exceptional, starts_at)
    assume(refusal_of(pack, CALENDAR, standing, application) is None)
    for fewer in range(1, days + 1):
        assert refusal_of_grant(pack, standing, application, fewer, is_told=True) is None
    more = refusal_of_grant(pack, standing, application, days + 1, is_told=True)
    assert more is not None
    assert more.allowed == tuple(str(one) for one in range(1, days + 1))


@given(packs, types, moments, st.timedeltas(timedelta(-30), timedelta(30)))
def test_the_last_moment_to_ask_divides_in_time_from_late(
    pack: Pack, request: RequestType, starts_at: datetime, offset: timedelta
) -> None:
    assume(days_max(pack, request, [], is_exceptional=True) > 0)
    due_at = _due(pack, request, starts_at, [])
    ask_by = extension_ask_by(pack, CALENDAR, due_at)
    assert ask_by <= due_at
    application = Application(1, True, ask_by + offset)
    refusal = refusal_of(pack, CALENDAR, _standing(request, due_at), application)
    is_late = refusal is not None and refusal.reason is Reason.TOO_LATE
    assert is_late == (offset > timedelta(0)) or _may_never(refusal)


@given(packs, types, moments, st.integers(1, 40), st.booleans())
def test_every_refusal_names_an_article_or_what_may_be_done(
    pack: Pack, request: RequestType, at: datetime, days: int, is_exceptional: bool
) -> None:
    due_at = at + timedelta(days=1)
    application = Application(days, is_exceptional, at)
    refusal = refusal_of(pack, CALENDAR, _standing(request, due_at), application)
    if refusal is not None:
        assert "（" in refusal.detail
        assert any(word in refusal.detail for word in ("ZY", "XS", "YN", "默认规则"))


@settings(max_examples=30, deadline=None)
@given(packs, types, st.integers(1, 200), st.sampled_from(PromiseUnit), moments)
def test_a_promise_that_is_taken_is_shorter_from_every_moment(
    pack: Pack, request: RequestType, amount: int, unit: PromiseUnit, starts_at: datetime
) -> None:
    promise = Promised(amount, unit)
    since = starts_at - timedelta(days=100)
    assume(refusal_of_promise(pack, CALENDAR, request, promise, since=since) is None)
    assert promised_at(pack, CALENDAR, promise, starts_at) <= _due(pack, request, starts_at, [])


def _may_never(refusal: Refusal | None) -> bool:
    return refusal is not None and refusal.reason is Reason.NOT_ALLOWED_FOR_TYPE


def _granted(
    pack: Pack, request: RequestType, asked: list[int], *, is_exceptional: bool
) -> list[int]:
    """What comes of applications one after the other, each decided at once."""
    granted: list[int] = []
    at = datetime(2026, 3, 2, 9, tzinfo=BEIJING)
    for number, days in enumerate(asked):
        standing = Standing(request, at + timedelta(days=90), False, granted, number, False)
        if refusal_of(pack, CALENDAR, standing, Application(days, is_exceptional, at)) is None:
            granted.append(days)
    return granted


def _standing(request: RequestType, due_at: datetime) -> Standing:
    return Standing(request, due_at, False, (), 0, False)


def _due(
    pack: Pack, request: RequestType, starts_at: datetime, adjustments: list[Adjustment]
) -> datetime:
    start = recount(
        pack,
        CALENDAR,
        Matter(request),
        Step.HANDLE,
        starts_at=starts_at,
        adjustments=adjustments,
    )
    assert start is not None
    return start.due_at
