"""The table of tries to open a request."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from services.intake.models import Base


class Tries(Base):
    """How often a number was tried of late, whatever there is behind it.

    Numbers fall into `rules.SLOTS` slots by a keyed hash: the table cannot grow, and nothing in it
    tells a number that is in use from one that is not.
    """

    __tablename__ = "tries"

    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tries: Mapped[int]
    last_at: Mapped[datetime]
    next_at: Mapped[datetime]
