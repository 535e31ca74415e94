"""The tables of the exchange: what came, what goes, and how the two were compared."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.models import Base


class Placed:
    """What of a message says where it stands, in every table that has messages."""

    subject: Mapped[str]
    sequence: Mapped[int]
    kind: Mapped[str]
    time: Mapped[datetime]


class Received(Base):
    """How far a subject of another platform has come here."""

    __tablename__ = "received"

    from_platform: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]
    pruned: Mapped[int] = mapped_column(server_default="0")
    """Up to here `received_messages` has been forgotten."""
    said: Mapped[int] = mapped_column(server_default="0")
    """The sequence of the last event that was said of it."""


class ReceivedMessage(Placed, Base):
    """A message that was taken, without its words: for repeats, and for reconciliation."""

    __tablename__ = "received_messages"

    from_platform: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class SetAside(Placed, Base):
    """A message that was taken and cannot be used, and those that wait behind it."""

    __tablename__ = "set_aside"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """UUIDv7; within a subject in the order of sequence."""
    from_platform: Mapped[str]
    message_id: Mapped[UUID]
    payload: Mapped[str]
    reason: Mapped[str | None]
    """None: it waits behind one that has a reason."""
    set_aside_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Delivery(Placed, Base):
    """A message that is an act for our own services, until they have taken it."""

    __tablename__ = "deliveries"

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    from_platform: Mapped[str]
    message_id: Mapped[UUID]
    payload: Mapped[str]
    """`{"type", "data"}` as JSON."""
    received_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    problem: Mapped[str | None]


class OutgoingSubject(Base):
    """The last sequence given to a peer's subject, and why its messages wait."""

    __tablename__ = "outgoing_subjects"

    peer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]
    problem: Mapped[str | None]
    """The peer refused the first that waits: the rest waits for a person."""
    problem_at: Mapped[datetime | None]


class Outgoing(Placed, Base):
    """A message that waits for its peer to take it."""

    __tablename__ = "outgoing"

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    peer: Mapped[str]
    id: Mapped[UUID]
    payload: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    digest_before: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What it had before its words were erased: the peer may have taken it so."""
    queued_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Sent(Placed, Base):
    """A message that its peer has taken; kept for a gap at the peer, and for reconciliation."""

    __tablename__ = "sent"

    peer: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    payload: Mapped[str | None]
    """None: its words were erased."""
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    sent_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class ExchangeState(Base):
    """How the exchange with a peer goes."""

    __tablename__ = "exchange_states"

    peer: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(server_default="0")
    """In a row; the breaker is open from `EXCHANGE_FAILURES_MAX` on."""
    next_at: Mapped[datetime | None]
    """Not before then is it tried again."""
    last_error: Mapped[str | None]
    last_sent_at: Mapped[datetime | None]
    last_received_at: Mapped[datetime | None]


class ReconciliationRow(Base):
    """A day as it was compared with a peer: what we sent, and what it has."""

    __tablename__ = "reconciliations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    peer: Mapped[str]
    day: Mapped[date]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    result: Mapped[str]
    kinds: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """For each kind `{kind, ours, theirs, missing, surplus, differing}`."""
    problem: Mapped[str | None]


Index(
    "received_messages_place",
    ReceivedMessage.from_platform,
    ReceivedMessage.subject,
    ReceivedMessage.sequence,
    unique=True,
)
Index("received_messages_time", ReceivedMessage.from_platform, ReceivedMessage.time)
Index("received_messages_at", ReceivedMessage.received_at, postgresql_using="brin")
Index("set_aside_subject", SetAside.from_platform, SetAside.subject, SetAside.id)
Index("deliveries_message", Delivery.from_platform, Delivery.message_id, unique=True)
Index("deliveries_due", Delivery.next_at)
Index(
    "outgoing_subjects_problem",
    OutgoingSubject.peer,
    postgresql_where=text("problem IS NOT NULL"),
)
Index("outgoing_peer", Outgoing.peer, Outgoing.position)
Index("outgoing_place", Outgoing.peer, Outgoing.subject, Outgoing.sequence, unique=True)
Index("sent_place", Sent.peer, Sent.subject, Sent.sequence, unique=True)
Index("sent_time", Sent.peer, Sent.time)
Index("sent_at", Sent.sent_at, postgresql_using="brin")
Index("reconciliations_peer", ReconciliationRow.peer, ReconciliationRow.id)
