"""Processes that start in a moment: forked from one that has loaded all services already.

A process that is killed and started again twenty times would load the same modules each time.
That `python -m deploy.serve` itself starts is seen in `tests/services/test_production_shape.py`.
"""

import multiprocessing
import os
import runpy
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from shared.events.words import Service

PARTS = ("app", "consumer", "worker")
LOADED = [
    "deploy.serve",
    *(
        f"services.{service}.{part}"
        for service in Service
        for part in PARTS
        if (service, part) != (Service.KNOWLEDGE, "worker")
    ),
]
WORDS_MAX = 2_000
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(LOADED)


@dataclass
class Forked:
    """One process of one service, as `python -m deploy.serve` with these arguments."""

    arguments: Sequence[str]
    environment: dict[str, str]
    log: Path
    running: ForkServerProcess | None = None

    def start(self) -> None:
        """Start it; it must not run."""
        self.running = FORKS.Process(
            target=_serve, args=(self.arguments, self.environment, self.log), daemon=True
        )
        self.running.start()

    def has_ended(self) -> bool:
        """Whether it was started and runs no more."""
        return self.running is not None and not self.running.is_alive()

    def last_words(self) -> str:
        """The end of what it printed."""
        return self.log.read_text("utf-8")[-WORDS_MAX:]

    def kill(self) -> None:
        """SIGKILL, by its own id."""
        if self.running is not None:
            self.running.kill()
            self.running.join()


def _serve(arguments: Sequence[str], environment: dict[str, str], log: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as written:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(written.fileno(), stream.fileno())
    sys.argv = ["deploy.serve", *arguments]
    runpy.run_module("deploy.serve", run_name="__main__", alter_sys=True)
