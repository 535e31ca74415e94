"""The tables of channels."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.models import Base


class InboundSource(Base):
    """Who may bring messages without a token: their signature opens one channel of one place."""

    __tablename__ = "inbound_sources"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    channel: Mapped[str]
    jurisdiction: Mapped[str] = mapped_column(ForeignKey("jurisdictions.code"))
    request_type: Mapped[str | None]
    """What its messages are where they do not say; the channel's own where it is none."""
    secret: Mapped[bytes]
    """Sealed; never shown again."""
    is_active: Mapped[bool]


class InboundSignature(Base):
    """A signature that opened a door: it opens it for no other message."""

    __tablename__ = "inbound_signatures"

    source: Mapped[str] = mapped_column(primary_key=True)
    signature: Mapped[str] = mapped_column(primary_key=True)
    body_hash: Mapped[bytes]
    heard_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    __table_args__ = (Index("inbound_signatures_heard_at", "heard_at"),)
