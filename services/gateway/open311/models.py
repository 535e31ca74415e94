"""The tables of Open311: who may file, what they filed, and the news of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Float, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.models import Base


class Open311Key(Base):
    """An api_key, of which only the hash is kept."""

    __tablename__ = "open311_keys"

    name: Mapped[str] = mapped_column(primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    jurisdiction: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    revoked_at: Mapped[datetime | None]


class Open311Request(Base):
    """A request that came by Open311, as whoever filed it reads it; its caller is not here."""

    __tablename__ = "open311_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key_name: Mapped[str]
    number: Mapped[str] = mapped_column(unique=True)
    service_code: Mapped[str]
    description: Mapped[str | None]
    address: Mapped[str | None]
    address_id: Mapped[str | None]
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    media_url: Mapped[str | None]
    requested_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(server_default="open")
    agency: Mapped[str | None]
    expected_at: Mapped[datetime | None]
    is_stale: Mapped[bool] = mapped_column(server_default=text("true"))
    """Something was heard of it since it was last looked up."""


class Open311Update(Base):
    """A piece of news of such a request."""

    __tablename__ = "open311_updates"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID]
    key_name: Mapped[str]
    status: Mapped[str]
    description: Mapped[str]
    at: Mapped[datetime]


Index("open311_requests_key", Open311Request.key_name, Open311Request.requested_at)
Index("open311_updates_key", Open311Update.key_name, Open311Update.at)
Index("open311_updates_request", Open311Update.request_id)
