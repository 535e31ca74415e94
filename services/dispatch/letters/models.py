"""The table of files that were heard of: their content stays with intake."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.dispatch.models import Base


class Attachment(Base):
    """A file of a ticket, as `ticket.attached` said it; the ticket may not be accepted yet."""

    __tablename__ = "attachments"

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    unit: Mapped[str | None]
    """The unit that added it; none for the caller's side."""
