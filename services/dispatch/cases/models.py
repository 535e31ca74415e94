"""The tables of cases."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from services.dispatch.models import Base


class Case(Base):
    """A matter before the coordination group, from its opening to its document (ZY 13.5).

    Whoever writes to it or its members, votes and signatures holds the lock on its ticket's row.
    """

    __tablename__ = "cases"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    jurisdiction: Mapped[str] = mapped_column(Text(collation="C"))
    office: Mapped[str]
    """The place whose hotline office numbers the document: a city, or a province."""
    kind: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str]
    report: Mapped[dict[str, Any] | None]
    """`{facts, reach, risk, proposal}` of a matter that a city leader decides."""
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]
    number: Mapped[str | None]
    """None until it is decided; without a gap by office, kind and year."""
    lead_unit: Mapped[str | None] = mapped_column(ForeignKey("units.code"))
    co_units: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    opinion: Mapped[str | None]
    minutes: Mapped[str | None]
    precedent_id: Mapped[UUID | None] = mapped_column(ForeignKey("precedents.id"))
    document: Mapped[dict[str, Any] | None]
    """What the document says, as it was when it was decided, whatever units are called later."""
    closed_by: Mapped[str | None]
    """Who decided or dropped it."""
    closed_at: Mapped[datetime | None]
    dropped_because: Mapped[str | None]

    __table_args__ = (
        Index("cases_state", "state", "id"),
        Index("cases_ticket", "ticket_id", "id"),
        Index("cases_number", "office", "number", unique=True),
        Index("cases_one_open", "ticket_id", unique=True, postgresql_where=text("state = 'open'")),
    )


class CaseMember(Base):
    """Somebody who sits on a case, by their number at work."""

    __tablename__ = "case_members"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    capacity: Mapped[str]
    """For which office they sit there."""
    is_head: Mapped[bool] = mapped_column(server_default=false())


class CaseVote(Base):
    """Which unit a member wants to lead; once for each."""

    __tablename__ = "case_votes"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    lead_unit: Mapped[str] = mapped_column(ForeignKey("units.code"))
    opinion: Mapped[str | None]
    at: Mapped[datetime]


class CaseSignature(Base):
    """A signature, with the units that it sends the ticket to; once for each capacity."""

    __tablename__ = "case_signatures"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    capacity: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]
    lead_unit: Mapped[str] = mapped_column(ForeignKey("units.code"))
    co_units: Mapped[list[str]]
    opinion: Mapped[str]
    at: Mapped[datetime]


class CaseSerial(Base):
    """The last number that was given, by office, kind and year."""

    __tablename__ = "case_serials"

    office: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]
