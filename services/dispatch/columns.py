"""How words are kept in columns."""

from enum import StrEnum

from sqlalchemy import Dialect, Text, TypeDecorator


class Word(TypeDecorator[StrEnum]):
    """A word of `shared.events.words`, stored as text."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """The word again."""
        return None if value is None else self.kind(value)
