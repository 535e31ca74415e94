"""The tables of peers, of keys, and of nonces that were used."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.models import Base


class Peer(Base):
    """Another platform, or a subcenter: a program that signs what it asks."""

    __tablename__ = "peers"
    __table_args__ = (
        CheckConstraint("kind <> 'subcenter' OR unit IS NOT NULL", name="subcenter_has_unit"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    url: Mapped[str | None]
    """Where its door is; none for who only calls us."""
    unit: Mapped[str | None]
    """The unit of our directory that stands for it; a subcenter's tickets are this unit's."""
    is_active: Mapped[bool]
    changed_at: Mapped[datetime]


class PeerKey(Base):
    """A public key of a peer; whoever signs with it is the peer."""

    __tablename__ = "peer_keys"

    key_id: Mapped[str] = mapped_column(primary_key=True)
    peer: Mapped[str] = mapped_column(ForeignKey("peers.code"))
    algorithm: Mapped[str]
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    """As its provider gives it: 32 bytes of Ed25519, or SM2's point uncompressed."""
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    registered_by: Mapped[str]
    registered_at: Mapped[datetime]


class OwnKey(Base):
    """A key of this platform; the newest that has begun signs, older ones stay published."""

    __tablename__ = "own_keys"

    key_id: Mapped[str] = mapped_column(primary_key=True)
    algorithm: Mapped[str]
    private_key: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed."""
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    signs_from: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    """From then on nobody need accept it any more."""


class Nonce(Base):
    """A nonce that a key has signed once, until its signature is too old anyhow."""

    __tablename__ = "nonces"

    key_id: Mapped[str] = mapped_column(primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]


Index("peer_keys_peer", PeerKey.peer)
Index("own_keys_signs_from", OwnKey.signs_from)
Index("nonces_expires_at", Nonce.expires_at)
