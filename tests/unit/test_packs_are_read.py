"""Every value of a pack decides something, or is listed as said to people only."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from shared.events.words import RequestType, Urgency
from shared.policy.model import Pack

ROOT = Path(__file__).parents[2]
SAYS_PACKS = {f"{name}.py" for name in ("explain", "model", "sayings", "values")}
"""What only tells people what a pack says."""
SAID_ONLY = {
    # What documents say of the levels, and of the ways of asking (ZY 14: 等方式).
    *("Level.duty", "Level.platforms", "FollowUpLaw.ways"),
    # A unit's assessment, which nothing counts yet.
    *("Pack.assessment", "Indicator.code", "Indicator.weight"),
    *("Indicator.full_marks", "Indicator.formula"),
    # The interface asks for all of them, wherever a unit returns or closes for the time being.
    *("ReturnLaw.required", "InterimLaw.required"),
    # The lines of a registry, shown whole.
    *("Hotline.level_source", "Hotline.system", "Hotline.use"),
}
"""What packs say and people read, and nothing decides by."""
READ_OTHERWISE = {
    *("source", "inherited_from", "value", "way"),  # of values of every kind
    *RequestType,  # by the word of the ticket
    *Urgency,
    "working_hours",  # through `Pack.hours`
}


def test_every_value_of_a_pack_decides_something_or_is_listed() -> None:
    """A value counts as read where its name and that of its part stand in one file."""
    files = [
        _names(path)
        for folder in ("services", "shared", "deploy")
        for path in (ROOT / folder).rglob("*.py")
        if not (path.parent.name == "policy" and path.name in SAYS_PACKS)
    ]
    assert set(_unread(Pack, set().union(*files), files)) == SAID_ONLY


def _unread(part: type[BaseModel], around: set[str], files: list[set[str]]) -> Iterator[str]:
    for name, field in part.model_fields.items():
        is_read = any(name in names and around & names for names in files)
        if not is_read and name not in READ_OTHERWISE:
            yield f"{part.__name__}.{name}"
        for inner in _models(field.annotation):
            yield from _unread(inner, {name, inner.__name__}, files)


def _names(path: Path) -> set[str]:
    """The attributes that a file reads, and the classes that it defines or imports."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    read = {one.attr for one in nodes if isinstance(one, ast.Attribute)}
    return read | {one.name for one in nodes if isinstance(one, ast.ClassDef | ast.alias)}


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
