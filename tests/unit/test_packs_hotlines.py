"""The merge registries, line by line as the annexes have them, and what they mean (A16)."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from shared.calendars import BEIJING
from shared.policy.errors import PolicyFileError
from shared.policy.hotlines import RouteKind, find_hotline, registry_problems, route
from shared.policy.load import builtin_packs, load_packs, resolve_packs
from shared.policy.model import Pack

FOLDER = Path(__file__).parents[2] / "shared" / "policy"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.toml")}
REGULATIONS = Path(__file__).parents[3] / "shared" / "regulations"
PACKS = builtin_packs()
GANSU, XISHUANGBANNA = PACKS["620000"], PACKS["532800"]
MODES = {"一": "merged", "二": "parallel", "三": "subcenter"}
LEVELS = {"省级热线": "province", "省市热线": "province_and_city", "市级热线": "city"}
NOW = datetime(2026, 11, 20, 9, tzinfo=BEIJING)


def annex_lines(file: str, head: str, cells: Callable[[str], list[str]]) -> list[tuple[str, ...]]:
    """The numbered rows of an annex, each with its mode in front and its place behind."""
    path = REGULATIONS / file
    if not path.is_file():
        pytest.skip(f"没有法规原文 {path}，不能逐行核对附件")
    part, lines = "", []
    for text in path.read_text(encoding="utf-8").split(head)[1].splitlines():
        if (title := re.match("([一二三])、", text)) is not None:
            part = title[1]
        row = [cell.strip() for cell in cells(text)]
        if len(row) > 3 and row[0].isdecimal():
            lines.append((MODES[part], *row[1:], f"{part}.{row[0]}"))
    return lines


def changed(file: str, *swaps: tuple[str, str]) -> Pack:
    text = TEXTS[file]
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new, 1)
    packs = resolve_packs({**TEXTS, file: text})
    return next(pack for pack in packs.values() if pack != PACKS[pack.code])


def refused(old: Pack | None, new: Pack) -> list[str]:
    return [str(problem) for problem in registry_problems(old, new, file="new.toml")]


def line(number: str) -> str:
    text = next(part for part in TEXTS["gansu.toml"].split("[[hotlines]]") if number in part)
    return f"[[hotlines]]{text}"


@pytest.mark.parametrize(
    ("code", "modes"),
    [
        ("620000", {"merged": 42, "parallel": 10, "subcenter": 5}),
        ("532800", {"merged": 20, "parallel": 8, "subcenter": 5}),
        ("220000", {}),
        ("530000", {}),
        ("512000", {}),
        ("000000", {}),
    ],
)
def test_the_totals_match_the_annexes(code: str, modes: dict[str, int]) -> None:
    assert Counter(one.mode.value for one in PACKS[code].hotlines) == modes


def test_gansu_has_every_line_of_its_annex() -> None:
    head = "12345 热线整合归并清单(共 57 条)"
    annex = annex_lines("gansu-2021-18.txt", head, lambda text: text.split("\t"))
    assert [
        (one.mode, one.name, one.number, one.unit, one.level, one.source) for one in GANSU.hotlines
    ] == [
        (mode, name, number, unit, LEVELS[level], f"GS annex {place}")
        for mode, name, number, unit, level, *_, place in annex
    ]
    remarks = {
        number: re.sub(r"\s", "", remark[0]) if remark else ""
        for _, _, number, _, _, *remark, _ in annex
    }
    assert {one.number: one.note or "" for one in GANSU.hotlines} == remarks
    for one in GANSU.hotlines:
        assert (one.expert_seat == "yes") == ("设专家座席" in remarks[one.number])
        if one.mode == "parallel":
            assert (one.seats == "kept") == ("保留座席" in remarks[one.number])


def test_xishuangbanna_has_every_line_of_its_annex() -> None:
    annex = annex_lines(
        "xishuangbanna-2021-28.txt", "(共 33 条)", lambda text: text.strip().strip("|").split("|")
    )
    assert [
        (one.mode, one.name, one.number, one.unit, one.source) for one in XISHUANGBANNA.hotlines
    ] == [
        (mode, name, number, unit, f"XS annex {place}")
        for mode, name, number, unit, *_, place in annex
    ]
    assert {(one.level, one.level_source) for one in XISHUANGBANNA.hotlines} == {
        ("city", "default")
    }


def test_the_remarks_hold_for_the_numbers_that_they_name() -> None:
    lines = {one.number: one for one in XISHUANGBANNA.hotlines}
    may = {number for number, one in lines.items() if one.expert_seat == "may"}
    assert may == {"12348", "12333", "12329", "12320"}
    noted = {number for number, one in lines.items() if one.note}
    assert noted == may | {"96301", "12313", "12360", "12305"}
    assert lines["96301"].system == "州旅游投诉和旅游购物退货处置系统"
    assert (lines["12313"].seats, lines["12313"].served_by) == ("none_here", "省烟草专卖局分中心")
    assert lines["12360"].note == lines["12305"].note == "未在我州接听的热线，不再开通接听服务"
    kept = {one.seats for one in lines.values() if one.mode == "parallel"}
    assert kept == {"may_be_kept"}
    experts = {one.number for one in GANSU.hotlines if one.expert_seat == "yes"}
    assert experts == {"12348", "12316", "12320", "12333", "12329"}


def test_a_pack_without_its_list_says_so() -> None:
    for code in ("220000", "530000"):
        annex = PACKS[code].annex
        assert annex is not None
        assert not annex.listed
        assert annex.note is not None
        assert "清单为空" in annex.note
    assert PACKS["000000"].annex is None


def test_a_registry_is_never_inherited_and_its_law_is() -> None:
    city = (
        'code = "620100"\nname = "兰州市"\ndocument = "试行"\nversion = "1"\n'
        'effective_from = { value = 2024-05-01, source = "LZ 9" }\n'
    )
    lanzhou = resolve_packs({**TEXTS, "lanzhou.toml": city})["620100"]
    assert (lanzhou.parent, lanzhou.hotlines, lanzhou.annex) == ("620000", (), None)
    assert lanzhou.registry.no_new.inherited_from == "620000"
    assert {one.name for one in XISHUANGBANNA.hotlines} - {one.name for one in GANSU.hotlines}


@pytest.mark.parametrize(
    ("pack", "number", "kind", "words"),
    [
        (GANSU, "12396", RouteKind.HERE, "整体并入 12345，由 12345 接听"),
        (GANSU, "0931-8929999", RouteKind.HERE, "省政府政务大厅政务服务热线"),
        (GANSU, "0931 8929999", RouteKind.HERE, "0931—8929999"),
        (GANSU, "１２３３３", RouteKind.HERE, "话务座席并入 12345"),
        (GANSU, "12315", RouteKind.KEPT_SEATS, "转接省市场监管局保留的话务座席"),
        (GANSU, "12366", RouteKind.SUBCENTER, "由省税务局设分中心"),
        (GANSU, "12313", RouteKind.SUBCENTER, "由省烟草专卖局设分中心"),
        (GANSU, "96301", RouteKind.UNKNOWN, "不在甘肃省的归并清单内"),
        (XISHUANGBANNA, "12313", RouteKind.ELSEWHERE, "转接省烟草专卖局分中心"),
        (XISHUANGBANNA, "12348", RouteKind.HERE, "经批准保留话务座席的，转接其座席"),
        (XISHUANGBANNA, "96301", RouteKind.HERE, "实时向州旅游投诉和旅游购物退货处置系统"),
        (XISHUANGBANNA, "12360", RouteKind.SUBCENTER, "未在我州接听的热线，不再开通"),
        (XISHUANGBANNA, "0931—8929999", RouteKind.UNKNOWN, "不在西双版纳"),
        (XISHUANGBANNA, "110", RouteKind.EMERGENCY, "请直接拨打 110"),
        (XISHUANGBANNA, "12345", RouteKind.HERE, "由 12345 热线接听"),
        (PACKS["220000"], "12315", RouteKind.UNKNOWN, "附件未随文件公布"),
        (PACKS["512000"], "12315", RouteKind.UNKNOWN, "资阳市没有归并清单"),
    ],
)
def test_a_dialled_number_gives_its_route(
    pack: Pack, number: str, kind: RouteKind, words: str
) -> None:
    found = route(pack, number, NOW)
    assert found.kind is kind
    assert words in found.words
    assert found.source
    assert (found.hotline is None) == (find_hotline(pack, number) is None)


def test_a_number_without_seats_and_without_a_substitute_is_closed() -> None:
    lines = 'seats = "kept"\nnote = "未在我州'
    pack = changed("xishuangbanna.toml", (lines, lines.replace("kept", "none_here")))
    found = route(pack, "12360", NOW)
    assert found.kind is RouteKind.CLOSED
    assert "不再开通" in found.words


@pytest.mark.parametrize(
    ("pack", "number", "until"),
    [(XISHUANGBANNA, "12396", date(2021, 11, 30)), (GANSU, "12396", date(2021, 6, 30))],
)
def test_the_prompt_of_a_merged_number_ends_with_its_day(
    pack: Pack, number: str, until: date
) -> None:
    end = datetime.combine(until + timedelta(days=1), time(), BEIJING)
    last = route(pack, number, end - timedelta(seconds=1)).prompt
    assert last is not None
    assert f"{until.year}年{until.month}月{until.day}日" in last
    assert route(pack, number, end).prompt is None
    assert route(pack, "12315", end - timedelta(seconds=1)).prompt is None


@pytest.mark.parametrize(
    ("file", "law"), [("gansu.toml", "GS 四(四)"), ("xishuangbanna.toml", "XS 六(二)")]
)
def test_new_and_renamed_numbers_are_refused(file: str, law: str) -> None:
    renamed = changed(
        file,
        ('name = "全国统一科技公益服务电话"', 'name = "科技热线"'),
        ('number = "12301"', 'number = "12399"'),
        ('number = "12366"', 'number = "12366"\nuse = "税务和社保咨询"'),
    )
    places = {one.number: place for place, one in enumerate(renamed.hotlines)}
    first, new, used = (f"hotlines[{places[one]}]" for one in ("12396", "12399", "12366"))
    assert set(refused(PACKS[renamed.code], renamed)) == {
        f"new.toml：{first}.name：不得变更 12396 的名称：应为“全国统一科技公益服务电话”（{law}）",
        f"new.toml：{new}.number：不得新设号码 12399（{law}）",
        f"new.toml：{used}.use：不得变更 12366 的用途：应不填（{law}）",
    }


def test_a_cancelled_number_does_not_come_back() -> None:
    merged = 'mode = "merged"\nseats = "merged"'
    back = changed("gansu.toml", (merged, merged.replace('"merged"', '"parallel"', 1)))
    assert refused(GANSU, back) == [
        "new.toml：hotlines[0].mode：12396 已取消，不再恢复：应为 merged（GS 二(二)2）"
    ]
    gone = changed("gansu.toml", (line('"12396"'), ""))
    assert refused(GANSU, gone) == []
    assert refused(gone, GANSU) == ["new.toml：hotlines[0].number：不得新设号码 12396（GS 四(四)）"]


def test_a_number_that_is_not_answered_here_is_not_opened_again() -> None:
    opened = changed("xishuangbanna.toml", ('seats = "none_here"', 'seats = "kept"'))
    place = [one.number for one in XISHUANGBANNA.hotlines].index("12313")
    assert refused(XISHUANGBANNA, opened) == [
        f"new.toml：hotlines[{place}].seats："
        "12313 未在本地接听，不再开通：应为 none_here（XS 二(二)）"
    ]
    assert refused(XISHUANGBANNA, XISHUANGBANNA) == []


def test_newly_kept_seats_carry_their_approval() -> None:
    seats = 'number = "12333"\nname = "全国人力资源和社会保障服务电话"\nunit = "省人社厅"\n'
    merged = seats + 'level = "province_and_city"\nmode = "parallel"\nseats = "merged"'
    kept = merged.replace('seats = "merged"', 'seats = "kept"')
    place = [one.number for one in GANSU.hotlines].index("12333")
    assert refused(GANSU, changed("gansu.toml", (merged, kept))) == [
        f"new.toml：hotlines[{place}].approval：12333 保留话务座席须填批准文件（平台默认）"
    ]
    approved = changed("gansu.toml", (merged, f'{kept}\napproval = "甘政办函〔2026〕9号"'))
    assert refused(GANSU, approved) == []
    assert refused(approved, approved) == []


def test_a_first_list_names_any_number_but_keeps_no_seats_without_approval() -> None:
    start = TEXTS["jilin.toml"].split("[annex]")[0]
    annex = '[annex]\nname = "清单"\nlisted = true\nsource = "JL 五(一)"\n'
    first = resolve_packs({**TEXTS, "jilin.toml": start + annex + line('"12315"')})["220000"]
    assert refused(PACKS["220000"], first) == [
        "new.toml：hotlines[0].approval：12315 保留话务座席须填批准文件（JL 四(二)1）"
    ]
    assert refused(None, first) == refused(PACKS["220000"], first)


def test_a_file_that_breaks_the_registrys_law_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "gansu.toml"
    path.write_text(TEXTS["gansu.toml"].replace('number = "12301"', 'number = "12399"'), "utf-8")
    with pytest.raises(PolicyFileError) as caught:
        load_packs(path)
    assert [str(one) for one in caught.value.problems] == [
        "gansu.toml：hotlines[1].number：不得新设号码 12399（GS 四(四)）"
    ]
