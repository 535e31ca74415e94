"""What the fault tests share: a platform in this process, on a real broker."""

from uuid import uuid4

import pytest

from shared.settings import Settings
from tests.kafka import KafkaForTests


@pytest.fixture
def kafka_settings(kafka: KafkaForTests) -> Settings:
    """Settings without a database, on topics of their own on a real broker."""
    if kafka.kind != "broker":
        pytest.skip("fault tests need a real Kafka broker: a mock is no evidence for delivery")
    return Settings(
        kafka_bootstrap_servers=kafka.bootstrap_servers,
        topic_prefix=f"{uuid4().hex[:8]}.",
        kafka_partitions=3,
        retry_delay_seconds_max=1,
    )


@pytest.fixture
def town_settings(kafka_settings: Settings, database_url: str) -> Settings:
    """The same on the test's own database."""
    return kafka_settings.model_copy(update={"database_url": database_url})
