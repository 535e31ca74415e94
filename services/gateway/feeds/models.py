"""The tables of the feed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Identity, Index, Text, false, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.models import Base


class FeedUnit(Base):
    """A unit, as heard from dispatch, and how far its own topic was written."""

    __tablename__ = "feed_units"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    jurisdiction: Mapped[str] = mapped_column(server_default="")
    is_active: Mapped[bool]
    has_system: Mapped[bool] = mapped_column(server_default=false())
    topic_position: Mapped[int] = mapped_column(BigInteger, server_default="0")


class FeedTicket(Base):
    """The words of a ticket, which units must read, and who has it; the words go when erased."""

    __tablename__ = "feed_tickets"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    words: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    unit: Mapped[str | None]
    co_units: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")


class FeedItem(Base):
    """One event for one unit; positions are in the order of commits, see `operations.append`."""

    __tablename__ = "feed"

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    unit: Mapped[str]
    event: Mapped[str]
    ticket_id: Mapped[UUID]
    sequence: Mapped[int]
    at: Mapped[datetime]
    kept_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)


Index("feed_unit", FeedItem.unit, FeedItem.position)
Index("feed_ticket", FeedItem.ticket_id)
Index("feed_kept_at", FeedItem.kept_at, postgresql_using="brin")
