"""Settings that every service has. Read once where a process starts, then passed on."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.events.words import Service

TRIAL_SECRET = "a-trial-secret-that-no-production-may-keep"  # noqa: S105


class Settings(BaseSettings):
    """Limits and addresses. `INTAKE_DATABASE_URL` goes before `DATABASE_URL` for intake."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    database_url: str = ""
    """PostgreSQL, `postgresql://user:password@host/database`; every process needs it."""
    bus_database_url: str = ""
    """Where the PostgreSQL bus lives; the service's own server when empty."""
    kafka_bootstrap_servers: str = ""
    """Kafka is the bus when this is set, PostgreSQL when it is not."""
    topic_prefix: str = ""
    """Before each topic's name, where several platforms share one Kafka."""
    kafka_partitions: int = 12
    """How many parts a topic is made with; fixed from then on."""
    kafka_replication: int = 1
    """On how many brokers each part is kept; 3 where there are three."""
    platform: str = "530000"
    """The platform's own administrative code; it begins the source of every event."""
    token_secret: str = Field(default=TRIAL_SECRET, min_length=32, repr=False)
    """Bearer tokens are signed with it; the same for all services."""
    identity_key: str = Field(default=TRIAL_SECRET, min_length=32, repr=False)
    """Callers' identities are encrypted with a key made from this."""

    pool_size_max: int = 8
    """Connections to PostgreSQL, for each of a process's two doors."""
    statement_timeout_seconds: int = 30
    """PostgreSQL ends a statement that runs longer."""
    body_bytes_max: int = 1_048_576
    """The largest body of an ordinary call."""
    bulk_bytes_max: int = 33_554_432
    """The largest body of a `/bulk` call."""
    bulk_lines_max: int = 10_000
    """The most lines of a `/bulk` call."""
    page_size_max: int = 200
    """The most items of one page."""
    heard_wait_seconds_max: float = 5.0
    """How long an act waits for what its caller has seen; then 503."""
    idempotency_hours: int = 24
    """How long the answer to an Idempotency-Key is kept."""

    relay_batch_max: int = 500
    """The most events that the relay sends in one go."""
    consumer_batch_max: int = 500
    """The most events that are handled in one transaction."""
    parked_in_a_row_max: int = 100
    """So many failing keys in a row stop the consumer."""
    retry_delay_seconds_max: float = 5.0
    """The longest pause before a failed task is started again."""
    stall_seconds_max: float = 30.0
    """A Kafka reader that makes no progress for so long is made anew."""
    bus_retention_days: int = 30
    """How long topics keep events."""


def read_settings(service: Service) -> Settings:
    """The settings of a service from the environment: its own names first, then the common ones."""
    own = Settings(_env_prefix=f"{service.upper()}_").model_dump(exclude_unset=True)
    return Settings(**own)
