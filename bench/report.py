"""One figure: what was reached, beside a limit measured in the same run, against its target."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.table import Table


class Aim(StrEnum):
    """What a target speaks of."""

    RATIO_MIN = "ratio ≥"
    RATIO_MAX = "ratio ≤"
    OURS_MIN = "ours ≥"
    OURS_MAX = "ours ≤"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`limit` was measured in the same run; none where the target stands by itself."""

    name: str
    unit: str
    ours: float
    limit: float | None = None
    ratio: float | None = None
    aim: Aim
    target: float
    parts: str = ""
    """What it is made of, where that is worth a line."""

    @property
    def is_met(self) -> bool:
        """Whether the target is met. Nothing is asserted: figures move with the machine."""
        value = self.ratio if self.aim in (Aim.RATIO_MIN, Aim.RATIO_MAX) else self.ours
        assert value is not None, "a ratio is aimed at and none was measured"
        if self.aim in (Aim.RATIO_MIN, Aim.OURS_MIN):
            return value >= self.target
        return value <= self.target

    def as_json(self) -> dict[str, Any]:
        """The figure for machines."""
        return {
            "name": self.name,
            "unit": self.unit,
            "ours": self.ours,
            "limit": self.limit,
            "ratio": self.ratio,
            "target": f"{self.aim} {self.target:g}",
            "met": self.is_met,
            "parts": self.parts,
        }


def of_limit(name: str, unit: str, *, ours: float, limit: float, ratio_min: float) -> Figure:
    """A figure that must reach a share of its limit."""
    return Figure(
        name=name,
        unit=unit,
        ours=ours,
        limit=limit,
        ratio=ours / limit,
        aim=Aim.RATIO_MIN,
        target=ratio_min,
    )


def table(figures: Sequence[tuple[Figure, float]]) -> Table:
    """The figures for people, each with the load of the machine when its bench began."""
    shown = Table("figure", "unit")
    for column in ("ours", "limit", "ratio", "target", "met", "load"):
        shown.add_column(column, justify="right")
    for figure, load in figures:
        shown.add_row(
            f"{figure.name}\n[dim]{figure.parts}[/dim]" if figure.parts else figure.name,
            figure.unit,
            _number(figure.ours),
            _number(figure.limit),
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            f"{figure.aim} {figure.target:,g}",
            "[green]yes[/green]" if figure.is_met else "[red]no[/red]",
            f"{load:.1f}",
        )
    return shown


def machine() -> dict[str, Any]:
    """What a run ran on."""
    return {
        "cores": os.cpu_count(),
        "memory_megabytes": _memory_megabytes(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _memory_megabytes() -> int | None:
    path = Path("/proc/meminfo")
    if not path.exists():
        return None
    return int(path.read_text().split()[1]) // 1024
