"""The register of terminated matters."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.dispatch.models import Base


class Termination(Base):
    """One filing of a terminated matter; it binds its caller and this matter alone (ZY 15)."""

    __tablename__ = "terminations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    jurisdiction: Mapped[str] = mapped_column(Text(collation="C"))
    unit: Mapped[str] = mapped_column(ForeignKey("units.code"))
    opinion: Mapped[str]
    script: Mapped[str]
    explanation: Mapped[str]
    earlier: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    filed_by: Mapped[str]
    filed_at: Mapped[datetime]
    sent_back_by: Mapped[str | None]
    sent_back_at: Mapped[datetime | None]
    sent_back_because: Mapped[str | None]


Index("terminations_ticket", Termination.ticket_id)
Index("terminations_unit", Termination.unit, Termination.id)
Index("terminations_jurisdiction", Termination.jurisdiction, Termination.id)
