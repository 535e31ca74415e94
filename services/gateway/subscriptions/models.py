"""The table of subscriptions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.models import Base


class Subscription(Base):
    """An address to which a unit's feed is pushed; `position` is the last that was taken there."""

    __tablename__ = "subscriptions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit: Mapped[str]
    url: Mapped[str]
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed; shown once, when the subscription is made."""
    state: Mapped[str]
    position: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(server_default="0")
    """In a row without success."""
    next_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    delivered_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]


Index("subscriptions_unit", Subscription.unit, Subscription.id)
Index("subscriptions_due", Subscription.next_at, postgresql_where=text("state = 'active'"))
