"""`hotline deadlines --file`: a case a line, an answer a line, a problem where a line is wrong."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cases import LINE_BYTES_MAX, answer_lines
from deploy.cli import app
from shared.policy.law import builtin_law
from tests.unit.notices import DAI_NEW_YEAR_2026

CASE = {"jurisdiction": "512000", "type": "complaint", "accepted_at": "2026-09-30T16:20+08:00"}
URGENT = CASE | {"urgency": "critical", "dispatched_at": "2026-09-30T08:30Z", "id": 7}


def answers(*lines: str | bytes | dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    raw = [line if isinstance(line, str | bytes) else json.dumps(line) for line in lines]
    stream = io.BytesIO(b"\n".join(one.encode() if isinstance(one, str) else one for one in raw))
    out = io.BytesIO()
    bad = answer_lines(builtin_law(), stream, out)
    return [json.loads(line) for line in out.getvalue().splitlines()], bad


def problem(line: str | bytes | dict[str, Any]) -> dict[str, Any]:
    (answer,), bad = answers(line)
    assert bad == 1
    found: dict[str, Any] = answer["problem"]
    return found


def run(*arguments: str, stdin: str | None = None, folder: Path) -> Any:
    environment = {
        "HOTLINE_DATA_DIR": str(folder / "data"),
        "SLA_DATABASE_URL": "",
        "DATABASE_URL": "",
    }
    return CliRunner().invoke(app, ["deadlines", *arguments], input=stdin, env=environment)


def test_each_line_is_answered_in_order() -> None:
    (first, second), bad = answers(CASE, URGENT)
    assert bad == 0
    assert list(first) == ["dispatch", "sign", "return", "handle"]
    assert first["handle"]["due_at"] == "2026-10-15T17:30:00+08:00"
    assert first["handle"]["rule"] == "7 working days after dispatch, to close of business"
    assert (first["handle"]["source"], first["handle"]["provisional"]) == ("ZY 13.2", False)
    assert first["handle"]["skipped"][0]["name"] == "国庆节"
    assert list(second) == ["id", "dispatch", "sign", "return", "handle", "respond", "result"]
    assert second["id"] == 7
    assert second["respond"]["due_at"] == "2026-09-30T17:30:00+08:00"


def test_a_bad_line_is_told_on_its_line_and_the_rest_goes_on() -> None:
    found, bad = answers(CASE, "{", "", CASE | {"type": "wish", "id": "x"}, CASE)
    assert bad == 2
    assert found[0] == found[3]
    assert (found[1]["line"], found[1]["problem"]["code"]) == (2, "not_json")
    assert (found[2]["id"], found[2]["line"]) == ("x", 4)
    assert found[2]["problem"]["field"] == "type"
    assert "complaint" in found[2]["problem"]["message"]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"accepted_at": "2026-09-30T16:20"}, "accepted_at", "no_time_zone"),
        ({"accepted_at": "2026-09-30"}, "accepted_at", "no_time_zone"),
        ({"dispatched_at": "2026-09-30T16:30"}, "dispatched_at", "no_time_zone"),
        ({"signed_at": "2026-09-30T16:30"}, "signed_at", "no_time_zone"),
        ({"accepted_at": "yesterday"}, "accepted_at", "bad_time"),
        ({"accepted_at": 1790000000}, "accepted_at", "bad_time"),
        ({"accepted_at": None}, "accepted_at", "missing"),
        ({"accepted_at": "0001-01-01T00:00+14:00"}, "accepted_at", "outside_calendar"),
        ({"dispatched_at": "2026-09-30T16:19+08:00"}, "dispatched_at", "wrong_order"),
        ({"signed_at": "2026-09-30T08:19:59Z"}, "signed_at", "wrong_order"),
        ({"jurisdiction": None}, "jurisdiction", "missing"),
        ({"jurisdiction": 512000}, "jurisdiction", "not_text"),
        ({"jurisdiction": "990000"}, "jurisdiction", "unknown_jurisdiction"),
        ({"type": None}, "type", "missing"),
        ({"type": ["complaint"]}, "type", "not_allowed"),
        ({"urgency": "soon"}, "urgency", "not_allowed"),
        ({"is_enforcement": "yes"}, "is_enforcement", "not_boolean"),
        ({"dispatch_at": "2026-09-30T16:30+08:00"}, "dispatch_at", "unknown_field"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], field: str, code: str) -> None:
    found = problem(CASE | change)
    assert (found["field"], found["code"]) == (field, code)
    assert found["message"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("[]", "not_an_object"),
        ('"x"', "not_an_object"),
        (b"\xff\xfe", "not_json"),
        (b" " * 10 + b'{"a": "' + b"x" * LINE_BYTES_MAX * 3 + b'"}', "too_long"),
    ],
)
def test_a_line_that_is_no_case_is_told(line: str | bytes, code: str) -> None:
    assert problem(line)["code"] == code


def test_a_line_too_long_leaves_the_next_one_whole() -> None:
    found, bad = answers(b'"' + b"x" * LINE_BYTES_MAX * 2, CASE)
    assert bad == 1
    assert found[1]["dispatch"]["source"] == "ZY 13.1"


def test_unknown_moments_may_be_null_and_other_names_are_left_alone() -> None:
    extra = {"dispatched_at": None, "signed_at": None, "urgency": None, "title": "路灯"}
    (one, other), bad = answers(CASE, CASE | extra)
    assert (one, bad) == (other, 0)


def test_enforcement_of_any_type_is_dispatched_at_once() -> None:
    case = CASE | {"jurisdiction": "532800", "type": "inquiry"}
    found, _ = answers(case, case | {"is_enforcement": True}, case | {"enforcement": True})
    rules = [one["dispatch"]["rule"] for one in found]
    assert rules[1] == rules[2] == "1 clock hour after acceptance"
    assert rules[0] != rules[1]


def test_what_was_passed_on_to_the_province_has_its_own_time() -> None:
    case = CASE | {"jurisdiction": "530000", "accepted_at": "2026-10-03T21:00+08:00"}
    (own, passed_on), _ = answers(case, case | {"is_passed_on": True})
    sources = (own["dispatch"]["source"], passed_on["dispatch"]["source"])
    assert sources == ("YN 六(三)3", "YN 六(三)2")


def test_a_file_and_the_standard_input_are_answered_alike(tmp_path: Path) -> None:
    lines = "\n".join(map(json.dumps, (CASE, URGENT))) + "\n"
    path = tmp_path / "cases.ndjson"
    path.write_text("\ufeff" + lines, encoding="utf-8")
    from_file = run("--file", str(path), folder=tmp_path)
    from_stdin = run("--file", "-", stdin=lines, folder=tmp_path)
    assert (from_file.exit_code, from_stdin.exit_code) == (0, 0)
    assert from_file.stdout == from_stdin.stdout
    assert [json.loads(line)["handle"]["source"] for line in from_file.stdout.splitlines()] == [
        "ZY 13.2",
        "ZY 13.2",
    ]


def test_any_bad_line_makes_the_command_fail(tmp_path: Path) -> None:
    done = run("--file", "-", stdin=json.dumps(CASE) + "\n{}\n", folder=tmp_path)
    assert done.exit_code == 1
    first, second = done.stdout.splitlines()
    assert json.loads(first)["dispatch"]["source"] == "ZY 13.1"
    assert json.loads(second)["line"] == 2


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("--type", "help", "--accepted-at", CASE["accepted_at"]), "--jurisdiction"),
        (("--jurisdiction", "512000", "--accepted-at", CASE["accepted_at"]), "--type"),
        (("--jurisdiction", "512000", "--type", "help"), "--accepted-at"),
        (("--file", "-", "--jurisdiction", "512000"), "--jurisdiction"),
        (("--file", "none.ndjson"), "--file"),
        (("--file", "-", "--calendar", "none.toml"), "--calendar"),
    ],
)
def test_options_that_do_not_go_together_are_named(
    arguments: tuple[str, ...], option: str, tmp_path: Path
) -> None:
    done = run(*arguments, folder=tmp_path)
    assert done.exit_code == 2
    assert option in done.stderr


def test_an_operators_own_files_are_tried_without_publishing(tmp_path: Path) -> None:
    calendar, pack = tmp_path / "dai.toml", tmp_path / "512000.toml"
    calendar.write_text(DAI_NEW_YEAR_2026, encoding="utf-8")
    pack.write_text(
        'code = "512000"\nname = "资阳市"\ndocument = "试用"\nversion = "2"\n'
        'effective_from = { value = 2026-01-01, source = "ZY 37" }\n'
        "[handle]\n"
        'help = { amount = 2, unit = "working_days", source = "ZY 13.2" }\n',
        encoding="utf-8",
    )
    cases = [
        {"jurisdiction": place, "type": "help", "accepted_at": "2026-04-10T10:00+08:00"}
        for place in ("532800", "512000")
    ]
    lines = "\n".join(map(json.dumps, cases))
    files = ("--calendar", str(calendar), "--packs", str(pack))
    done = run("--file", "-", *files, stdin=lines, folder=tmp_path)
    assert done.exit_code == 0, done.output
    due = [json.loads(line)["handle"]["due_at"][5:10] for line in done.stdout.splitlines()]
    assert due == ["04-20", "04-14"]
    plain = run("--file", "-", stdin=lines, folder=tmp_path)
    due = [json.loads(line)["handle"]["due_at"][5:10] for line in plain.stdout.splitlines()]
    assert due == ["04-15", "04-17"]


def test_a_wrong_file_is_told_and_nothing_is_answered(tmp_path: Path) -> None:
    calendar = tmp_path / "2027.toml"
    calendar.write_text('document = "通知"\npublished_years = [2027]\n', encoding="utf-8")
    done = run("--file", "-", "--calendar", str(calendar), stdin=json.dumps(CASE), folder=tmp_path)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "缺口" in done.stderr


def test_people_read_why(tmp_path: Path) -> None:
    done = run(
        *("--jurisdiction", "512000", "--type", "complaint"),
        *("--accepted-at", str(CASE["accepted_at"])),
        folder=tmp_path,
    )
    assert done.exit_code == 0
    assert "10-10 国庆节调休上班" in done.stdout.replace("\n", "")
