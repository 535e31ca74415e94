"""The table of data keys."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.models import Base


class Purpose(StrEnum):
    """What a key is for."""

    SEAL = "seal"
    INDEX = "index"
    QUERY_CODE = "query_code"
    LEGACY = "legacy"
    """Opens what was sealed before there were data keys."""


class DataKey(Base):
    """A key, wrapped by the master key of a version; a retired one only opens."""

    __tablename__ = "data_keys"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    purpose: Mapped[str]
    suite: Mapped[str]
    master_version: Mapped[int]
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    retired_at: Mapped[datetime | None]

    __table_args__ = (Index("data_keys_purpose", "purpose", "id"),)
