"""Personal data in free text: by form, by property, and measured on real messages."""

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.personal import MARKS, Found, Kind, find, mask, number_of, redact

REPLIED = Path(__file__).parents[3] / "shared/data/messages_replied.csv"
LABELS = Path(__file__).with_name("personal_labels.csv")
MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
PROSE = st.text(alphabet="今天我们小区停水三天请尽快处理谢谢，。、：(（）)", max_size=30)
ANY = st.text(
    alphabet=st.one_of(
        st.sampled_from(
            "0123456789-一三八幺零姓名我叫联系人电话王小明：，先生住在路号栋室单元京A@.x〔〕"
        ),
        st.characters(exclude_categories=("Cs",)),
    ),
    max_size=60,
)


def kinds(text: str) -> list[tuple[Kind, str]]:
    return [(one.kind, one.text) for one in find(text)]


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("请打13812345678找我", Kind.MOBILE, "13812345678"),
        ("请打138-1234-5678", Kind.MOBILE, "138-1234-5678"),
        ("请打 +86 138 1234 5678。", Kind.MOBILE, "+86 138 1234 5678"),
        ("电话１３８１２３４５６７８", Kind.MOBILE, "１３８１２３４５６７８"),
        ("电话1 3 8 1 2 3 4 5 6 7 8", Kind.MOBILE, "1 3 8 1 2 3 4 5 6 7 8"),
        ("打幺三八一二三四五六七八找我", Kind.MOBILE, "幺三八一二三四五六七八"),
        ("身份证11010519491231002X的", Kind.ID_CARD, "11010519491231002X"),
        ("身份证号：130503670401001。", Kind.ID_CARD, "130503670401001"),
        ("拨打0832-6112345", Kind.LANDLINE, "0832-6112345"),
        ("咨询电话：26112345", Kind.LANDLINE, "26112345"),
        ("发到wang.xm@example.cn谢谢", Kind.EMAIL, "wang.xm@example.cn"),
        ("卡号4111 1111 1111 1111", Kind.BANK_CARD, "4111 1111 1111 1111"),
        ("一辆川M12A34乱停", Kind.PLATE, "川M12A34"),
        ("我叫王小明，女", Kind.NAME, "王小明"),
        ("我叫杨柳来自农村", Kind.NAME, "杨柳"),
        ("联系人：欧阳娜娜，手机", Kind.NAME, "欧阳娜娜"),
        ("已电话联系刘海燕女士", Kind.NAME, "刘海燕"),
        ("我住建设小区5栋2单元501室", Kind.ADDRESS, "5栋2单元501室"),
        ("家住建设路12号，停水", Kind.ADDRESS, "建设路12号"),
    ],
)
def test_each_kind_is_found_and_marked(text: str, kind: Kind, found: str) -> None:
    assert kinds(text) == [(kind, found)]
    assert redact(text) == text.replace(found, MARKS[kind])


@pytest.mark.parametrize(
    "text",
    [
        "工单512000-260914-0000001已受理",
        "共计12138123456789元",
        "请于2026年3月12日前到政务中心12号窗口办理",
        "请提供姓名和联系电话",
        "业主代表与物业协商",
        "全小区26栋楼近3000户住户",
        "依据《城市供水条例》第二十二条",
        "拨打12345或者12315",
        "我叫他们过来了解情况",
        "编号123456200013990123",
    ],
)
def test_what_only_looks_like_it_is_left(text: str) -> None:
    assert find(text) == []
    assert redact(text) == text


@given(before=PROSE, number=MOBILES, after=PROSE)
def test_a_mobile_number_in_any_prose_is_found_whole(before: str, number: str, after: str) -> None:
    text = before + number + after
    place = Found(Kind.MOBILE, len(before), len(before) + len(number), number)
    assert place in find(text)
    assert number not in redact(text)


@given(ANY)
def test_nothing_is_found_in_what_was_redacted(text: str) -> None:
    redacted = redact(text)
    assert find(redacted) == []
    assert redact(redacted) == redacted


@given(ANY)
def test_places_are_in_order_and_do_not_overlap(text: str) -> None:
    last = 0
    for one in find(text):
        assert last <= one.start < one.end
        assert one.text == text[one.start : one.end]
        last = one.end


@given(ANY)
def test_a_mask_shows_little(text: str) -> None:
    for one in find(text):
        assert one.text not in mask(one)


def test_a_name_that_was_told_once_or_is_known_goes_everywhere() -> None:
    text = "我叫王小明，女。王小明去年已反映。邻居李大同也是。"
    assert redact(text) == "我叫〔姓名〕，女。〔姓名〕去年已反映。邻居李大同也是。"
    known = redact(text, known=["李大同", "姓名"])
    assert known == "我叫〔姓名〕，女。〔姓名〕去年已反映。邻居〔姓名〕也是。"


@given(MOBILES)
def test_a_number_is_the_same_however_it_is_written(number: str) -> None:
    spoken = number.translate(str.maketrans("0123456789", "零幺二三四五六七八九"))
    spaced = f"+86 {number[:3]}-{number[3:7]} {number[7:]}"
    assert {number_of(one) for one in (number, spoken, spaced)} == {number}


def test_precision_and_recall_on_real_messages_do_not_fall() -> None:
    if not REPLIED.exists():
        pytest.skip("needs shared/data/messages_replied.csv beside the project")
    with REPLIED.open(encoding="utf-8-sig") as file:
        rows = {row["msg_id"]: row for row in csv.DictReader(file)}
    with LABELS.open(encoding="utf-8") as file:
        labels = list(csv.DictReader(file))
    wanted = {
        (one["msg_id"], one["field"], int(one["start"]), int(one["end"]), one["kind"])
        for one in labels
        if one["kind"]
    }
    found = {
        (message, field, one.start, one.end, one.kind.value)
        for message in {one["msg_id"] for one in labels}
        for field in ("title", "detail", "reply")
        for one in find(rows[message][field])
    }
    right = Counter(one[4] for one in wanted & found)
    print(f"right {right}, found {Counter(one[4] for one in found)}", end=", ")
    print(f"labelled {Counter(one[4] for one in wanted)}")
    print("missed", sorted(wanted - found), "wrong", sorted(found - wanted))
    assert right.total() / len(found) > 0.85
    assert right["landline"] >= 10
