"""`hotline policy list | check | explain | diff`, as a hotline office calls them (C1, A16)."""

import json
import os
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from deploy.cli import app

SIX = {"000000", "220000", "512000", "530000", "532800", "620000"}
PACK = """
code = "512000"
name = "资阳市"
document = "资府办函〔2027〕1号"
parent = "000000"
version = "2"
effective_from = { value = 2027-01-01, source = "ZY 37" }
sign = { amount = 4, unit = "hours", hours = "working", source = "ZY 13.2" }
"""


@pytest.fixture(autouse=True)
def _nothing_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.endswith("DATABASE_URL")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path))


def hotline(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


def test_the_six_packs_are_listed_with_version_and_date_of_effect() -> None:
    done = hotline("policy", "list", "--json")
    assert done.exit_code == 0, done.stderr
    packs = {pack["code"]: pack for pack in json.loads(done.stdout)}
    assert set(packs) == SIX
    assert packs["532800"]["parent"] == "530000"
    assert packs["512000"]["effective_from"] == "2022-11-25"
    assert len({pack["hash"] for pack in packs.values()}) == 6
    shown = hotline("policy", "list")
    assert "西双版纳" in shown.stdout
    assert packs["620000"]["hash"][:12] in shown.stdout


@pytest.mark.parametrize(
    ("code", "modes"),
    [
        ("620000", {"merged": 42, "parallel": 10, "subcenter": 5}),
        ("532800", {"merged": 20, "parallel": 8, "subcenter": 5}),
    ],
)
def test_the_registry_is_explained_line_by_line(code: str, modes: dict[str, int]) -> None:
    done = hotline("policy", "explain", code, "--json")
    assert done.exit_code == 0, done.stderr
    lines = json.loads(done.stdout)["hotlines"]
    assert {mode: sum(line["mode"] == mode for line in lines) for mode in modes} == modes
    assert sum(modes.values()) == len(lines)
    keys = {"number", "name", "unit", "level", "mode", "seats", "expert_seat", "note", "source"}
    assert all(keys <= set(line) for line in lines)
    tax = next(line for line in lines if line["number"] == "12366")
    assert (tax["mode"], tax["seats"]) == ("subcenter", "kept")


def test_every_line_of_an_explanation_has_its_article_or_says_default() -> None:
    done = hotline("policy", "explain", "512000", "--json")
    sections = {part["title"]: part["items"] for part in json.loads(done.stdout)["sections"]}
    (sign,) = sections["签收时限"]
    assert (sign["text"], sign["source"], sign["default"]) == ("5 个工作小时", "ZY 13.2", False)
    (hours,) = sections["工作时间"]
    assert (hours["source"], hours["default"], hours["inherited_from"]) == (
        "default",
        True,
        "000000",
    )
    assert all(item["source"] and item["text"] for items in sections.values() for item in items)


def test_people_read_it_in_chinese_with_the_article_beside_the_number() -> None:
    done = hotline("policy", "explain", "532801")
    assert done.exit_code == 0, done.stderr
    assert "西双版纳" in done.stdout.splitlines()[0]
    sign = next(line for line in done.stdout.splitlines() if "XS 三(四)" in line and "小时" in line)
    assert "2 小时" in sign
    assert "默认（取自 530000）" in done.stdout
    assert "热线归并清单（33 条）" in done.stdout


def test_a_place_that_no_code_names_is_refused() -> None:
    done = hotline("policy", "explain", "ziyang")
    assert done.exit_code == 2
    assert "行政区划代码" in done.stderr


def test_a_right_file_is_found_right_and_a_wrong_one_wrong_by_field(tmp_path: Path) -> None:
    file = tmp_path / "ziyang.toml"
    file.write_text(PACK, encoding="utf-8")
    done = hotline("policy", "check", str(file))
    assert (done.exit_code, "ziyang.toml：无误" in done.stdout) == (0, True), done.stderr
    file.write_text(PACK.replace(', source = "ZY 13.2"', ""), encoding="utf-8")
    done = hotline("policy", "check", str(file))
    assert done.exit_code == 1
    assert "ziyang.toml：sign.source：缺少这一项" in done.stderr
    file.write_text(PACK + "sing = { amount = 4 }\n", encoding="utf-8")
    done = hotline("policy", "check", str(file))
    assert done.exit_code == 1
    assert "不认识的字段 sing；允许的字段：" in done.stderr
    done = hotline("policy", "check", str(tmp_path / "absent.toml"))
    assert done.exit_code == 2
    assert "没有这个文件" in done.stderr


def test_two_days_of_one_version_differ_in_nothing() -> None:
    done = hotline("policy", "diff", "512000", "2023-01-01", "2026-01-01")
    assert done.exit_code == 0, done.stderr
    assert "相同" in done.stdout
    done = hotline("policy", "diff", "512000", "2023-01-01", "yesterday")
    assert done.exit_code == 2
    assert "日期" in done.stderr


def test_a_published_version_is_listed_explained_by_day_and_compared(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    file = tmp_path / "ziyang.toml"
    file.write_text(PACK, encoding="utf-8")
    done = hotline("policy", "publish", str(file))
    assert done.exit_code == 0, done.output
    listed = json.loads(hotline("policy", "list", "--json").stdout)
    assert [pack["version"] for pack in listed if pack["code"] == "512000"] == ["1", "2"]

    def sign(*option: str) -> str:
        done = hotline("policy", "explain", "512000", "--json", *option)
        parts = {part["title"]: part["items"] for part in json.loads(done.stdout)["sections"]}
        return str(parts["签收时限"][0]["text"])

    assert sign() == sign("--at", "2027-01-01") == "4 个工作小时"
    assert sign("--at", "2026-12-31") == "5 个工作小时"
    done = hotline("policy", "diff", "512000", "2026-12-31", "2027-01-01")
    changed = next(line for line in done.stdout.splitlines() if "签收时限" in line)
    assert "5 个工作小时（ZY 13.2）" in changed
    assert "4 个工作小时（ZY 13.2）" in changed
