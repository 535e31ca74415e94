"""The tables of orders."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.sla.models import Base


class Order(Base):
    """A document of supervision, from its draft to its accepted answer (C5)."""

    __tablename__ = "orders"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str]
    """Of the ticket, or of the unit: who watches over it sees the order, and acts on it."""
    handled_in: Mapped[str | None] = mapped_column(Text(collation="C"))
    """Of the ticket, as its clock has it: who handles it sees the order (B12)."""
    office: Mapped[str]
    """The place whose hotline office numbers it: a city, or a province."""
    policy: Mapped[str]
    """Content hash of the pack whose ladder it stands on."""
    kind: Mapped[str]
    rule: Mapped[str]
    """The code of the ground in the pack."""
    unit: Mapped[str]
    ticket_id: Mapped[UUID | None]
    matter: Mapped[str]
    """What the ladder is climbed for: the ticket, or the ground that stood first."""
    step: Mapped[str | None]
    """The overdue step that a reminder is about."""
    parent_id: Mapped[UUID | None]
    """The order that was not answered, where that is the ground."""
    grounds: Mapped[str]
    source: Mapped[str]
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    counted_to: Mapped[int | None] = mapped_column(BigInteger)
    """The last incident that it counted: the next order on this ground counts later ones."""
    state: Mapped[str]
    drafted_at: Mapped[datetime]
    drafted_by: Mapped[str]
    number: Mapped[str | None]
    """None until it takes effect; without a gap by office, kind and year."""
    signed_by: Mapped[str | None]
    signed_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    is_overdue: Mapped[bool] = mapped_column(server_default=false())
    """Its time was over without an answer; said once."""
    answer: Mapped[str | None]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    is_late: Mapped[bool | None]
    history: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    """Every act: `{act, at, by, text}`."""
    sequence: Mapped[int] = mapped_column(server_default=text("0"))
    """Of the last event that sla said of it."""

    __table_args__ = (
        Index("orders_jurisdiction", text('jurisdiction COLLATE "C"'), "id"),
        Index(
            "orders_handled_in",
            "handled_in",
            "id",
            postgresql_where=text("handled_in IS NOT NULL"),
        ),
        Index("orders_unit", "unit", "id"),
        Index("orders_matter", "unit", "matter"),
        Index("orders_ticket", "ticket_id", postgresql_where=text("ticket_id IS NOT NULL")),
        Index("orders_parent", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        Index("orders_number", "office", "number", unique=True),
        Index(
            "orders_one_open",
            "unit",
            "matter",
            "rule",
            unique=True,
            postgresql_where=text("state IN ('draft', 'issued', 'answered')"),
        ),
        Index(
            "orders_due_at", "due_at", postgresql_where=text("state = 'issued' AND NOT is_overdue")
        ),
    )


class OrderSerial(Base):
    """The last number that was given, by office, kind and year."""

    __tablename__ = "order_serials"

    office: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]
