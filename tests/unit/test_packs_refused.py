"""A wrong pack is refused with file, field, what is wrong and what is allowed; nothing loads."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from shared.events.words import Role
from shared.policy.errors import PolicyFileError
from shared.policy.load import load_packs, resolve_pack, resolve_packs
from shared.policy.model import Pack

FOLDER = Path(__file__).parents[2] / "shared" / "policy"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.toml")}
STAFFED = "staffed ="
FIELDS = "、".join(field.alias or name for name, field in Pack.model_fields.items())
ROLES = "、".join(f"'{role}'" for role in Role)
SHIFTS = "工作时间应由早到晚排列、互不重叠，并在 00:00 至 24:00 之内"


def seasons(*spans: tuple[str, str, str]) -> str:
    tables = ", ".join(
        f'{{ from = "{first}", to = "{last}", spans = [["{opens}", "12:00"]] }}'
        for first, last, opens in spans
    )
    hours = f'spans = [["09:00", "12:00"]], seasons = [{tables}], source = "ZY 10"'
    return f"working_hours = {{ {hours} }}\n{STAFFED}"


def refusal(file: str, old: str, new: str) -> list[str]:
    assert old in TEXTS[file]
    with pytest.raises(PolicyFileError) as caught:
        resolve_packs({**TEXTS, file: TEXTS[file].replace(old, new, 1)})
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'sign = { amount = 5, unit = "hours", hours = "working", source = "ZY 13.2" }',
            'sign = { amount = 5, unit = "hours", hours = "working" }',
            "sign.source：缺少这一项",
        ),
        (
            "[interim]",
            "[intermission]",
            f"intermission：不认识的字段 intermission；允许的字段：{FIELDS}",
        ),
        (
            STAFFED,
            'working_hours = { spans = [["09:00", "12:00"], ["11:00", "17:00"]], source = "ZY 10"}'
            f"\n{STAFFED}",
            f"working_hours：{SHIFTS}",
        ),
        (
            STAFFED,
            seasons(("05-01", "09-30", "08:00"), ("09-30", "10-31", "08:00")),
            "working_hours：季节互有重叠：09-30 同属两个季节",
        ),
        (
            STAFFED,
            seasons(("11-01", "02-28", "08:00"), ("02-01", "03-31", "08:00")),
            "working_hours：季节互有重叠：02-01 同属两个季节",
        ),
        (
            STAFFED,
            seasons(("02-30", "03-31", "08:00")),
            "working_hours.seasons[0]：季节的起止应为一年中的日期，例如 05-01 至 09-30",
        ),
        (
            STAFFED,
            seasons(("5-1", "09-30", "08:00")),
            "working_hours.seasons[0].from：应为一年中的日期，例如 05-01（现为 '5-1'）",
        ),
        (
            STAFFED,
            seasons(("05-01", "09-30", "18:00")),
            f"working_hours.seasons[0]：{SHIFTS}",
        ),
        (
            "weight = { value = 0.2",
            "weight = { value = 0.3",
            "assessment：各项 weight 之和应为 1（现为 1.1）",
        ),
        (
            'code = "handling"',
            'code = "response"',
            "assessment：code 重复：response；每个 code 只能出现一次",
        ),
        (
            'level = "county"',
            'level = "city"',
            "hierarchy：code 重复：city；每个 code 只能出现一次",
        ),
        (
            'asked_by = { value = "unit"',
            'asked_by = { value = "mayor"',
            f"extension.asked_by.value：允许的值：{ROLES}（现为 'mayor'）",
        ),
        (
            'asked_by = { value = "unit"',
            'asked_by = { value = "operator"',
            "extension.asked_by.value：允许的值：'unit'、'unit_leader'（现为 'operator'）",
        ),
        (
            'counts_as = { value = "basically_satisfied"',
            'counts_as = { value = "dissatisfied"',
            "follow_up.counts_as.value：允许的值：'very_satisfied'、'satisfied'、"
            "'basically_satisfied'（现为 'dissatisfied'）",
        ),
        (
            STAFFED,
            'pauses = [{ code = "papers", text = "补充材料", source = "ZY 13" }]\n' + STAFFED,
            "pauses[0].steps：缺少这一项",
        ),
        (
            'sign = { amount = 5, unit = "hours", hours = "working", source = "ZY 13.2" }',
            'sign = { amount = 121, unit = "months", source = "ZY 13.2" }',
            "sign：以月计的时限不得超过 120 个月",
        ),
        ('parent = "000000"', 'parent = "512000"', "parent：上级成环：512000 → 512000"),
    ],
)
def test_a_wrong_value_is_told_exactly(old: str, new: str, message: str) -> None:
    assert refusal("ziyang.toml", old, new) == [
        "政策文件有误，未载入任何内容：",
        f"ziyang.toml：{message}",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'number = "12301"',
            'number = "热线"',
            "hotlines[1].number：应为电话号码，例如 12345、0931—8929999（现为 '热线'）",
        ),
        (
            'number = "12301"',
            'number = "12396"',
            "hotlines[1].number：12396 已在 hotlines[0]，号码不得重复",
        ),
        (
            'number = "0931—8489681"',
            'number = "0931-8929999"',
            "hotlines[17].number：0931-8929999 已在 hotlines[16]，号码不得重复",
        ),
        (
            'level = "province"\nmode',
            'level = "town"\nmode',
            "hotlines[0].level：允许的值：'province'、'province_and_city'、'city'（现为 'town'）",
        ),
        (
            'mode = "merged"',
            'mode = "cancelled"',
            "hotlines[0].mode：允许的值：'merged'、'parallel'、'subcenter'（现为 'cancelled'）",
        ),
        (
            'seats = "merged"',
            'seats = "kept"',
            "hotlines[0].seats：merged 的热线允许的值：merged（现为 kept）",
        ),
        ('source = "GS annex 一.1"\n', "\n", "hotlines[0].source：缺少这一项"),
        (
            "listed = true",
            "listed = false",
            "annex：有 hotlines 时须有 annex 且 listed = true；没有时 listed 应为 false",
        ),
    ],
)
def test_a_wrong_line_of_a_registry_is_told_exactly(old: str, new: str, message: str) -> None:
    assert refusal("gansu.toml", old, new) == [
        "政策文件有误，未载入任何内容：",
        f"gansu.toml：{message}",
    ]


def test_one_wrong_file_keeps_all_others_out(tmp_path: Path) -> None:
    good, bad = tmp_path / "ziyang.toml", tmp_path / "gansu.toml"
    good.write_text(TEXTS["ziyang.toml"].replace('version = "1"', 'version = "2"'), "utf-8")
    bad.write_text(TEXTS["gansu.toml"].replace("listed = true", "listed = 1"), "utf-8")
    with pytest.raises(PolicyFileError) as caught:
        load_packs(good, bad)
    assert [(one.file, one.field) for one in caught.value.problems] == [
        ("gansu.toml", "annex.listed")
    ]
    assert load_packs(good)["512000"].version == "2"
    assert load_packs()["512000"].version == "1"


def test_a_single_file_over_known_packs_is_refused_alike() -> None:
    packs = load_packs()
    text = TEXTS["ziyang.toml"].replace("value = 0.2", "value = 0.1", 1)
    with pytest.raises(PolicyFileError, match=r"各项 weight 之和应为 1（现为 0\.9）"):
        resolve_pack("ziyang.toml", text, packs)
    assert resolve_pack("ziyang.toml", TEXTS["ziyang.toml"], packs) == packs["512000"]


def test_the_command_names_file_field_and_what_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TEXTS["ziyang.toml"].replace('value = "unit"', 'value = "mayor"', 1), "utf-8")
    answer = CliRunner().invoke(app, ["policy", "check", str(path)])
    assert answer.exit_code == 1
    assert f"mine.toml：extension.asked_by.value：允许的值：{ROLES}" in answer.output
    assert "未载入任何内容" in answer.output
    path.write_text(TEXTS["ziyang.toml"], "utf-8")
    answer = CliRunner().invoke(app, ["policy", "check", str(path)])
    assert answer.exit_code == 0, answer.output
