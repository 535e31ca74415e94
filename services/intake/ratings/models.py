"""The table of the public figures of ratings."""

from datetime import date

from sqlalchemy import Date, Integer
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.models import Base


class RatingFigure(Base):
    """How many ratings of one kind a unit had in a month; kept up with each rating."""

    __tablename__ = "rating_figures"

    jurisdiction: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(Date, primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    standing: Mapped[str] = mapped_column(primary_key=True)
    result: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
