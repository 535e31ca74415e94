"""The table of letters that were heard of: their content stays with intake."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.sla.models import Base


class HeardLetter(Base):
    """A letter that a unit added to a ticket, as `ticket.attached` said it."""

    __tablename__ = "letters"

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit: Mapped[str]
