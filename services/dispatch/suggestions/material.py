"""What is to be learned, and its way through the pipe to the process that learns it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import orjson


class Example(NamedTuple):
    """A ticket of the past: its words, where it was, and the right answer to each question."""

    text: str
    jurisdiction: str
    answers: Mapping[str, str | None]
    weight: float = 1.0


class Material(NamedTuple):
    """Examples, the questions that are asked of them, and which answers belong to a place."""

    examples: Sequence[Example]
    questions: Sequence[str]
    places: Mapping[str, Mapping[str, str]]
    """By question, the places of the answers that have one: they are not thought of elsewhere."""
    is_in_order: bool
    """Whether the examples stand in the order of time."""


def write_lines(material: Material) -> Iterator[bytes]:
    """The material as JSON lines: first what holds for all, then an example a line."""
    head = (material.questions, material.places, material.is_in_order)
    yield orjson.dumps(head, option=orjson.OPT_APPEND_NEWLINE)
    for example in material.examples:
        yield orjson.dumps(tuple(example), option=orjson.OPT_APPEND_NEWLINE)


def read_lines(lines: Iterable[bytes]) -> Material:
    """The material again."""
    reading = iter(lines)
    questions, places, is_in_order = orjson.loads(next(reading))
    examples = [Example(*orjson.loads(line)) for line in reading]
    return Material(examples, questions, places, is_in_order)
