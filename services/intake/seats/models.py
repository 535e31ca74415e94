"""The table of seats."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.models import Base


class Seat(Base):
    """Somebody's place at the hotline, by work number; who that is, is not kept here (ZY 10)."""

    __tablename__ = "seats"

    number: Mapped[str] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str]
    kind: Mapped[str]
    unit: Mapped[str | None] = mapped_column(ForeignKey("units.code"))
    """The unit that an expert belongs to."""
    subcenter: Mapped[str | None]
    """The merged hotline whose seat was kept, by its number."""
    is_active: Mapped[bool]

    __table_args__ = (Index("seats_place", "jurisdiction", "kind", "number"),)
