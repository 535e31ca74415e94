"""The table of units that handle with a lead."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, true
from sqlalchemy.orm import Mapped, mapped_column

from services.dispatch.models import Base


class CoHandler(Base):
    """A co-handling unit of one round. Those that are open stand in `tickets.co_units` too."""

    __tablename__ = "co_handlers"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(ForeignKey("units.code"), primary_key=True)
    chosen_at: Mapped[datetime]
    is_open: Mapped[bool] = mapped_column(server_default=true())
    """False once another round began, or the unit was taken off."""
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[str | None]
    reply: Mapped[dict[str, Any] | None]
    """`{findings, basis, result}`."""
    replied_at: Mapped[datetime | None]
    replied_by: Mapped[str | None]


Index("co_handlers_unit", CoHandler.unit, CoHandler.ticket_id, postgresql_where=CoHandler.is_open)
