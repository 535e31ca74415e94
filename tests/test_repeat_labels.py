"""The figures of docs/repeats.md hold, and the labels are what that page says (A7, A8)."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.repeat_labels import LABELS, MESSAGES, measure_all

PAGE = Path(__file__).parents[1] / "docs" / "repeats.md"
MARGIN = 0.02
"""So much may a figure fall before somebody must look."""
SAME_CALLER_PAIRS_MIN, MANY_CALLERS_PAIRS_MIN = 250, 150
FIGURE = re.compile(
    r"^\| ([^|]+) \| \d+ \| [\d.]+ \| ([\d.]+) \([^|]+\) \| ([\d.]+) \(", re.MULTILINE
)


def test_enough_pairs_were_labelled_and_no_text_is_kept() -> None:
    with LABELS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kinds = Counter(row["stratum"].partition("_")[0] for row in rows)
    assert kinds["same"] + kinds["active"] >= SAME_CALLER_PAIRS_MIN
    assert kinds["other"] >= MANY_CALLERS_PAIRS_MIN
    assert all(row["one"].isdigit() and row["other"].isdigit() for row in rows)
    assert {row["is_same"] for row in rows} == {"0", "1"}
    assert all(row[name].isascii() for row in rows for name in row)


@pytest.mark.skipif(not MESSAGES.exists(), reason="the citizens' messages are not beside us")
def test_precision_and_recall_are_not_below_what_the_page_says() -> None:
    said = {name: (float(p), float(r)) for name, p, r in FIGURE.findall(PAGE.read_text("utf-8"))}
    measured = {figures.name: figures.shares for figures in measure_all()}
    assert said.keys() == measured.keys()
    for name, (precision, recall) in said.items():
        assert measured[name].precision >= precision - MARGIN, name
        assert measured[name].recall >= recall - MARGIN, name
