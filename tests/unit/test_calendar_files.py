"""An operator's calendar files: what they change, and what they are refused for."""

from datetime import date, datetime
from pathlib import Path

import pytest

from shared.calendars import BEIJING, ExplicitDay, is_provisional, is_working_day
from shared.events.words import RequestType, Step
from shared.jurisdictions import covers
from shared.policy.calendar_files import (
    FESTIVALS,
    CalendarFile,
    Festival,
    load_calendar_file,
    read_calendar_file,
)
from shared.policy.deadlines import Deadline, Matter, Moments, deadlines
from shared.policy.errors import PolicyFileError
from shared.policy.law import Law, make_law
from shared.policy.load import builtin_packs
from tests.unit.notices import DAI_NEW_YEAR_2026, NOTICE_2027

HEAD = 'document = "通知"\n'


def read(text: str) -> CalendarFile:
    return read_calendar_file("2027.toml", text)


def law(*texts: str) -> Law:
    return make_law(builtin_packs().values(), map(read, texts))


def handle(known: Law, place: str, accepted: str, kind: str = "help") -> Deadline:
    at = datetime.fromisoformat(accepted).replace(tzinfo=BEIJING)
    pack, calendar = known.in_force(place, at), known.calendar(place)
    return deadlines(pack, calendar, Matter(RequestType(kind)), Moments(at))[Step.HANDLE]


def test_a_notice_of_the_state_council_is_read() -> None:
    file = read(NOTICE_2027)
    assert file.jurisdiction is None
    assert file.overlay.published_years == {2027}
    assert file.overlay.days[0] == ExplicitDay(date(2027, 1, 1), False, "元旦")
    assert file.overlay.days[-1] == ExplicitDay(date(2027, 10, 9), True, "国庆节调休上班")


def test_a_notice_settles_what_was_provisional() -> None:
    before = handle(law(), "512000", "2026-12-30T10:00", "complaint")
    after = handle(law(NOTICE_2027), "512000", "2026-12-30T10:00", "complaint")
    assert (before.provisional, f"{before.due_at:%m-%d}") == (True, "01-08")
    assert (after.provisional, f"{after.due_at:%m-%d}") == (False, "01-11")
    calendar = law(NOTICE_2027).calendar("512000")
    assert is_working_day(calendar, date(2027, 2, 14))
    assert is_provisional(calendar, date(2028, 1, 4))


def test_new_years_days_off_may_begin_in_december() -> None:
    text = NOTICE_2027.replace("first = 2027-01-01", "first = 2026-12-31")
    assert not is_working_day(law(text).calendar("000000"), date(2026, 12, 31))


def test_the_dai_new_year_moves_xishuangbanna_and_not_ziyang() -> None:
    plain, loaded = law(), law(DAI_NEW_YEAR_2026)
    accepted = "2026-04-10T10:00"
    assert f"{handle(plain, '532800', accepted).due_at:%m-%d}" == "04-15"
    assert f"{handle(loaded, '532800', accepted).due_at:%m-%d}" == "04-20"
    assert handle(loaded, "532801", accepted) == handle(loaded, "532800", accepted)
    for place in ("512000", "530000", "530100", "620000", "220000"):
        assert not covers("532800", place)
        assert handle(loaded, place, accepted) == handle(plain, place, accepted)


def test_a_local_file_lies_over_the_notice_whatever_came_first() -> None:
    local = f'{HEAD}jurisdiction = "532800"\n[[off]]\nfirst = 2027-04-14\nname = "泼水节"\n'
    for texts in ((local, NOTICE_2027), (NOTICE_2027, local)):
        calendar = law(*texts).calendar("532823")
        assert not is_working_day(calendar, date(2027, 4, 14))
        assert not is_provisional(calendar, date(2027, 4, 14))
        assert is_working_day(law(*texts).calendar("512000"), date(2027, 4, 14))


@pytest.mark.parametrize("festival", FESTIVALS, ids=lambda one: one.word)
def test_a_notice_without_one_holiday_has_a_gap(festival: Festival) -> None:
    text = NOTICE_2027.replace(festival.word, "某日")
    with pytest.raises(PolicyFileError) as caught:
        read(text)
    (problem,) = caught.value.problems
    assert problem.field == "published_years[0]"
    assert "缺口" in problem.reason
    assert festival.word in problem.reason


