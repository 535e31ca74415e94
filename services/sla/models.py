"""The tables of sla."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, Text, false, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.tables import add_shared_tables


class Base(DeclarativeBase):
    """The schema of sla."""

    type_annotation_map = {datetime: DateTime(timezone=True), str: Text}  # noqa: RUF012


class TicketClock(Base):
    """What the clock knows of a ticket: the rules that hold for it, its acts, its voice."""

    __tablename__ = "clocks"
    # Updates touch no index: room on the page keeps them there.
    __table_args__ = ({"postgresql_with": {"fillfactor": "80"}},)

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str]
    request_type: Mapped[str]
    urgency: Mapped[str]
    is_enforcement: Mapped[bool]
    policy: Mapped[str]
    """Content hash of the pack that it was accepted under."""
    accepted_at: Mapped[datetime]
    dispatched_at: Mapped[datetime | None]
    signed_at: Mapped[datetime | None]
    """When the unit of this round first answered: by a signature or by a return."""
    replied_at: Mapped[datetime | None]
    unit: Mapped[str | None]
    round: Mapped[int] = mapped_column(server_default=text("0"))
    sequence: Mapped[int] = mapped_column(server_default=text("0"))
    """Of the last event that sla said of this ticket."""
    is_closed: Mapped[bool] = mapped_column(server_default=false())


class TicketDeadline(Base):
    """One deadline of one step; a step that gets its time anew gets a new version."""

    __tablename__ = "deadlines"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey(TicketClock.ticket_id), primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    warn_at: Mapped[datetime]
    next_at: Mapped[datetime]
    """When the clock must look again, while it runs: to warn, then to ask."""
    state: Mapped[str]
    rule: Mapped[str]
    source: Mapped[str]
    provisional: Mapped[bool]
    act_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]

    __table_args__ = (
        # What has ended leaves both: a look costs the same however many wait or are done.
        Index("deadlines_next_at", "next_at", postgresql_where=text("state = 'running'")),
        Index("deadlines_asked_at", "asked_at", postgresql_where=text("state = 'asked'")),
        {
            "postgresql_with": {
                "fillfactor": "85",
                "autovacuum_vacuum_scale_factor": "0.02",
                "autovacuum_vacuum_threshold": "5000",
            }
        },
    )


add_shared_tables(Base.metadata)
