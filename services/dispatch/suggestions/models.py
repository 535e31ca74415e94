"""The tables of suggestions: what was learned, what was suggested, what a person knew better."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, deferred, mapped_column

from services.dispatch.models import Base


class Model(Base):
    """What was learned from the closed tickets of a time; the newest one suggests."""

    __tablename__ = "models"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    trained_at: Mapped[datetime]
    examples: Mapped[int]
    threshold: Mapped[float | None]
    """From this confidence in the unit on tickets are dispatched by themselves; none: never."""
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Of each question, what was reached on held-back history."""
    content: Mapped[bytes] = deferred(mapped_column())


class Training(Base):
    """A night's training: who inserts the row does it."""

    __tablename__ = "trainings"

    night: Mapped[datetime] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime]
    examples: Mapped[int | None]
    """The closed tickets that there were."""
    model_id: Mapped[UUID | None]
    """None where there were too few."""


class SuggestionOutcome(StrEnum):
    """What became of a suggestion."""

    TAKEN = "taken"
    OVERRIDDEN = "overridden"
    AUTOMATIC = "automatic"
    UNDONE = "undone"


class Suggestion(Base):
    """What was suggested for a ticket that waited for a person, in one round."""

    __tablename__ = "suggestions"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    """How often it had been dispatched before."""
    model_id: Mapped[UUID]
    jurisdiction: Mapped[str] = mapped_column(Text(collation="C"))
    made_at: Mapped[datetime]
    request_type: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    category: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    units: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """Each `{value, confidence, examples, grounds}`, the likeliest first."""
    unit: Mapped[str | None]
    confidence: Mapped[float | None]
    outcome: Mapped[str | None]
    """One of `SuggestionOutcome`; none while nobody decided, or where a rule did."""
    decided_at: Mapped[datetime | None]


class Lesson(Base):
    """A person knew better: the next model learns from it (B3)."""

    __tablename__ = "lessons"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    model_id: Mapped[UUID]
    suggested: Mapped[str]
    chosen: Mapped[str | None]
    """None where a return was granted and nobody was named."""
    by: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]


Index("suggestions_jurisdiction", Suggestion.jurisdiction, Suggestion.made_at)
Index("lessons_ticket", Lesson.ticket_id, Lesson.id)
