"""The law in force: which pack and which calendar a place has at a moment (C1, C6)."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.calendars import BEIJING, ExplicitDay, Overlay, is_working_day, national_calendar
from shared.policy.calendar_files import CalendarFile
from shared.policy.law import builtin_law, make_law
from shared.policy.load import builtin_packs, dump_pack, restore_pack
from shared.policy.model import Pack

TUESDAY = date(2026, 4, 14)
NOON = datetime(2026, 4, 14, 12, tzinfo=BEIJING)


def version(number: str, day: date, code: str = "512000") -> Pack:
    effect = {"value": day.isoformat(), "source": "ZY 37"}
    pack = dump_pack(builtin_packs()[code])
    return restore_pack({**pack, "version": number, "effective_from": effect})


def file(code: str | None, works: bool, day: date = TUESDAY) -> CalendarFile:
    return CalendarFile("通知", code, Overlay((ExplicitDay(day, works, "测试"),)))


def works(code: str, *files: CalendarFile) -> bool:
    return is_working_day(make_law(builtin_packs().values(), files).calendar(code), TUESDAY)


def test_the_built_in_law_knows_the_six_packs() -> None:
    law = builtin_law()
    for code, pack in builtin_packs().items():
        assert law.in_force(code, NOON) is pack
        assert law.pack(pack.content_hash) is pack
        assert law.calendar(code) is national_calendar()
    assert law.pack("0" * 64) is None


def test_the_nearest_ancestor_rules() -> None:
    wanted = {
        "532801": "532800",
        "532801001": "532800",
        "532801001001": "532800",
        "530100": "530000",
        "220100": "220000",
        "511300": "000000",
    }
    assert {code: builtin_law().in_force(code, NOON).code for code in wanted} == wanted
    for wrong in ("5120", "51200x", ""):
        with pytest.raises(ValueError, match="行政区划代码"):
            builtin_law().in_force(wrong, NOON)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="时间须带时区"):
        builtin_law().in_force("512000", NOON.replace(tzinfo=None))


@settings(max_examples=40)
@given(st.lists(st.dates(date(2022, 1, 1), date(2030, 12, 31)), min_size=1, max_size=5), st.data())
def test_the_latest_version_in_effect_rules(days: list[date], data: st.DataObject) -> None:
    versions = [version(str(number), day) for number, day in enumerate(days)]
    law = make_law([*builtin_packs().values(), *versions])
    day = data.draw(st.dates(date(2021, 1, 1), date(2031, 12, 31)))
    second = timedelta(seconds=data.draw(st.integers(0, 86_399)))
    at = datetime(day.year, day.month, day.day, tzinfo=BEIJING) + second
    begun = [one for one in law.versions["512000"] if one.effective_from.value <= day]
    expected = (
        max(enumerate(begun), key=lambda one: (one[1].effective_from.value, one[0]))[1]
        if begun
        else min(law.versions["512000"], key=lambda one: one.effective_from.value)
    )
    assert law.in_force("512002", at) == expected
    for one in versions:
        assert law.pack(one.content_hash) == one


def test_of_two_versions_of_one_day_the_later_published_holds() -> None:
    first, second = version("2", date(2025, 1, 1)), version("3", date(2025, 1, 1))
    packs = list(builtin_packs().values())
    assert make_law([*packs, first, second]).in_force("512000", NOON).version == "3"
    assert make_law([*packs, second, first]).in_force("512000", NOON).version == "2"


def test_a_calendar_file_reaches_its_own_place_and_those_within() -> None:
    dai = file("532800", False)
    assert not works("532800", dai)
    assert not works("532801001", dai)
    assert works("530000", dai)
    assert works("512000", dai)
    for whole in (file(None, False), file("000000", False)):
        assert not works("512000", whole)
        assert not works("000000", whole)


def test_the_innermost_file_lies_on_top_and_of_one_place_the_later() -> None:
    country, prefecture = file(None, True), file("532800", False)
    assert not works("532801", country, prefecture)
    assert not works("532801", prefecture, country)
    assert works("532801", prefecture, file("532800", True))
    assert not works("532801", file("532800", True), prefecture)
    assert works("532801", file("532801", True), prefecture)
    assert not works("532802", file("532801", True), prefecture)


def test_places_with_the_same_files_share_one_calendar() -> None:
    law = make_law(builtin_packs().values(), [file("530000", False)])
    assert law.calendar("532801") is law.calendar("530100")
    assert law.calendar("512000") is national_calendar()
    again = make_law(builtin_packs().values(), [file("530000", False)])
    assert again.calendar("530000") is law.calendar("530000")
