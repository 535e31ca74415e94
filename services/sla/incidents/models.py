"""The tables of what supervision counts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.sla.models import Base


class Unit(Base):
    """A unit of the directory, as sla has heard of it."""

    __tablename__ = "units"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    jurisdiction: Mapped[str]


class Holder(Base):
    """From when on a unit had a ticket; none after a granted return, until the next dispatch."""

    __tablename__ = "holders"

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    held_from: Mapped[datetime] = mapped_column(primary_key=True)
    unit: Mapped[str | None]


class Incident(Base):
    """A step overdue, a return, an improper return or a redo. Each stands once."""

    __tablename__ = "incidents"
    __table_args__ = (Index("incidents_unit", "unit", "trigger", "happened_at"),)

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    trigger: Mapped[str] = mapped_column(primary_key=True)
    mark: Mapped[str] = mapped_column(primary_key=True)
    """Tells one from another: the step and its version, or the number of the act's event."""
    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    """In the order in which they were written, under the lock on all orders."""
    unit: Mapped[str]
    step: Mapped[str | None]
    happened_at: Mapped[datetime]
    """When the time was over, or the act was done."""
    act_at: Mapped[datetime | None]
