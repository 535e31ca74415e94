"""Settings that every service has. Read once where a process starts, then passed on."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.events.words import Service

TRIAL_SECRET = "a-trial-secret-that-no-production-may-keep"  # noqa: S105


class Settings(BaseSettings):
    """Limits and addresses. `INTAKE_DATABASE_URL` goes before `DATABASE_URL` for intake."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: str = ""
    bus_database_url: str = ""
    """Where the PostgreSQL bus lives; the service's own server when empty."""
    kafka_bootstrap_servers: str = ""
    """Kafka is the bus when this is set, PostgreSQL when it is not."""
    topic_prefix: str = ""
    """Before each topic's name, where several platforms share one Kafka."""
    kafka_partitions: int = 12
    kafka_replication: int = 1
    platform: str = "530000"
    """The platform's own administrative code; it begins the source of every event."""
    token_secret: str = Field(default=TRIAL_SECRET, min_length=32, repr=False)
    identity_key: str = Field(default=TRIAL_SECRET, min_length=32, repr=False)
    """Callers' identities are encrypted with a key made from this."""

    pool_size_max: int = 8
    statement_timeout_seconds: int = 30
    body_bytes_max: int = 1_048_576
    bulk_bytes_max: int = 33_554_432
    bulk_lines_max: int = 10_000
    page_size_max: int = 200
    heard_wait_seconds_max: float = 5.0
    idempotency_hours: int = 24

    relay_batch_max: int = 500
    consumer_batch_max: int = 500
    parked_in_a_row_max: int = 100
    retry_delay_seconds_max: float = 5.0
    stall_seconds_max: float = 30.0
    bus_retention_days: int = 30


def read_settings(service: Service) -> Settings:
    """The settings of a service from the environment: its own names first, then the common ones."""
    own = Settings(_env_prefix=f"{service.upper()}_").model_dump(exclude_unset=True)
    return Settings(**own)
