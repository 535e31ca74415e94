"""`hotline`: every command is where the table says, and none loads what another needs."""

import subprocess
import sys

import typer

from deploy.cli import PLACES, app

LOADED = """import sys
from deploy.cli import Imported
Imported()["token"]
print(*sorted({name.split(".")[1] for name in sys.modules if name.startswith("services.")}))"""


def test_every_command_is_found_and_says_in_chinese_what_it_does() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert list(commands) == list(PLACES)
    for name, command in commands.items():
        assert any("\u4e00" <= sign <= "\u9fff" for sign in command.help), name


def test_a_command_loads_no_service_that_it_does_not_need() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
