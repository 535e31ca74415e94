"""3,061 real messages become tickets that reach their units, and again change nothing (A1)."""

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import asyncpg
import pytest

from deploy.embedded import embedded_postgres
from deploy.trial import CATEGORIES, unit_code

MESSAGES = Path(__file__).parents[3] / "shared" / "data" / "messages_labelled.csv"
MAP = "title=title,content=detail,filed_at=time,category=label,external_id=row_in_att2"


def import_messages(data_dir: Path) -> dict[str, int]:
    """Run the command on a platform of its own and return its totals."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "deploy", "import", "tickets", str(MESSAGES)),
            *("--jurisdiction", "512000", "--map", MAP),
            *("--set", "type=help", "--set", "channel=web", "--json"),
        ],
        env={**os.environ, "HOTLINE_DATA_DIR": str(data_dir), "DATABASE_URL": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    totals: dict[str, int] = json.loads(done.stdout)
    return totals


async def count_by_unit(url: str) -> dict[str, int]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT unit, count(*) FROM dispatch.tickets GROUP BY unit")
    finally:
        await connection.close()
    return {row["unit"]: row["count"] for row in rows}


@pytest.mark.skipif(not MESSAGES.exists(), reason="the citizens' messages are not beside us")
async def test_real_messages_reach_their_units_once(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with MESSAGES.open(encoding="utf-8-sig", newline="") as file:
        labels = Counter(row["label"] for row in csv.DictReader(file))
    wanted = {unit_code("512000", code): labels[name] for code, name in CATEGORIES.items()}
    first = import_messages(tmp_path)
    again = import_messages(tmp_path)
    assert (first["filed"], first["refused"]) == (sum(labels.values()), 0)
    assert (again["filed"], again["refused"]) == (0, 0)
    with embedded_postgres(tmp_path) as url:
        assert await count_by_unit(url) == wanted
