"""`hotline token` and `hotline deadlines`, as people call them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.security import TokenReader


def hotline(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")
    }
    return subprocess.run(
        [sys.executable, "-m", "deploy", *arguments],
        env={**environment, "HOTLINE_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_token_names_its_role_and_unit(tmp_path: Path) -> None:
    done = hotline(tmp_path, "token", "--role", "unit", "--unit", "512000-01")
    assert done.returncode == 0, done.stderr
    secret = json.loads((tmp_path / "secrets.json").read_text())["token_secret"]
    principal = TokenReader(secret).read(f"Bearer {done.stdout.strip()}")
    assert (principal.role, principal.unit, principal.jurisdiction) == (
        "unit",
        "512000-01",
        "512000",
    )
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0


def test_a_unit_without_its_code_gets_no_token(tmp_path: Path) -> None:
    done = hotline(tmp_path, "token", "--role", "unit")
    assert done.returncode == 2
    assert "--unit" in done.stderr


def test_deadlines_are_printed_with_rule_and_article(tmp_path: Path) -> None:
    done = hotline(
        tmp_path,
        *("deadlines", "--jurisdiction", "512000", "--type", "complaint", "--urgency", "normal"),
        *("--accepted-at", "2026-09-30T16:20+08:00", "--json"),
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {"dispatch", "sign", "return", "handle"}
    assert found["dispatch"]["due_at"] == "2026-09-30T18:20:00+08:00"
    assert found["handle"] == {
        "due_at": "2026-10-15T17:30:00+08:00",
        "rule": "7 working days after dispatch, to close of business",
        "source": "ZY 13.2",
        "provisional": False,
        "explanation": "10-01 至 10-07 国庆节放假；10-10 国庆节调休上班；10-11 双休日",
        "skipped": [
            skipped("2026-10-01", "2026-10-07", "国庆节"),
            skipped("2026-10-10", "2026-10-10", "国庆节调休上班", works=True),
            skipped("2026-10-11", "2026-10-11", "双休日"),
        ],
    }


def skipped(first: str, last: str, name: str, *, works: bool = False) -> dict[str, object]:
    return {"first": first, "last": last, "works": works, "name": name, "provisional": False}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--accepted-at", "2026-09-30T16:20"),
        ("--accepted-at", "yesterday"),
        ("--jurisdiction", "51"),
        ("--jurisdiction", "990000"),
        ("--dispatched-at", "2026-09-30T16:19+08:00"),
        ("--type", "wish"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, option: str, value: str) -> None:
    options = {
        "--jurisdiction": "512000",
        "--type": "complaint",
        "--accepted-at": "2026-09-30T16:20+08:00",
        option: value,
    }
    done = hotline(tmp_path, "deadlines", *[part for pair in options.items() for part in pair])
    assert done.returncode == 2
    assert option in done.stderr
