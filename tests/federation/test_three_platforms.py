"""A province, two cities and a foreign city, cut off and killed, hold the same truth in the end.

The same story with 20,000 tickets is `python -m bench federation`.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import memory
from tests.federation.filing import Scale
from tests.federation.story import live
from tests.federation.truth import check_truth
from tests.federation.world import open_world

SMALL = Scale(up=200, across=12, queued_min=100, kills=1, seconds_max=300)


@pytest.fixture
def folder() -> Iterator[Path]:
    found = Path(tempfile.mkdtemp(prefix="hotline-three-", dir=memory()))
    found.chmod(0o755)
    yield found
    shutil.rmtree(found, ignore_errors=True)


async def test_nothing_is_lost_or_doubled_whoever_is_killed_or_cut_off(folder: Path) -> None:
    async with open_world(folder) as world:
        ledger = await live(world, SMALL)
        assert all(one.kills == SMALL.kills for one in world.processes)
        assert any(line.resets for line in world.lines)
        assert any(line.swallowed_bytes for line in world.lines)
        counts = await check_truth(world, ledger)
    assert counts["crossed and closed"] == SMALL.across
