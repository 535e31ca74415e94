"""The tables of intake."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Sequence,
    Text,
    Uuid,
    false,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.events.words import RequestType, Secrecy, Urgency
from shared.jurisdictions import is_passed_on
from shared.lawbook import add_law_tables
from shared.notices import add_notice_tables
from shared.policy.deadlines import Matter
from shared.tables import add_audit_tables, add_shared_tables

# States in which nothing more is done, as the index of what is to be erased names them.
ENDED_STATES = "'refused', 'answered', 'handed_over', 'closed', 'terminated', 'withdrawn'"


class Base(DeclarativeBase):
    """The schema of intake."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: DateTime(timezone=True),
        UUID: Uuid,
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
    }


add_shared_tables(Base.metadata)
add_audit_tables(Base.metadata)
add_law_tables(Base.metadata)
add_notice_tables(Base.metadata)
SERIAL = Sequence("ticket_serial", metadata=Base.metadata)


class Jurisdiction(Base):
    """A place whose requests this platform takes (GB/T 2260)."""

    __tablename__ = "jurisdictions"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]


class Category(Base):
    """One subject of the unified taxonomy (GS 二(三)2)."""

    __tablename__ = "categories"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    parent: Mapped[str | None] = mapped_column(ForeignKey("categories.code"), index=True)
    domain: Mapped[str | None]
    """Of the five, on the first level alone (ZY 9)."""
    is_active: Mapped[bool] = mapped_column(server_default=true())
    """What is retired is kept: tickets have it; no new one gets it."""
    successor: Mapped[str | None] = mapped_column(ForeignKey("categories.code"))


class Caller(Base):
    """Somebody who called: nothing here says who, but for the keyed hash of a telephone number."""

    __tablename__ = "callers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    phone_index: Mapped[bytes | None] = mapped_column(unique=True)


class Ticket(Base):
    """A request as filed; `state` is what dispatch was last heard to say."""

    __tablename__ = "tickets"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    jurisdiction: Mapped[str]
    request_type: Mapped[str]
    urgency: Mapped[str]
    is_enforcement: Mapped[bool]
    title: Mapped[str]
    content: Mapped[str]
    channel: Mapped[str]
    channel_ref: Mapped[str | None]
    external_id: Mapped[str | None]
    category: Mapped[str | None]
    place: Mapped[dict[str, Any] | None]
    caller_id: Mapped[UUID | None] = mapped_column(index=True)
    identity: Mapped[bytes | None]
    filed_by: Mapped[str]
    filed_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime]
    state: Mapped[str]
    ground: Mapped[str | None]
    article_id: Mapped[UUID | None]
    policy: Mapped[str]
    unit: Mapped[str | None]
    secrecy: Mapped[str] = mapped_column(server_default=Secrecy.NORMAL)
    """Who may read it: a sensitive one is for those who handle it (F9)."""
    about_unit: Mapped[str | None]
    repeats: Mapped[UUID | None]
    override: Mapped[str | None]
    is_mediation: Mapped[bool] = mapped_column(server_default=false())
    origin: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """Where it is at home, where another platform forwarded it: that one asks the caller."""
    main: Mapped[UUID | None]
    """The ticket that it goes with, where the same caller asked again (A7)."""
    sequence: Mapped[int]
    ended_at: Mapped[datetime | None]
    """When dispatch was heard to say that it ended; none for what ended as it was filed."""
    erased_at: Mapped[datetime | None]

    @property
    def home(self) -> str | None:
        """The platform where it is at home, where that is another one."""
        return None if self.origin is None else str(self.origin["platform"])

    @property
    def matter(self) -> Matter:
        """What decides which rules hold."""
        return Matter(
            RequestType(self.request_type),
            Urgency(self.urgency),
            self.is_enforcement,
            is_passed_on(self.origin, self.jurisdiction),
        )

    __table_args__ = (
        Index("tickets_accepted_at", "accepted_at", postgresql_using="brin"),
        Index(
            "tickets_ended",
            text("coalesce(ended_at, accepted_at)"),
            postgresql_where=text(f"erased_at IS NULL AND state IN ({ENDED_STATES})"),
        ),
        Index(
            "tickets_channel_ref",
            "jurisdiction",
            "channel",
            "channel_ref",
            unique=True,
            postgresql_where=text("channel_ref IS NOT NULL"),
        ),
        Index(
            "tickets_external_id",
            "jurisdiction",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
    )


class Unit(Base):
    """A unit that can be asked, as heard from dispatch."""

    __tablename__ = "units"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    jurisdiction: Mapped[str]
    is_active: Mapped[bool]
    superior: Mapped[str | None]
    """As the function `is_under` follows it up."""


class Verification(Base):
    """A unit was asked whether a request is in scope, before its acceptance (ZY 9).

    Its deadline is not kept: it follows from `asked_at`, the ticket's pack and the calendar.
    """

    __tablename__ = "verifications"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    unit: Mapped[str]
    question: Mapped[str]
    requested_by: Mapped[str]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    is_in_scope: Mapped[bool | None]
    opinion: Mapped[str | None]
    competent: Mapped[str | None]

    __table_args__ = (
        Index("verifications_unit", "unit", "ticket_id"),
        Index("verifications_open", "ticket_id", postgresql_where=text("answered_at IS NULL")),
    )


class Amendment(Base):
    """What was added to a request, or corrected in it (ZY 5)."""

    __tablename__ = "amendments"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[str]
    addition: Mapped[str | None]
    request_type: Mapped[str | None]
    urgency: Mapped[str | None]
    is_enforcement: Mapped[bool | None]
    is_mediation: Mapped[bool | None]
    category: Mapped[str | None]
    secrecy: Mapped[str | None]
    about_unit: Mapped[str | None]
    reason: Mapped[str | None]


class History(Base):
    """How a request ended that was over before it came here; no clock ever runs for it."""

    __tablename__ = "histories"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    closed_at: Mapped[datetime]
    result: Mapped[str | None]
    unit_name: Mapped[str | None]


class FollowUp(Base):
    """One time that the hotline asked the caller about a reply (ZY 14)."""

    __tablename__ = "follow_ups"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[str]
    is_reached: Mapped[bool]
    is_solved: Mapped[bool | None]
    note: Mapped[str | None]
    way: Mapped[str | None]
    cause: Mapped[str | None]
    task_id: Mapped[UUID | None]


class Rating(Base):
    """What the caller thinks of hotline, contact and result (ZY 14, JL 六(四))."""

    __tablename__ = "ratings"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[str]
    result: Mapped[str]
    hotline: Mapped[str | None]
    contact: Mapped[str | None]
    is_solved: Mapped[bool]
    closes: Mapped[str | None]
    task_id: Mapped[UUID | None] = mapped_column(index=True)
    """The follow-up that it answers; it is about that follow-up's reply."""
    unit: Mapped[str | None]
    cause: Mapped[str | None]
    doubt: Mapped[str | None]
    comment: Mapped[str | None]
    """The caller's own words; they stay here."""
    standing: Mapped[str | None]
    """How the public figures count it; none for what they never count."""
    voided_at: Mapped[datetime | None]


class Article(Base):
    """An article that answers, as heard from knowledge."""

    __tablename__ = "articles"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str]
    is_published: Mapped[bool]
