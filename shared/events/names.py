"""Names of words that keep equal strings of different kinds apart."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum


class Names(Mapping[StrEnum, str]):
    """Names of words; equal strings of two kinds (an order, a role) keep their own."""

    def __init__(self, names: Iterable[tuple[StrEnum, str]]) -> None:
        self._names = {(type(word), word.value): name for word, name in names}

    def __getitem__(self, word: StrEnum) -> str:
        """The word's name; KeyError for one without."""
        return self._names[type(word), word.value]

    def __iter__(self) -> Iterator[StrEnum]:
        """The words that have names."""
        return (kind(value) for kind, value in self._names)

    def __len__(self) -> int:
        """How many words have names."""
        return len(self._names)
