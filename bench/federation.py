"""A province cut off for as long as a day's messages take to pile up, everybody killed meanwhile.

The story is that of `tests/federation`, which says in the end whether all platforms agree.
"""

import asyncio

from bench.ground import own_folder
from bench.report import Aim, Figure
from tests.federation.filing import Ledger, Scale
from tests.federation.story import live
from tests.federation.truth import check_truth
from tests.federation.world import open_world

FULL = Scale(up=20_000, across=2_000, queued_min=10_000, kills=3, seconds_max=3_600)
QUICK = Scale(up=2_000, across=200, queued_min=1_000, kills=2, seconds_max=1_200)
DRAIN_SECONDS_MAX = 3_600.0
"""Ours: what a day piled up is worked off within an hour."""


def run(*, is_quick: bool) -> list[Figure]:
    """Live through it, compare everything, and say how long it took. Raises where they differ."""
    return asyncio.run(_run(QUICK if is_quick else FULL))


async def _run(scale: Scale) -> list[Figure]:
    with own_folder() as folder:
        async with open_world(folder) as world:
            ledger = await live(world, scale)
            counts = await check_truth(world, ledger)
            sent = await world.count("sent")
            resets = sum(line.resets for line in world.lines)
            kills = sum(one.kills for one in world.processes)
    drained = ledger.seconds["until all was drained and closed"]
    after = sent - ledger.sent
    return [
        Figure(
            name="three platforms and a foreign one: lost, doubled, out of order, different",
            unit="findings",
            ours=0,
            aim=Aim.OURS_MAX,
            target=0,
            parts=f"{_filed(ledger)} tickets, {counts['crossed and closed']:,} of them crossed; "
            f"{sent:,} messages of ours; {kills} kills, {resets:,} resets; "
            + ", ".join(f"{name} {count:,}" for name, count in counts.items()),
        ),
        Figure(
            name=f"drained and closed after {ledger.queued:,} messages had piled up",
            unit="s",
            ours=drained,
            aim=Aim.OURS_MAX,
            target=DRAIN_SECONDS_MAX,
            parts=f"{after:,} messages since then, {after / drained:,.0f}/s, kills and all; "
            + ", ".join(f"{name} {value:.0f} s" for name, value in ledger.seconds.items()),
        ),
    ]


def _filed(ledger: Ledger) -> str:
    return f"{sum(len(one) for one in ledger.filed.values()):,}"
