"""The table of precedents."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.dispatch.models import Base


class Precedent(Base):
    """A decision of the coordination group: matters of its kind go the same way (ZY 13.5(5))."""

    __tablename__ = "precedents"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    jurisdiction: Mapped[str] = mapped_column(Text(collation="C"))
    category: Mapped[str]
    lead_unit: Mapped[str] = mapped_column(ForeignKey("units.code"))
    co_units: Mapped[list[str]]
    document: Mapped[str]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime]
    retired_by: Mapped[str | None]
    retired_at: Mapped[datetime | None]
    retired_because: Mapped[str | None]


Index(
    "precedents_of_a_kind",
    Precedent.category,
    Precedent.jurisdiction,
    unique=True,
    postgresql_where=Precedent.retired_at.is_(None),
)
Index("precedents_jurisdiction", Precedent.jurisdiction, Precedent.id)
