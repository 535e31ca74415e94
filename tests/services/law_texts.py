"""Packs for the tests: files as an operator would write them."""

from pathlib import Path

import shared.policy.load

FOLDER = Path(shared.policy.load.__file__).parent


def pack_text(name: str, **changes: str) -> str:
    """A built-in pack's file with lines changed: `handle.complaint` by its last key."""
    lines = (FOLDER / f"{name}.toml").read_text("utf-8").splitlines()
    for key, value in changes.items():
        place = next(place for place, line in enumerate(lines) if line.startswith(f"{key} = "))
        lines[place] = f"{key} = {value}"
    return "\n".join([*lines, ""])


def ziyang_2(*, days: int = 6, since: str = "2026-01-01") -> str:
    """Ziyang's second version: complaints in `days` working days."""
    return pack_text(
        "ziyang",
        version='"2"',
        effective_from=f'{{ value = {since}, source = "ZY 37" }}',
        complaint=f'{{ amount = {days}, unit = "working_days", source = "ZY 13.2" }}',
    )
