"""`hotline suggest`: learned from a file, measured on another that it never saw."""

import asyncio
import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import Result
from typer.testing import CliRunner

from deploy.cli import app
from deploy.suggest import MODEL_NAME
from shared.settings import Settings
from tests.conftest import at_database, run_sql
from tests.services.dispatch_desk import desk
from tests.services.suggestion_desk import (
    CATEGORIES,
    SuggestionDesk,
    learning,
    lesson,
    matters,
)

__all__ = ["desk", "learning", "lesson"]
MESSAGES = Path(__file__).parents[3] / "shared" / "data" / "messages_labelled.csv"
COLUMNS = ["--text", "detail", "--label", "label"]
FIVE = 5


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path / "data"


def hotline(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["suggest", *map(str, arguments)])


def write(path: Path, rows: list[tuple[str, str]], *, encoding: str = "utf-8-sig") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "detail", "label"])
        writer.writerows((number, *row) for number, row in enumerate(rows))
    return path


def examples(count: int) -> list[tuple[str, str]]:
    return [(words, CATEGORIES[unit]) for unit, words in matters(count)]


@pytest.mark.skipif(not MESSAGES.exists(), reason="the citizens' messages are not beside us")
def test_real_messages_that_it_never_saw_reach_a_macro_f1_of_0_87(tmp_path: Path) -> None:
    with MESSAGES.open(encoding="utf-8-sig", newline="") as file:
        rows = [(row["detail"], row["label"]) for row in csv.DictReader(file)]
    # Equal messages fall on the same side.
    digests = [hashlib.sha256(detail.strip().encode()).digest()[0] for detail, _ in rows]
    seen = [row for row, digest in zip(rows, digests, strict=True) if digest % FIVE]
    unseen = [row for row, digest in zip(rows, digests, strict=True) if not digest % FIVE]
    trained = hotline("train", "--from", write(tmp_path / "seen.csv", seen), *COLUMNS)
    assert trained.exit_code == 0, trained.output
    found = hotline("evaluate", write(tmp_path / "unseen.csv", unseen), *COLUMNS, "--json")
    assert found.exit_code == 0, found.output
    figures = json.loads(found.stdout)
    assert figures["count"] == len(unseen) > 500
    assert figures["macro_f1"] >= 0.87
    assert figures["accuracy"] >= 0.87
    assert figures["top3"] >= 0.97
    # What would go by itself is right nearly always, and is worth having.
    assert figures["precision"] >= 0.95
    assert figures["coverage"] >= 0.5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_in_either_encoding_is_learned_and_measured(
    tmp_path: Path, data_dir: Path, encoding: str
) -> None:
    file = write(tmp_path / "past.csv", examples(120), encoding=encoding)
    trained = hotline("train", "--from", file, *COLUMNS)
    assert trained.exit_code == 0, trained.output
    assert (data_dir / MODEL_NAME).is_file()
    found = hotline("evaluate", file, *COLUMNS, "--json")
    figures = json.loads(found.stdout)
    assert (figures["macro_f1"], figures["accuracy"], figures["top3"]) == (1.0, 1.0, 1.0)
    shown = hotline("evaluate", file, *COLUMNS)
    assert "macro_f1" in shown.stdout


def test_the_model_goes_where_it_is_told(tmp_path: Path) -> None:
    file, model = write(tmp_path / "past.csv", examples(60)), tmp_path / "new" / "other.model"
    assert hotline("train", "--from", file, *COLUMNS, "--model", model).exit_code == 0
    assert hotline("evaluate", file, *COLUMNS, "--model", model, "--json").exit_code == 0


def test_a_label_that_is_too_rare_is_named_and_counts_as_wrong(tmp_path: Path) -> None:
    file = write(tmp_path / "past.csv", [*examples(60), ("罕见的事情", "稀有")])
    trained = hotline("train", "--from", file, *COLUMNS)
    assert trained.exit_code == 0
    assert "稀有" in trained.stderr
    figures = json.loads(hotline("evaluate", file, *COLUMNS, "--json").stdout)
    assert figures["accuracy"] == round(60 / 61, 4)
    assert figures["macro_f1"] < 0.8


