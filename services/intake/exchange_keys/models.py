"""The table of exchange keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.models import Base


class ExchangeKey(Base):
    """A pair; the private part is sealed, and gone when nothing may come under it any more."""

    __tablename__ = "exchange_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    suite: Mapped[str]
    public: Mapped[bytes]
    private: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    retired_at: Mapped[datetime | None]
