"""What the taxonomy allows, without looking anything up."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

LEVELS_MAX = 3


class Node(NamedTuple):
    """One subject as the shape of the tree needs it."""

    code: str
    parent: str | None


def levels_above(code: str | None, parents: Mapping[str, str | None]) -> list[str]:
    """A subject and all above it, from below; ends where a circle would begin."""
    found: list[str] = []
    while code is not None and code not in found:
        found.append(code)
        code = parents.get(code)
    return found


def levels_below(code: str, nodes: Iterable[Node]) -> int:
    """How many levels hang below a subject; 0 for a leaf."""
    children: dict[str | None, list[str]] = {}
    for node in nodes:
        children.setdefault(node.parent, []).append(node.code)
    depth, level = 0, children.get(code, [])
    while level and depth < LEVELS_MAX:
        depth += 1
        level = [child for one in level for child in children.get(one, [])]
    return depth