def test_without_a_model_evaluate_says_what_to_do(tmp_path: Path) -> None:
    found = hotline("evaluate", write(tmp_path / "past.csv", examples(3)), *COLUMNS, "--json")
    assert found.exit_code == 2
    assert "hotline suggest train --from" in found.stderr


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    model = tmp_path / "broken.model"
    model.write_bytes(b"\x80\x04\x95pickle")
    file = write(tmp_path / "past.csv", examples(3))
    found = hotline("evaluate", file, *COLUMNS, "--model", model)
    assert found.exit_code == 2
    assert "不是派单建议的模型" in found.stderr


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "文件是空的"),
        (b"row,detail,label\n", "第 2 行起没有内容"),
        ("row,text,label\n1,停水,水\n".encode(), "第 1 行没有“detail”列"),
        ("row,detail,detail,label\n1,停水,停水,水\n".encode(), "第 1 行有多个“detail”列"),
        ("row,detail,label\n1,停水,水\n2,,水\n".encode(), "第 3 行：“detail”列是空的"),
        ("row,detail,label\n1,停水, \n".encode(), "第 2 行：“label”列是空的"),
        ("row,detail,label\n1,停水\n".encode(), "第 2 行：有 2 格"),
        ('row,detail,label\n1,"停水,水\n'.encode(), "第 2 行：引号没有成对"),
        (
            "row,detail,label\n1,停水,水\n2,停水,水\n".encode() + b"3,\xff\xff,\xff\n",
            "第 4 行：有无法识别的文字编码",
        ),
        ("row,detail,label\n1,停水,水\n".encode("utf-16"), "UTF-16"),
        ("row,detail,label\n1,停水,水\n2,漏水,水\n".encode(), "至少要有 20 行、2 种标签"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    found = hotline("train", "--from", file, *COLUMNS)
    assert found.exit_code == 2
    assert told in found.stderr


def test_labels_that_are_all_rare_teach_nothing(tmp_path: Path) -> None:
    rows = [(f"第{number}件事", f"标签{number}") for number in range(30)]
    found = hotline("train", "--from", write(tmp_path / "past.csv", rows), *COLUMNS)
    assert found.exit_code == 2
    assert "各有 5 行以上" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--from", "past.csv"], "--text 和 --label"),
        (["--text", "detail"], "只与 --from 同用"),
        ([], "没有平台的数据"),
        (["--from", "missing.csv", *COLUMNS], "无法读取"),
    ],
)
def test_what_cannot_be_trained_says_why(arguments: list[str], told: str) -> None:
    found = hotline("train", *arguments)
    assert found.exit_code == 2
    assert told in found.stderr


def on_platform(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command on a running platform's database."""
    return subprocess.run(
        [sys.executable, "-m", "deploy", "suggest", *arguments],
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_a_platform_learns_on_demand_from_its_own_closed_tickets(
    learning: SuggestionDesk, settings: Settings
) -> None:
    early = await asyncio.to_thread(on_platform, settings.database_url, "train")
    assert early.returncode == 2
    assert "只有 0 件，至少要 500 件" in early.stderr
    await learning.close(510)
    done = await asyncio.to_thread(on_platform, settings.database_url, "train")
    assert done.returncode == 0, done.stderr
    assert "学习了 510 件" in done.stdout
    ticket = await learning.file()
    assert await learning.suggest() == 1
    assert await learning.desk.said_types(ticket) == ["ticket.dispatched"]


async def test_a_database_without_tables_is_named(postgres: str) -> None:
    name = f"t_{uuid4().hex[:16]}"
    await run_sql(postgres, f"CREATE DATABASE {name}")
    done = await asyncio.to_thread(on_platform, at_database(postgres, name), "train")
    assert done.returncode == 2
    assert "hotline migrate" in done.stderr
    await run_sql(postgres, f"DROP DATABASE {name} WITH (FORCE)")
