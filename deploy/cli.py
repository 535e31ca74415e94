"""The `hotline` command: a command's module is imported when the command is called.

A process of one service, and a short question, load what they need and nothing else.
"""

import importlib
from collections.abc import Iterator, Mapping
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from shared.telemetry import configure_logs

PLACES: Mapping[str, str] = {
    "up": "deploy.up:up",
    "demo": "deploy.demo.command:demo",
    "serve": "deploy.serve:serve",
    "migrate": "deploy.prepare:migrate",
    "topics": "deploy.prepare:topics",
    "token": "deploy.tokens:token",
    "people": "deploy.people:people",
    "peers": "deploy.peers:peers",
    "federation": "deploy.federation:federation",
    "exchange": "deploy.exchange_check.command:exchange",
    "policy": "deploy.explain:policy",
    "calendar": "deploy.law:calendar",
    "deadlines": "deploy.policy:deadlines",
    "dispatch": "deploy.dispatch:dispatch",
    "machine": "deploy.machine:machine",
    "suggest": "deploy.suggest:suggest",
    "taxonomy": "deploy.taxonomy:taxonomy",
    "import": "deploy.imports.command:imports",
    "parked": "deploy.parked:parked",
    "audit": "deploy.audit:audit",
    "keys": "deploy.keys:keys",
    "erase": "deploy.erase:erase",
}
"""Where each command is: a function, or a group of commands."""


class Imported(Mapping[str, TyperCommand | TyperGroup]):
    """The commands by their names."""

    def __getitem__(self, name: str) -> TyperCommand | TyperGroup:
        module, _, attribute = PLACES[name].partition(":")
        found = getattr(importlib.import_module(module), attribute)
        if isinstance(found, typer.Typer):
            return typer.main.get_group(found)
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        return cast("TyperCommand", typer.main.get_command(alone))

    def __iter__(self) -> Iterator[str]:
        return iter(PLACES)

    def __len__(self) -> int:
        return len(PLACES)


class Commands(TyperGroup):
    """The group whose commands are imported late."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401  whatever Typer gives a group
        super().__init__(**settings)
        self.commands = cast("dict[str, Any]", Imported())


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False)


@app.callback(help="12345 政务服务便民热线平台")
def hotline() -> None:
    """The group itself does nothing."""


def main() -> None:
    """Run the command line."""
    configure_logs()
    app()
