"""The tables of quality checks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.models import Base


class QualityForm(Base):
    """A scored form; each change is a new version, and a check keeps the one it was scored on."""

    __tablename__ = "quality_forms"

    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str]
    subject: Mapped[str]
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    made_by: Mapped[str]
    made_at: Mapped[datetime]

    __table_args__ = (Index("quality_forms_place", "jurisdiction", "subject", "made_at"),)


class QualityCheck(Base):
    """One call or ticket that was drawn, and what it scored."""

    __tablename__ = "quality_checks"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[UUID]
    agent: Mapped[str]
    reason: Mapped[str]
    drawn_at: Mapped[datetime]
    state: Mapped[str]
    form: Mapped[str | None]
    form_version: Mapped[int | None]
    marks: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    score: Mapped[int | None]
    scored_by: Mapped[str | None]
    scored_at: Mapped[datetime | None]
    objection: Mapped[str | None]
    second_marks: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    second_score: Mapped[int | None]
    second_by: Mapped[str | None]
    second_at: Mapped[datetime | None]

    __table_args__ = (
        Index("quality_checks_subject", "subject_id", "subject", unique=True),
        Index("quality_checks_place", "jurisdiction", "state", "id"),
        Index(
            "quality_checks_agent",
            "agent",
            "scored_at",
            postgresql_where=text("score IS NOT NULL"),
        ),
    )


class QualityRisk(Base):
    """Why a ticket must be checked: it was redone, its rating disputed, or abuse came with it."""

    __tablename__ = "quality_risks"

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (Index("quality_risks_at", "at"),)
