"""The tables of gateway."""

from sqlalchemy.orm import DeclarativeBase

from shared.tables import add_shared_tables


class Base(DeclarativeBase):
    """The schema of gateway."""


add_shared_tables(Base.metadata)
