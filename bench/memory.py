"""How much memory `hotline up` needs at rest: all six services and the embedded PostgreSQL.

What a process shares with others counts by its share (PSS), so that the sum is what it takes.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil

from bench.ground import own_folder
from bench.report import Aim, Figure

TARGET_MEGABYTES = 600
READY_SECONDS_MAX = 120.0
IDLE_SECONDS = 10.0
STOP_SECONDS_MAX = 30.0
NAMES_OF_OTHERS = ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "HOTLINE_DATA_DIR")


class NotMeasurable(Exception):
    """The system does not say which memory is shared."""


def run() -> list[Figure]:
    """Start the platform on an empty folder, let it rest, sum what it holds.

    Raises `NotMeasurable` where there is no PSS.
    """
    if not Path("/proc/self/smaps_rollup").exists():
        raise NotMeasurable("needs Linux's /proc/PID/smaps_rollup")
    with own_folder() as folder, _platform(folder) as platform:
        time.sleep(IDLE_SECONDS)
        own = [platform, *platform.children(recursive=True)]
        database = [process for process in _postgres(folder) if process not in own]
        python_bytes, database_bytes = _pss_bytes(own), _pss_bytes(database)
    megabytes = (python_bytes + database_bytes) / 1e6
    return [
        Figure(
            name="hotline up at rest",
            unit="MB (PSS)",
            ours=megabytes,
            aim=Aim.OURS_MAX,
            target=TARGET_MEGABYTES,
            parts=f"{python_bytes / 1e6:.0f} MB in {len(own)} of Python, "
            f"{database_bytes / 1e6:.0f} MB in {len(database)} of PostgreSQL",
        )
    ]


@contextmanager
def _platform(folder: Path) -> Iterator[psutil.Process]:
    """A platform that is ready."""
    port = _free_port()
    kept = {name: value for name, value in os.environ.items() if not name.endswith(NAMES_OF_OTHERS)}
    log_path = folder / "up.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy", "up", "--port", str(port)],
            env={**kept, "HOTLINE_DATA_DIR": str(folder / "data")},
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_ready(process, port, log_path)
        yield psutil.Process(process.pid)
    finally:
        _stop(process, folder)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log_path: Path) -> None:
    end = time.monotonic() + READY_SECONDS_MAX
    while not _is_ready(port):
        assert process.poll() is None, log_path.read_text()[-2000:]
        assert time.monotonic() < end, f"not ready in time: {log_path.read_text()[-2000:]}"
        time.sleep(0.2)


def _is_ready(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
        return bool(answer.status == 200)
    return False


def _stop(process: subprocess.Popen[bytes], folder: Path) -> None:
    left = _postgres(folder)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS_MAX)
    process.kill()
    process.wait()
    # Its own server, where it had no time to end it.
    for one in left[:1]:
        with suppress(psutil.NoSuchProcess):
            one.terminate()
    psutil.wait_procs(left, timeout=STOP_SECONDS_MAX)


def _postgres(folder: Path) -> list[psutil.Process]:
    """The server of the platform's folder, the postmaster first."""
    pid_file = folder / "data" / "postgres" / "postmaster.pid"
    with suppress(FileNotFoundError, psutil.NoSuchProcess):
        postmaster = psutil.Process(int(pid_file.read_text().split()[0]))
        return [postmaster, *postmaster.children(recursive=True)]
    return []


def _pss_bytes(processes: list[psutil.Process]) -> int:
    total = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss
    return total


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


if __name__ == "__main__":
    for figure in run():
        print(figure.as_json())
