"""The tables that every service has in its own schema, beside its own nouns."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

NOW = func.clock_timestamp()


def add_shared_tables(metadata: MetaData) -> None:
    """Outbox, inbox (`heard`, `offsets`, `parked`) and kept answers, in `metadata`'s schema."""
    Table(
        "outbox",
        metadata,
        Column("position", BigInteger, Identity(always=True), primary_key=True),
        Column("id", Text, nullable=False),
        Column("aggregatetype", Text, nullable=False),
        Column("aggregateid", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("payload", Text, nullable=False),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": "0",
            "autovacuum_vacuum_threshold": "5000",
        },
    )
    Table(
        "heard",
        metadata,
        Column("subject", Text, primary_key=True),
        Column("source", Text, primary_key=True),
        Column("sequence", Integer, nullable=False),
        postgresql_with={"fillfactor": "80"},
    )
    Table(
        "offsets",
        metadata,
        Column("topic", Text, primary_key=True),
        Column("partition", Integer, primary_key=True),
        Column("next", BigInteger, nullable=False),
    )
    parked = Table(
        "parked",
        metadata,
        Column("position", BigInteger, Identity(always=True), primary_key=True),
        Column("topic", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("message", LargeBinary, nullable=False),
        Column("reason", Text, nullable=False),
        Column("detail", Text, nullable=False),
        Column("parked_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    )
    Index("parked_key", parked.c.key, parked.c.position)
    kept = Table(
        "kept_answers",
        metadata,
        Column("caller", Text, primary_key=True),
        Column("path", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("body_hash", LargeBinary, nullable=False),
        Column("status", SmallInteger, nullable=False),
        Column("headers", Text, nullable=False, server_default=""),
        Column("answer", LargeBinary, nullable=False),
        Column("kept_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    )
    Index("kept_answers_kept_at", kept.c.kept_at)


def add_audit_tables(metadata: MetaData) -> None:
    """The audit and its checkpoints, which triggers keep append-only, and what is `erased`."""
    Table(
        "erased",
        metadata,
        Column("subject", Text, primary_key=True),
        Column("at", DateTime(timezone=True), nullable=False, server_default=NOW),
    )
    audit = Table(
        "audit",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("action", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("by", Text, nullable=False),
        Column("purpose", Text, nullable=True),
        Column("detail", JSONB, nullable=False),
        # Given by the sealer: identities are not in the order of commits.
        Column("number", BigInteger, nullable=True),
        Column("algorithm", Text, nullable=True),
        Column("previous", LargeBinary, nullable=True),
        Column("hash", LargeBinary, nullable=True),
        CheckConstraint("num_nulls(number, algorithm, previous, hash) IN (0, 4)", "audit_sealed"),
    )
    Index("audit_number", audit.c.number, unique=True)
    Index("audit_unsealed", audit.c.id, postgresql_where=audit.c.number.is_(None))
    Index("audit_subject", audit.c.subject, audit.c.id)
    Index("audit_by", audit.c.by, audit.c.id)
    Table(
        "audit_checkpoints",
        metadata,
        Column("number", BigInteger, primary_key=True),
        Column("hash", LargeBinary, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("public_key", LargeBinary, nullable=False),
        Column("signature", LargeBinary, nullable=False),
    )
