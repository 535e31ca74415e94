"""The tables of similarity. None holds a word of a request: what is shared is read when asked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from services.dispatch.models import Base


class RepeatQueue(Base):
    """Tickets that wait for a sketch."""

    __tablename__ = "repeat_queue"

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)


class RepeatFrequency(Base):
    """One row: in how many requests each pair of characters was seen, slowly updated."""

    __tablename__ = "repeat_frequencies"

    version: Mapped[int] = mapped_column(primary_key=True)
    scheme: Mapped[int]
    documents: Mapped[int]
    counts: Mapped[bytes] = mapped_column(LargeBinary)
    """32-bit counts by bucket, little endian, compressed by zlib."""


class RepeatSketch(Base):
    """A ticket as it is found; without keys once its words were erased."""

    __tablename__ = "repeat_sketches"

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    scheme: Mapped[int]
    documents: Mapped[int]
    """How much was known of frequencies when its keys were chosen."""
    jurisdiction: Mapped[str] = mapped_column(Text(collation="C"))
    caller_id: Mapped[UUID | None]
    filed_at: Mapped[datetime]
    keys: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))

    __table_args__ = (
        Index(
            "repeat_sketches_caller",
            "caller_id",
            "ticket_id",
            postgresql_where=text("caller_id IS NOT NULL"),
        ),
        Index("repeat_sketches_documents", "documents", "ticket_id"),
    )


class RepeatTerm(Base):
    """Under which keys a ticket is found; the newest come first, for ids are UUIDv7."""

    __tablename__ = "repeat_terms"

    key: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)


class RepeatFind(Base):
    """The same caller's earlier ticket that a ticket is most like (A7)."""

    __tablename__ = "repeat_finds"

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    earlier_id: Mapped[UUID] = mapped_column(index=True)
    score: Mapped[float]
    found_at: Mapped[datetime]


class MasterOffer(Base):
    """Tickets of many callers that look like one matter; a person decides (A8)."""

    __tablename__ = "master_offers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(Text(collation="C"))
    """The smallest place that holds all its tickets."""
    offered_at: Mapped[datetime]
    dismissed_at: Mapped[datetime | None]
    dismissed_by: Mapped[str | None]
    dismissed_because: Mapped[str | None]
    dismissed_callers: Mapped[int | None]
    """How many callers were in it then."""
    ended_at: Mapped[datetime | None]
    """Its tickets are answered or linked, and it grows no more."""

    __table_args__ = (
        Index(
            "master_offers_open",
            "jurisdiction",
            "id",
            postgresql_where=text("dismissed_at IS NULL AND ended_at IS NULL"),
        ),
    )


class MasterOfferTicket(Base):
    """A ticket of an offer; it is in one offer at most."""

    __tablename__ = "master_offer_tickets"

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    offer_id: Mapped[UUID] = mapped_column(ForeignKey("master_offers.id"), index=True)
