"""The tables of federation: tickets that crossed and their files, whose units, ways, orders."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.models import Base


class ForwardedOut(Base):
    """A ticket of ours that was forwarded: one row for each round that went to a platform."""

    __tablename__ = "forwarded_out"

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    peer: Mapped[str]
    unit: Mapped[str]
    reason: Mapped[str | None]
    forwarded_at: Mapped[datetime]
    sends: Mapped[int] = mapped_column(server_default="1")
    """How often it was forwarded in this round: again after a return that was rejected."""
    state: Mapped[str]
    """`waiting` until its message is queued, then `queued`, and `ended` when it left the unit."""
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    problem: Mapped[str | None]


class ForwardedIn(Base):
    """A ticket of another platform, and the ticket of ours that came of it."""

    __tablename__ = "forwarded_in"

    peer: Mapped[str] = mapped_column(primary_key=True)
    origin_ticket: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID | None]
    """None until it was filed here; the last one where it came several times."""
    told: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What its platform told of it beside the request itself: number, times, earlier rounds."""
    received_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class FileOut(Base):
    """A file of a ticket of ours that crossed; `told` is what its platform is told of it."""

    __tablename__ = "files_out"

    peer: Mapped[str] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    attachment: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    told: Mapped[dict[str, Any]] = mapped_column(JSONB)
    is_named: Mapped[bool]
    """Whether it was told of it, and may fetch it; until a reply names it, a unit's is not."""

    __table_args__ = (
        Index("files_out_sha256", "peer", "sha256"),
        Index("files_out_ticket", "ticket_id"),
    )


class FileIn(Base):
    """A file that another platform named, and the file on our ticket that came of it."""

    __tablename__ = "files_in"

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    origin_attachment: Mapped[UUID] = mapped_column(primary_key=True)
    peer: Mapped[str]
    unit: Mapped[str | None]
    """The unit that stands for the peer, where the ticket is at home here."""
    kind: Mapped[str]
    media_type: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="waiting")
    """`waiting` until it is fetched and on our ticket, then `kept`; or `left_out`."""
    attachment: Mapped[UUID | None]
    sequence: Mapped[int | None]
    """What intake had said of the ticket when it was on it."""
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    problem: Mapped[str | None]
    left_out_at: Mapped[datetime | None]


class PlatformUnit(Base):
    """A unit of our directory that stands for another platform, as heard from dispatch."""

    __tablename__ = "platform_units"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    jurisdiction: Mapped[str]
    platform: Mapped[str]
    is_active: Mapped[bool]


class Route(Base):
    """Where the matters of a place go (F2)."""

    __tablename__ = "routes"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    target: Mapped[str]
    peer: Mapped[str | None]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    changed_by: Mapped[str]


class OrderIn(Base):
    """An order that another platform issued to this one, and our answer."""

    __tablename__ = "orders_in"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    peer: Mapped[str]
    subject: Mapped[str]
    told: Mapped[dict[str, Any]] = mapped_column(JSONB)
    issued_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    answer: Mapped[str | None]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]


Index(
    "forwarded_out_waiting",
    ForwardedOut.next_at,
    postgresql_where=text("state = 'waiting'"),
)
Index("files_in_waiting", FileIn.next_at, postgresql_where=text("state = 'waiting'"))
Index("files_in_peer", FileIn.peer, postgresql_where=text("state = 'waiting'"))
Index(
    "files_in_left_out",
    FileIn.ticket_id,
    FileIn.origin_attachment,
    postgresql_where=text("state = 'left_out'"),
)
Index(
    "forwarded_in_ticket",
    ForwardedIn.ticket_id,
    postgresql_where=text("ticket_id IS NOT NULL"),
)
Index("orders_in_subject", OrderIn.peer, OrderIn.subject, unique=True)
