"""The table of units' duty telephones and mail addresses; they travel in no event."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.dispatch.models import Base
from shared.events.words import DutyHours


class UnitContact(Base):
    """One way to reach a unit."""

    __tablename__ = "unit_contacts"

    unit: Mapped[str] = mapped_column(ForeignKey("units.code"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    """`phone` or `email`."""
    address: Mapped[str] = mapped_column(primary_key=True)
    """A number as digits alone, so that numbers in replies can be compared with it."""
    duty_hours: Mapped[DutyHours]


Index("unit_contacts_address", UnitContact.address)
