"""The tables of attachments."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.models import Base


class Attachment(Base):
    """A file that somebody uploaded; the same content from the same person is the same row."""

    __tablename__ = "attachments"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    """Its name in the store."""
    bytes: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str]
    filename: Mapped[str | None]
    uploaded_by: Mapped[str]
    uploaded_at: Mapped[datetime]
    kept_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    """In real time, whatever the platform's clock says: the sweep counts from here."""

    __table_args__ = (
        Index("attachments_content", "uploaded_by", "sha256", unique=True),
        Index("attachments_sha256", "sha256"),
        Index("attachments_kept_at", "kept_at"),
    )


class CoHandler(Base):
    """A unit that handles with the lead, as heard from dispatch."""

    __tablename__ = "co_handlers"

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)


class TicketAttachment(Base):
    """A file on a ticket."""

    __tablename__ = "ticket_attachments"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    attachment_id: Mapped[UUID] = mapped_column(ForeignKey("attachments.id"), primary_key=True)
    kind: Mapped[str]
    unit: Mapped[str | None]
    """The unit that added it; none for the caller's side."""
    attached_by: Mapped[str]
    attached_at: Mapped[datetime]

    __table_args__ = (Index("ticket_attachments_file", "attachment_id"),)
