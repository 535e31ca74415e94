"""The table of follow-up tasks."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.models import Base


class FollowUpTask(Base):
    """A caller who is to be asked about a reply (ZY 14).

    Its deadline is not kept: it follows from `replied_at`, the ticket's pack and the calendar.
    """

    __tablename__ = "follow_up_tasks"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    jurisdiction: Mapped[str]
    unit: Mapped[str]
    reply: Mapped[int]
    replied_at: Mapped[datetime]
    is_asked_again: Mapped[bool] = mapped_column(server_default=false())
    """A rating of this reply was void: silence now means nothing."""
    state: Mapped[str]
    outcome: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    claimed_by: Mapped[str | None]
    claimed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index("follow_up_tasks_ticket", "ticket_id", "id"),
        Index("follow_up_tasks_state", "state", "id"),
        Index(
            "follow_up_tasks_open",
            "ticket_id",
            unique=True,
            postgresql_where=text("state <> 'done'"),
        ),
    )
