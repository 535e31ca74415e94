"""The tables of people."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.models import Base


class Person(Base):
    """One human being. Nobody is ever deleted: the audit names work numbers."""

    __tablename__ = "people"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    work_number: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    jurisdiction: Mapped[str]
    """The place whose administrators look after this person."""
    is_active: Mapped[bool] = mapped_column(server_default="true")
    locked_at: Mapped[datetime | None]
    """Since when security keeps this person out, whatever their password."""
    issuer: Mapped[str | None]
    """Who vouches for this person, and under which subject; bound at the first login."""
    subject: Mapped[str | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]


class Assignment(Base):
    """A role at a place."""

    __tablename__ = "assignments"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    role: Mapped[str]
    jurisdiction: Mapped[str]
    unit: Mapped[str | None]
    seat: Mapped[str | None]
    granted_by: Mapped[str]
    granted_at: Mapped[datetime]
    revoked_by: Mapped[str | None]
    revoked_at: Mapped[datetime | None]


class Session(Base):
    """A login that is not over. The token itself is known to its holder alone."""

    __tablename__ = "sessions"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    assignment_id: Mapped[UUID | None] = mapped_column(ForeignKey("assignments.id"))
    """What the person works as now; none until they have chosen among several."""
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]


HELD = text("revoked_at IS NULL")
Index("assignments_person", Assignment.person_id)
# The database itself keeps administrators apart, whoever writes and however many at once.
Index(
    "assignments_apart",
    Assignment.person_id,
    unique=True,
    postgresql_where=text(
        "revoked_at IS NULL AND role IN ('administrator', 'security', 'auditor')"
    ),
)
Index(
    "assignments_once",
    Assignment.person_id,
    Assignment.role,
    Assignment.jurisdiction,
    text("coalesce(unit, '')"),
    unique=True,
    postgresql_where=HELD,
)
Index("sessions_person", Session.person_id, Session.created_at)
Index("sessions_ends_at", Session.ends_at)
Index("sessions_assignment", Session.assignment_id)
