"""docs/deadlines.md: every table, file and command on it is computed again."""

import io
import json
import tomllib
from datetime import datetime
from pathlib import Path

import pytest

from deploy.cases import answer_lines
from services.sla.previews.rules import preview
from shared.calendars import BEIJING, national_calendar
from shared.events.words import RequestType, Step
from shared.policy.calendar_files import read_calendar_file
from shared.policy.deadlines import Matter, Moments, deadlines, extended, extension_ask_by
from shared.policy.law import builtin_law, make_law
from shared.policy.load import builtin_packs, dump_pack, pack_for
from shared.policy.model import Pack
from tests.unit.notices import DAI_NEW_YEAR_2026, NOTICE_2027

PAGE = (Path(__file__).parents[2] / "docs" / "deadlines.md").read_text(encoding="utf-8")
CALENDAR = national_calendar()


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    lines = [line for line in section(title).splitlines() if line.startswith("| ")]
    assert len(lines) > 3, title
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def block(title: str, language: str, place: int = 0) -> str:
    return section(title).split(f"```{language}\n")[place + 1].split("```")[0]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


def seasonal() -> Pack:
    """Ziyang's pack with the hours that the page writes down."""
    hours = tomllib.loads(block("Hours by season", "toml"))["working_hours"]
    return Pack.model_validate(dump_pack(pack_for("512000")) | {"working_hours": hours})


@pytest.mark.parametrize("row", rows("Why a deadline falls on its day"), ids=" ".join)
def test_explanations_are_as_written(row: list[str]) -> None:
    place, kind, accepted, step, told = row
    found = preview(builtin_law(), place, Matter(RequestType(kind)), Moments(at(accepted)))
    assert (found[Step(step)].explanation.text or "–") == told


@pytest.mark.parametrize("row", rows("Hours by season"), ids=lambda row: " ".join(row[:3]))
def test_seasons_are_as_written(row: list[str]) -> None:
    kind, accepted, step, due, _ = row
    matter, moments = Matter(RequestType(kind)), Moments(at(accepted))
    assert deadlines(seasonal(), CALENDAR, matter, moments)[Step(step)].due_at == at(due)


def test_the_last_moment_to_ask_over_a_change_of_hours_is_as_written() -> None:
    asked_by = extension_ask_by(seasonal(), CALENDAR, at("2026-10-08T17:30"))
    assert asked_by == at("2026-09-30T18:00")
    assert "8 October at 17:30, one working day before is Wednesday 30 September at 18:00" in PAGE


def test_the_files_on_the_page_are_those_of_the_tests() -> None:
    assert block("Years that nobody has published", "toml") == NOTICE_2027.lstrip()
    assert block("Days of one place", "toml") == DAI_NEW_YEAR_2026.lstrip()
    assert read_calendar_file("2027.toml", NOTICE_2027).overlay.published_years == {2027}


@pytest.mark.parametrize("row", rows("Days of one place"), ids=" ".join)
def test_days_of_one_place_are_as_written(row: list[str]) -> None:
    place, kind, accepted, step, plain, loaded = row
    file = read_calendar_file("dai.toml", block("Days of one place", "toml"))
    for law, due in (
        (builtin_law(), plain),
        (make_law(builtin_packs().values(), [file]), loaded),
    ):
        found = preview(law, place, Matter(RequestType(kind)), Moments(at(accepted)))
        assert found[Step(step)].deadline.due_at == at(due)


@pytest.mark.parametrize("row", rows("Moving a deadline"), ids=" ".join)
def test_extensions_are_as_written(row: list[str]) -> None:
    place, due, days, then, ask_by = row
    pack = pack_for(place)
    assert extended(pack, CALENDAR, at(due), int(days)).due_at == at(then)
    assert extension_ask_by(pack, CALENDAR, at(due)) == at(ask_by)


def test_the_cases_on_the_page_are_answered_as_written() -> None:
    out = io.BytesIO()
    lines = io.BytesIO(block("Many cases at once", "json").encode())
    assert answer_lines(builtin_law(), lines, out) == 1
    first, second, third = map(json.loads, out.getvalue().splitlines())
    assert list(first) == ["dispatch", "sign", "return", "handle"]
    assert set(first["handle"]) == {
        "due_at", "rule", "source", "provisional", "explanation", "skipped",
    }  # fmt: skip
    assert second["id"] == 2
    assert {"respond", "result"} < set(second)
    assert third == json.loads(block("Many cases at once", "json", place=1))
