"""The platform runs whole where there is no network but loopback (F10)."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import memory

AS_ROOT = ["unshare", "--net"]
AS_ANYBODY = ["unshare", "--user", "--map-current-user", "--keep-caps", "--net"]
UNSHARE = AS_ROOT if os.geteuid() == 0 else AS_ANYBODY


@pytest.fixture
def folder() -> Iterator[Path]:
    found = Path(tempfile.mkdtemp(prefix="hotline-test-", dir=memory()))
    found.chmod(0o755)
    yield found
    shutil.rmtree(found, ignore_errors=True)


def can_unshare() -> bool:
    """Whether this system lets us make a network of our own."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0


def test_a_ticket_goes_its_way_and_every_page_is_whole_without_a_network(folder: Path) -> None:
    if not can_unshare():
        pytest.skip("this system allows no network namespace: nothing can be cut off")
    done = subprocess.run(
        [*UNSHARE, sys.executable, "-m", "tests.offline", str(folder / "platform")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    found = json.loads(done.stdout)
    assert found["interfaces"] == ["lo"]
    assert found["signed"] == "signed"
    assert found["pages"].keys() > {"/", "/docs", "/openapi.json"}
    odd = {path: status for path, status in found["pages"].items() if status not in (200, 303)}
    assert odd == {}
