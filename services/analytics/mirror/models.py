"""The table of mirrored tickets."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Boolean, Date, DateTime, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.analytics.models import Base


class MirroredTicket(Base):
    """A ticket of another platform, as its messages tell it: no words, no caller, no clock."""

    __tablename__ = "mirrored_tickets"

    platform: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str | None] = mapped_column(Text)
    """None, as all that the first message tells, while only later ones have come."""
    jurisdiction: Mapped[str | None] = mapped_column(Text)
    request_type: Mapped[str | None] = mapped_column(Text)
    urgency: Mapped[str | None] = mapped_column(Text)
    channel: Mapped[str | None] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(Text)
    unit: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str | None] = mapped_column(Text)
    state_before: Mapped[str | None] = mapped_column(Text)
    """A rejected return goes back to it."""
    day: Mapped[date | None] = mapped_column(Date)
    """As the platform itself counts it: the day of its first event, in Beijing."""
    filed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    dispatched_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    signed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    replied_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    satisfaction: Mapped[str | None] = mapped_column(Text)
    is_solved: Mapped[bool | None] = mapped_column(Boolean)
    has_origin: Mapped[bool] = mapped_column(Boolean, server_default="false")
    """Another platform forwarded it there; it counts where it came from."""
    sequence: Mapped[int] = mapped_column(Integer, server_default="0")
    """Of the last message that changed it; an older one fills only what is not known."""

    __table_args__ = (
        Index("mirrored_tickets_day", "platform", "day"),
        {"postgresql_with": {"fillfactor": "70"}},
    )
