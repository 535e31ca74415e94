"""Real messages are filed, sketched and compared: repeats and masters are found (A7, A8).

Of the 4,326 messages only those of users who wrote more than once, and of the two events, 1,581 in
all: the others are nobody's repeat, and would take the same way for minutes.
"""

import csv
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from deploy.embedded import embedded_postgres
from services.dispatch.repeats.operations import Learner
from services.dispatch.repeats.worker import look
from shared.clock import Clock
from shared.events.words import Service
from shared.runtime import Runtime, open_runtime
from shared.settings import Settings
from tests.repeat_labels import MESSAGES

EVENTS = MESSAGES.parent / "hot_events.csv"
MAP = "title=title,content=detail,filed_at=time,external_id=msg_id,caller.phone=phone"
SKETCH_SECONDS_MAX = 300
EVENT, VOTES_SURE = "E1", 4
"""Of six teams so many put the message into the event; a missing vote is no negative."""
IN_ONE_OFFER_MIN = 0.6

COUNTS = """SELECT (SELECT count(*) FROM tickets) AS tickets,
    (SELECT count(*) FROM repeat_sketches) AS sketches,
    (SELECT count(*) FROM repeat_queue) AS waiting"""
# The same caller wrote the same words before.
EQUAL = """WITH texts AS (SELECT id, caller_id, title || content AS text FROM tickets)
SELECT count(*) AS written, count(f.ticket_id) AS found
FROM texts t LEFT JOIN repeat_finds f ON f.ticket_id = t.id AND f.score > 0.99
WHERE EXISTS (SELECT FROM texts e
    WHERE e.caller_id = t.caller_id AND e.text = t.text AND e.id < t.id)"""
OFFERED = """SELECT t.title, m.offer_id FROM tickets t
LEFT JOIN master_offer_tickets m ON m.ticket_id = t.id WHERE t.title = ANY($1::text[])"""


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def chosen_messages() -> list[dict[str, str]]:
    """The messages of users who wrote more than once, and of the events."""
    rows, events = read(MESSAGES), {row["msg_id"] for row in read(EVENTS)}
    written = Counter(row["user"] for row in rows)
    return [row for row in rows if written[row["user"]] > 1 or row["msg_id"] in events]


def import_messages(folder: Path) -> dict[str, int]:
    """Each user gets a telephone number; run the command on a platform of its own."""
    rows = chosen_messages()
    numbers: dict[str, int] = {}
    copy = folder / "messages.csv"
    with copy.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "phone"])
        writer.writeheader()
        for row in rows:
            number = numbers.setdefault(row["user"], len(numbers))
            writer.writerow(row | {"phone": f"139{number:08d}"})
    done = subprocess.run(
        [
            *(sys.executable, "-m", "deploy", "import", "tickets", str(copy)),
            *("--jurisdiction", "512000", "--map", MAP),
            *("--set", "type=complaint", "--set", "channel=web", "--json"),
        ],
        env={**os.environ, "HOTLINE_DATA_DIR": str(folder), "DATABASE_URL": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    copy.unlink()
    assert done.returncode == 0, done.stderr[-3000:]
    totals: dict[str, int] = json.loads(done.stdout)
    return totals


async def sketch_all(runtime: Runtime) -> None:
    """Let the task work until nothing waits."""
    learner, end = Learner(), time.monotonic() + SKETCH_SECONDS_MAX
    while await look(runtime, learner, limit=50):
        assert time.monotonic() < end, "sketching takes too long"


async def share_in_one_offer(runtime: Runtime) -> float:
    """Of the messages that most teams put into the event, how many lie in the largest offer."""
    sure = {
        row["msg_id"]
        for row in read(EVENTS)
        if row["event"] == EVENT and int(row["votes"]) >= VOTES_SURE
    }
    titles = [row["title"].strip() for row in read(MESSAGES) if row["msg_id"] in sure]
    rows: list[Any] = await runtime.database.pool.fetch(OFFERED, titles)
    offers = Counter[UUID](row["offer_id"] for row in rows if row["offer_id"] is not None)
    return max(offers.values(), default=0) / len(rows)


@pytest.mark.timeout(900)
@pytest.mark.skipif(not MESSAGES.exists(), reason="the citizens' messages are not beside us")
async def test_repeats_and_masters_are_found_among_real_messages(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    totals = import_messages(tmp_path)
    assert totals["refused"] == 0
    with embedded_postgres(tmp_path) as url:
        settings = Settings(database_url=url)
        async with open_runtime(Service.DISPATCH, settings, Clock()) as runtime:
            await sketch_all(runtime)
            counts = await runtime.database.pool.fetchrow(COUNTS)
            assert counts is not None
            assert counts["tickets"] == counts["sketches"] == totals["filed"]
            assert counts["waiting"] == 0
            equal = await runtime.database.pool.fetchrow(EQUAL)
            assert equal is not None
            assert equal["found"] == equal["written"] > 20
            assert await share_in_one_offer(runtime) >= IN_ONE_OFFER_MIN