@pytest.mark.parametrize(
    ("old", "new", "field", "reason"),
    [
        ("first = 2027-10-01", "first = 2027-10-02", "published_years[0]", "国庆"),
        ("first = 2027-06-09", "first = 2027-09-09", "published_years[0]", "端午"),
        ("[2027]", "[2027, 2028]", "published_years[1]", "2028 年的放假安排有缺口"),
        ("[2027]", "[2026]", "off[0]", "2027-01-01 不在公布的年份（2026）之内"),
        ("first = 2027-06-09", "first = 2028-06-09", "off[4]", "2028-06-09 不在公布的年份"),
        ("first = 2027-02-14", "first = 2028-01-08", "work[0]", "不在公布的年份"),
        ("first = 2027-02-14", "first = 2027-02-15", "work[0]", "不是星期六或者星期日"),
        ("first = 2027-02-14", "first = 2027-02-06", "work[0]", "已在 off[1] 中"),
        ("first = 2027-06-09", "first = 2027-05-05", "off[4]", "已在 off[3] 中"),
        ("last = 2027-10-07", "last = 2027-09-07", "off[6]", "last 不得早于 first"),
        ("last = 2027-10-07", "last = 2027-12-07", "off[6]", "不得超过 31 天"),
        ("[2027]", '["2027"]', "published_years[0]", "应为整数"),
        ("[2027]", "[1999]", "published_years[0]", "应不小于 2004"),
        ("first = 2027-06-09", "first = 2027-06-09T10:00:00", "off[4].first", "日期"),
        ('name = "端午节"', 'name = " "', "off[4].name", "不得为空"),
        ("[[work]]", "[[worked]]", "worked", "允许的字段"),
        ('document = "国办发明电〔2026〕9号"', "", "document", "缺少"),
    ],
)
def test_a_wrong_notice_is_refused_with_its_field(
    old: str, new: str, field: str, reason: str
) -> None:
    assert old in NOTICE_2027
    with pytest.raises(PolicyFileError) as caught:
        read(NOTICE_2027.replace(old, new, 1))
    found = {problem.field: problem.reason for problem in caught.value.problems}
    assert field in found, found
    assert reason in found[field]
    assert "2027.toml" in str(caught.value)


def test_every_problem_is_told_at_once() -> None:
    text = NOTICE_2027.replace("first = 2027-02-14", "first = 2027-02-15").replace("端午", "某日")
    with pytest.raises(PolicyFileError) as caught:
        read(text)
    assert [problem.field for problem in caught.value.problems] == ["work[0]", "published_years[0]"]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (f'{HEAD}jurisdiction = "532800"\npublished_years = [2027]\n', "published_years"),
        (f'{HEAD}jurisdiction = "000000"\n[[off]]\nfirst = 2027-04-13\nname = "a"', "jurisdiction"),
        (f'{HEAD}jurisdiction = "5328"\n[[off]]\nfirst = 2027-04-13\nname = "a"', "jurisdiction"),
        (f'{HEAD}jurisdiction = "532800"\n', "off"),
        (HEAD, "off"),
        ("off = [", ""),
    ],
)
def test_a_local_file_holds_extra_days_and_nothing_else(text: str, field: str) -> None:
    with pytest.raises(PolicyFileError) as caught:
        read(text)
    assert field in {problem.field for problem in caught.value.problems}


def test_an_amendment_without_a_year_adds_its_days() -> None:
    text = f'{HEAD}[[off]]\nfirst = 2026-09-03\nname = "纪念日"\n'
    calendar = law(text).calendar("512000")
    assert not is_working_day(calendar, date(2026, 9, 3))
    assert not is_working_day(calendar, date(2026, 10, 1))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "2027.toml"
    path.write_bytes("名".encode("gbk"))
    with pytest.raises(PolicyFileError, match="UTF-8"):
        load_calendar_file(path)
    path.write_text(NOTICE_2027, encoding="utf-8")
    assert load_calendar_file(path) == read(NOTICE_2027)
