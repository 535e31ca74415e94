"""`python -m bench`: every figure beside its limit, one bench after the other.

Figures are shown, never asserted: they move with the machine. Only a bench that breaks fails.
"""

import asyncio
import json
import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench import (
    consumer,
    deadlines,
    due,
    exchange,
    federation,
    filing,
    memory,
    recompute,
    relay,
    signature,
    similar,
)
from bench.ground import Ground, open_ground
from bench.report import Aim, Figure, machine, of_limit, table
from shared.telemetry import configure_logs

Bench = Callable[[Ground], list[Figure]]
WAITING, WAITING_QUICK = 1_000_000, 100_000
RECOMPUTE_RATIO_MIN = 0.2
LOOK_RATIO_MAX = 1.5
"""An empty look costs the same however many wait, but for what the clock itself swings."""
SEARCH_MS_MAX = 50.0
SKETCHED_PER_SECOND_MIN = 50.0
"""Ours: a city of a million tickets a year has one in half a minute; an outage, a few a second."""


def _deadlines(_: Ground) -> list[Figure]:
    found: dict[str, Any] = deadlines.run()
    return [
        Figure(
            name=found["name"],
            unit=found["unit"],
            ours=found["ours"],
            limit=found["limit"],
            ratio=found["ratio"],
            aim=Aim.OURS_MIN,
            target=found["target"],
        )
    ]


def _filing(ground: Ground) -> list[Figure]:
    async def measure() -> list[dict[str, Any]]:
        async with ground.database() as url:
            return await filing.run(url)

    return [
        of_limit(
            found["name"],
            found["unit"],
            ours=found["ours"],
            limit=found["limit"],
            ratio_min=found["target"],
        )
        for found in asyncio.run(measure())
    ]


def _due(ground: Ground) -> list[Figure]:
    waiting = WAITING_QUICK if ground.is_quick else WAITING

    async def measure() -> dict[str, float]:
        async with ground.database() as url:
            return await asyncio.to_thread(due.run, url, waiting=waiting)

    found = asyncio.run(measure())
    return [
        Figure(
            name=f"due deadlines claimed and marked, {waiting:,} waiting",
            unit="deadlines/s",
            ours=found["ours_per_second"],
            limit=found["bare_per_second"],
            ratio=found["ours_to_bare"],
            aim=Aim.RATIO_MIN,
            target=0.3,
        ),
        Figure(
            name=f"an empty look: {waiting:,} waiting beside {due.WAITING_SMALL:,}",
            unit="ms",
            ours=found["empty_look_ms_many"],
            limit=found["empty_look_ms_few"],
            ratio=found["many_to_few"],
            aim=Aim.RATIO_MAX,
            target=LOOK_RATIO_MAX,
        ),
    ]


def _recompute(ground: Ground) -> list[Figure]:
    waiting = recompute.OPEN_QUICK if ground.is_quick else recompute.OPEN_MAX

    async def measure() -> dict[str, float]:
        async with ground.database() as url:
            return await asyncio.to_thread(recompute.run, url, waiting=waiting)

    found = asyncio.run(measure())
    return [
        Figure(
            name=f"a new calendar, {waiting:,} open deadlines counted anew and moved",
            unit="deadlines/s",
            ours=found["ours_per_second"],
            limit=found["bare_per_second"],
            ratio=found["ours_to_bare"],
            aim=Aim.RATIO_MIN,
            target=RECOMPUTE_RATIO_MIN,
            parts=f"all in {found['seconds']:.0f} s; the limit is a bare UPDATE of the same rows",
        )
    ]


def _similar(ground: Ground) -> list[Figure]:
    tickets = WAITING_QUICK if ground.is_quick else WAITING

    async def measure() -> dict[str, float]:
        async with ground.database() as url:
            return await asyncio.to_thread(similar.run, url, tickets=tickets)

    found = asyncio.run(measure())
    return [
        Figure(
            name=f"a search while the caller speaks, p95, {tickets:,} tickets of one city",
            unit="ms",
            ours=found["search_p95_ms"],
            limit=found["bare_p95_ms"],
            ratio=found["search_p95_ms"] / found["bare_p95_ms"],
            aim=Aim.OURS_MAX,
            target=SEARCH_MS_MAX,
            parts=f"p50 {found['search_p50_ms']:.0f} ms, {found['search_cpu_ms']:.1f} ms of Python "
            f"each; the limit is the bare lookup of a caller's tickets; {found['found_mean']:.1f} "
            f"found on average; filled in {found['fill_seconds']:.0f} s",
        ),
        Figure(
            name="tickets sketched and compared behind their event",
            unit="tickets/s",
            ours=found["sketched_per_second"],
            aim=Aim.OURS_MIN,
            target=SKETCHED_PER_SECOND_MIN,
            parts=f"{found['sketched_cpu_ms']:.1f} ms of Python each; before it, the consumer's "
            f"insert into the queue takes {found['queued_us']:.0f} µs each",
        ),
    ]


