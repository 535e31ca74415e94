"""From cells to fields: options, times, categories."""

from datetime import UTC, datetime

import pytest

from deploy.imports.categories import Categories, Category, UnknownCategory
from deploy.imports.lines import Refusal, Row
from deploy.imports.mapping import (
    BadMapping,
    Plan,
    body_of,
    check_constants,
    check_targets,
    find_columns,
    read_pairs,
)
from deploy.imports.times import BadTime, read_time

CATEGORIES = Categories(
    [
        Category("01", "城乡建设"),
        Category("02", "环境保护"),
        Category("0101", "其他", "01"),
        Category("0201", "其他", "02"),
    ]
)


def plan(places: dict[str, int], constants: dict[str, str] | None = None) -> Plan:
    return Plan("512000", "messages", places, constants or {}, CATEGORIES)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2019/12/30 17:06:14", datetime(2019, 12, 30, 9, 6, 14, tzinfo=UTC)),
        ("2019/2/3 7:06:14", datetime(2019, 2, 2, 23, 6, 14, tzinfo=UTC)),
        ("2019-12-30 17:06", datetime(2019, 12, 30, 9, 6, tzinfo=UTC)),
        ("2019-12-30T17:06:14", datetime(2019, 12, 30, 9, 6, 14, tzinfo=UTC)),
        ("2019-12-30T17:06:14.5Z", datetime(2019, 12, 30, 17, 6, 14, 500_000, tzinfo=UTC)),
        ("2019-12-30T17:06:14+0900", datetime(2019, 12, 30, 8, 6, 14, tzinfo=UTC)),
        ("2019-12-30 17:06:14 -05:30", datetime(2019, 12, 30, 22, 36, 14, tzinfo=UTC)),
        ("2019年12月30日 17时06分", datetime(2019, 12, 30, 9, 6, tzinfo=UTC)),
        ("2020/2/29", datetime(2020, 2, 28, 16, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_and_is_beijings_unless_it_says_otherwise(
    text: str, moment: datetime
) -> None:
    assert read_time(text) == moment


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2019/2/29 10:00:00", "2019 年 2 月没有 29 日"),
        ("2019/13/1", "没有 13 月"),
        ("2019/0/1", "没有 0 月"),
        ("2019/1/0", "2019 年 1 月没有 0 日"),
        ("2019/1/1 24:00", "没有 24 时"),
        ("2019/1/1 10:60", "没有 60 分"),
        ("2019/1/1 10:00:61", "没有 61 秒"),
        ("0219/1/1", "219 年不在"),
        ("2019-01-01T10:00+25:00", "没有时区"),
        ("昨天", "不是能识别的时间"),
        ("43829.7", "不是能识别的时间"),
    ],
)
def test_an_impossible_time_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(BadTime, match=reason):
        read_time(text)


def test_a_category_is_found_by_code_or_by_its_only_name() -> None:
    assert CATEGORIES.find("0101") == "0101"
    assert CATEGORIES.find("环境保护") == "02"


def test_a_name_that_several_categories_share_is_refused_with_their_codes() -> None:
    with pytest.raises(UnknownCategory, match="0101（其他，属城乡建设）、0201（其他，属环境保护）"):
        CATEGORIES.find("其他")


def test_an_unknown_category_is_refused_with_those_that_are_near() -> None:
    with pytest.raises(UnknownCategory, match="相近的有：02（环境保护）"):
        CATEGORIES.find("环境保")
    with pytest.raises(UnknownCategory, match="可用的有：01（城乡建设）、02（环境保护）"):
        CATEGORIES.find("xyz")


def test_only_mapped_cells_that_are_not_empty_are_sent() -> None:
    places = {"content": 0, "title": 1, "caller.phone": 2, "place.address": 3, "filed_at": 4}
    cells = [" 停水 ", "", "13800000000", "幸福小区", "2019/12/30 17:06:14", "not mapped"]
    assert body_of(plan(places, {"type": "求助", "channel": "web"}), Row(2, cells)) == {
        "jurisdiction": "512000",
        "type": "help",
        "channel": "web",
        "content": "停水",
        "caller": {"phone": "13800000000"},
        "place": {"address": "幸福小区"},
        "filed_at": "2019-12-30T17:06:14+08:00",
    }


def test_a_cell_goes_before_the_value_that_is_the_same_for_all() -> None:
    one = plan({"type": 0}, {"type": "help"})
    assert body_of(one, Row(2, ["投诉"])) == {"jurisdiction": "512000", "type": "complaint"}
    assert body_of(one, Row(3, [""])) == {"jurisdiction": "512000", "type": "help"}


def test_an_external_id_carries_the_name_of_its_file() -> None:
    assert body_of(plan({"external_id": 0}), Row(2, ["3"])) == {
        "jurisdiction": "512000",
        "external_id": "messages:3",
    }


def test_all_that_is_wrong_with_a_line_is_said_at_once() -> None:
    refusals = body_of(plan({"filed_at": 0, "category": 1}), Row(7, ["2019/2/30", "其他"]))
    assert isinstance(refusals, list)
    assert [(one.line, one.field, one.code) for one in refusals] == [
        (7, "filed_at", "bad_time"),
        (7, "category", "unknown_category"),
    ]
    assert all(isinstance(one, Refusal) for one in refusals)


def test_pairs_may_stand_together_or_apart_and_hold_commas() -> None:
    assert read_pairs(["title=标题, content=内容,详情", "type=类型"], option="--map") == {
        "title": "标题",
        "content": "内容,详情",
        "type": "类型",
    }


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["contents=a"], "没有名为“contents”的项；可用：.*content.*caller.phone"),
        (["jurisdiction=a"], "没有名为“jurisdiction”的项"),
        (["content"], "写法是"),
        (["content="], "后面是空的"),
        (["content=a,content=b"], "出现了两次"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(options: list[str], reason: str) -> None:
    with pytest.raises(BadMapping, match=reason):
        read_pairs(options, option="--map")


def test_a_column_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(BadMapping, match="没有“内容”列；有：标题、正文"):
        find_columns({"content": "内容"}, ["标题", "正文"])
    with pytest.raises(BadMapping, match="有 2 个“正文”列"):
        find_columns({"content": "正文"}, ["正文", "正文"])


def test_options_that_make_no_ticket_are_refused() -> None:
    with pytest.raises(BadMapping, match="缺少 type、channel"):
        check_targets({"content": "a"}, {})
    with pytest.raises(BadMapping, match="每一行都成为同一件"):
        check_targets({"content": "a"}, {"type": "help", "channel": "web", "external_id": "1"})


@pytest.mark.parametrize(
    ("constants", "reason"),
    [
        ({"type": "hilfe"}, "type 不在允许的取值之内"),
        ({"category": "其他"}, "category 有 2 个类别"),
        ({"filed_at": "2019/2/30"}, "filed_at 2019 年 2 月没有 30 日"),
        ({"place.longitude": "999"}, "place.longitude 不得大于"),
    ],
)
def test_a_value_that_is_wrong_for_all_lines_is_refused_once(
    constants: dict[str, str], reason: str
) -> None:
    with pytest.raises(BadMapping, match=reason):
        check_constants(plan({}, constants))


def test_values_that_are_right_for_all_lines_pass() -> None:
    check_constants(
        plan({}, {"type": "投诉", "channel": "信访", "is_enforcement": "是"} | {"channel": "来信"})
    )
