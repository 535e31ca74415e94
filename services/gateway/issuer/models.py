"""The tables of the built-in issuer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.models import Base


class Credential(Base):
    """What one person logs in with, and how often it went wrong."""

    __tablename__ = "credentials"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    password_hash: Mapped[str]
    past_hashes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Of the last passwords, newest first, without the one that holds."""
    version: Mapped[int]
    """Counts passwords: a form that was made for an older one is void."""
    changed_at: Mapped[datetime]
    temporary_until: Mapped[datetime | None]
    """A one-time password: good until then, and only to choose an own one."""
    failures: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]
    code_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of the second factor, sealed."""
    code_secret_confirmed_at: Mapped[datetime | None]
    code_step: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """The last 30 seconds whose code was taken: none is taken twice."""


class RecoveryCode(Base):
    """Opens once in place of the second factor."""

    __tablename__ = "recovery_codes"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    used_at: Mapped[datetime | None]


class LoginCode(Base):
    """An authorization code: carried by the browser, exchanged once for an ID token."""

    __tablename__ = "login_codes"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    client_id: Mapped[str]
    redirect_uri: Mapped[str]
    nonce: Mapped[str | None]
    code_challenge: Mapped[str]
    methods: Mapped[list[str]] = mapped_column(ARRAY(Text))
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class IssuerKey(Base):
    """A key that signs ID tokens; the newest signs, all are published."""

    __tablename__ = "issuer_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    private_key: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed."""
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSONB(none_as_null=True))
    made_at: Mapped[datetime]


Index("login_codes_made_at", LoginCode.made_at)
Index("login_codes_person", LoginCode.person_id)
