"""Which bus the settings ask for."""

from shared.bus.kafka import KafkaBus
from shared.bus.postgres import PostgresBus
from shared.bus.protocol import Bus
from shared.database import plain_url
from shared.settings import Settings


def open_bus(settings: Settings) -> Bus:
    """Kafka where it is named, else the log in PostgreSQL."""
    if settings.kafka_bootstrap_servers:
        return KafkaBus(
            settings.kafka_bootstrap_servers,
            partitions=settings.kafka_partitions,
            replication=settings.kafka_replication,
            retention_days=settings.bus_retention_days,
            stall_seconds_max=settings.stall_seconds_max,
            prefix=settings.topic_prefix,
        )
    return PostgresBus(
        plain_url(settings.bus_database_url or settings.database_url),
        retention_days=settings.bus_retention_days,
    )