BENCHES: dict[str, Bench] = {
    "deadlines": _deadlines,
    "memory": lambda _: memory.run(),
    "filing": _filing,
    "relay": relay.run,
    "consumer": consumer.run,
    "due": _due,
    "recompute": _recompute,
    "similar": _similar,
    "exchange": exchange.run,
    "signature": signature.run,
    "federation": lambda ground: federation.run(is_quick=ground.is_quick),
}
BY_NAME_ALONE = frozenset({"federation"})
"""Too long for a run of all."""
NEED_KAFKA = frozenset({"relay", "consumer"})


@dataclass
class Run:
    """What came of the benches."""

    figures: list[tuple[Figure, float]] = field(default_factory=list)
    """Each with the load of the machine when its bench began."""
    skipped: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)

    def measure(self, name: str, ground: Ground) -> None:
        """Run one bench; one that cannot run here is skipped, one that breaks stops no other."""
        if name in NEED_KAFKA and ground.kafka is None:
            self.skipped[name] = f"no Kafka broker: {ground.kafka_missing}"
            return
        load = os.getloadavg()[0]
        try:
            self.figures += [(figure, load) for figure in BENCHES[name](ground)]
        except memory.NotMeasurable as reason:
            self.skipped[name] = str(reason)
        except Exception as error:
            self.broken[name] = repr(error)
            traceback.print_exc()

    def as_json(self) -> dict[str, Any]:
        """The whole run for machines."""
        return {
            "machine": self.machine,
            "figures": [{**figure.as_json(), "load": load} for figure, load in self.figures],
            "skipped": self.skipped,
            "broken": self.broken,
        }


def main(
    names: Annotated[
        list[str] | None,
        typer.Argument(help=f"which: {', '.join(BENCHES)}; if none is named, all but federation"),
    ] = None,
    *,
    json_path: Annotated[
        Path | None, typer.Option("--json", help="write the JSON here, not to standard output")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="fewer rounds, smaller tables")] = False,
) -> None:
    """Measure, print a table and JSON. The exit code tells only whether a bench broke."""
    chosen = names or [name for name in BENCHES if name not in BY_NAME_ALONE]
    unknown = sorted(set(chosen) - set(BENCHES))
    if unknown:
        raise typer.BadParameter(f"no such bench: {', '.join(unknown)}")
    run = _measure_all(chosen, is_quick=quick)
    _show(run)
    text = json.dumps(run.as_json(), ensure_ascii=False, indent=1)
    if json_path is None:
        sys.stdout.write(f"{text}\n")
    else:
        json_path.write_text(f"{text}\n", "utf-8")
    raise typer.Exit(1 if run.broken else 0)


def _measure_all(chosen: Sequence[str], *, is_quick: bool) -> Run:
    run = Run()
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        # The spinner's thread must not be what is measured.
        refresh_per_second=1,
    )
    with progress:
        begin = progress.add_task("servers", total=1)
        needs_kafka = not NEED_KAFKA.isdisjoint(chosen)
        with open_ground(is_quick=is_quick, needs_kafka=needs_kafka) as ground:
            progress.advance(begin)
            for name in chosen:
                task = progress.add_task(name, total=1)
                run.measure(name, ground)
                progress.advance(task)
            run.machine = {
                **machine(),
                "postgresql": ground.postgres_version,
                "kafka": ground.kafka.version if ground.kafka else ground.kafka_missing,
                "quick": is_quick,
            }
    return run


def _show(run: Run) -> None:
    # A pipe has no width of its own, and a table cut to 80 columns says little.
    console = Console() if sys.stdout.isatty() else Console(width=150)
    console.print(table(run.figures))
    for name, reason in run.skipped.items():
        console.print(f"skipped {name}: {reason}")
    for name, reason in run.broken.items():
        console.print(f"[red]broken[/red] {name}: {reason}")
    console.print(", ".join(f"{name} {value}" for name, value in run.machine.items()))


if __name__ == "__main__":
    configure_logs()
    # It complains of each new topic and group until their leaders are chosen, and tries again.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    typer.run(main)
